# Needs a Postgres: PIERROT_TEST_DATABASE_URL names it.
pr_test(integration/services/gateway/test_credential_pg
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_credential_pg.c
            ${CMAKE_SOURCE_DIR}/tests/integration/shared/pg/fixture.c
    DEPS gateway_adapters test_support pr_pg pkg::pq)
pr_embed_sql(integration.services.gateway.test_credential_pg service_migrations
    ${CMAKE_SOURCE_DIR}/services/gateway/migrations)

foreach(name http_gateway door http_accounts http_updates)
    pr_test(integration/services/gateway/test_${name}
        SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_${name}.c ${CMAKE_CURRENT_LIST_DIR}/rig.c
        DEPS gateway_adapters test_gateway_fakes)
endforeach()

pr_test(integration/services/gateway/test_http_pages
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_http_pages.c
            ${CMAKE_SOURCE_DIR}/tests/integration/shared/http/harness.c
    DEPS gateway_adapters)
