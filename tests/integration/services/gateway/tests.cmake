# Needs a Postgres: PIERROT_TEST_DATABASE_URL names it.
pr_test(integration/services/gateway/test_credential_pg
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_credential_pg.c
            ${CMAKE_SOURCE_DIR}/tests/integration/shared/pg/fixture.c
    DEPS gateway_adapters test_support pr_pg pkg::pq)
pr_embed_sql(integration.services.gateway.test_credential_pg service_migrations
    ${CMAKE_SOURCE_DIR}/services/gateway/migrations)

pr_test(integration/services/gateway/test_http_gateway
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_http_gateway.c ${CMAKE_SOURCE_DIR}/tests/support/loop.c
    DEPS gateway_adapters test_gateway_fakes)

pr_test(integration/services/gateway/test_http_pages
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_http_pages.c
            ${CMAKE_SOURCE_DIR}/tests/integration/shared/http/harness.c
    DEPS gateway_adapters)
