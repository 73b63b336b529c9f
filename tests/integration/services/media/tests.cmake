# Needs a Postgres: PIERROT_TEST_DATABASE_URL names it.
pr_test(integration/services/media/test_deleted_account
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_deleted_account.c
            ${CMAKE_SOURCE_DIR}/tests/integration/shared/pg/fixture.c
    DEPS media_adapters test_support pr_pg pkg::pq)
pr_embed_sql(integration.services.media.test_deleted_account service_migrations
    ${CMAKE_SOURCE_DIR}/services/media/migrations)
