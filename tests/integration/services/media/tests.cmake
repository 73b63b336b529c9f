# Needs a Postgres: PIERROT_TEST_DATABASE_URL names it.
pr_test(integration/services/media/test_deleted_account
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_deleted_account.c
            ${CMAKE_SOURCE_DIR}/tests/integration/shared/pg/fixture.c
    DEPS media_adapters test_support pr_pg pkg::pq)
pr_embed_sql(integration.services.media.test_deleted_account service_migrations
    ${CMAKE_SOURCE_DIR}/services/media/migrations)

# Needs an S3 server, as tests/integration/shared/s3 does.
pr_test(integration/services/media/test_media_s3_parts
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_media_s3_parts.c
            ${CMAKE_SOURCE_DIR}/tests/integration/shared/s3/fixture.c
            ${CMAKE_SOURCE_DIR}/tests/support/loop.c
    DEPS media_adapters test_support)
