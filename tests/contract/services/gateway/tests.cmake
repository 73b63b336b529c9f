# One suite, against the fakes and against a real Postgres (PIERROT_TEST_DATABASE_URL).
set(suite
    ${CMAKE_CURRENT_LIST_DIR}/account_change_cases.c
    ${CMAKE_CURRENT_LIST_DIR}/account_repo_cases.c
    ${CMAKE_CURRENT_LIST_DIR}/credential_repo_cases.c
    ${CMAKE_CURRENT_LIST_DIR}/gateway_repos_calls.c
    ${CMAKE_CURRENT_LIST_DIR}/gateway_repos_contract.c
    ${CMAKE_CURRENT_LIST_DIR}/invite_repo_cases.c
    ${CMAKE_CURRENT_LIST_DIR}/race_cases.c)
pr_test(contract/services/gateway/test_gateway_repos_fake
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_gateway_repos_fake.c ${suite}
    DEPS test_gateway_repos)
pr_test(contract/services/gateway/test_gateway_repos_pg
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_gateway_repos_pg.c ${suite}
            ${CMAKE_SOURCE_DIR}/tests/integration/shared/pg/fixture.c
    DEPS gateway_adapters test_support pr_pg pkg::pq)
pr_embed_sql(contract.services.gateway.test_gateway_repos_pg service_migrations
    ${CMAKE_SOURCE_DIR}/services/gateway/migrations)
