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
pr_test(integration/services/media/test_zip_stream
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_zip_stream.c
            ${CMAKE_SOURCE_DIR}/tests/integration/shared/s3/fixture.c
            ${CMAKE_SOURCE_DIR}/tests/support/fake_http.c
            ${CMAKE_SOURCE_DIR}/tests/support/loop.c
    DEPS media_adapters test_support)

# Needs no server, but unzip and 7z.
add_executable(zip_sparse ${CMAKE_CURRENT_LIST_DIR}/zip_sparse.c)
target_link_libraries(zip_sparse PRIVATE media_domain pr_crypto)
add_test(NAME integration.services.media.test_zip_readers
    COMMAND ${CMAKE_SOURCE_DIR}/build/venv/bin/python
        ${CMAKE_CURRENT_LIST_DIR}/test_zip_readers.py $<TARGET_FILE:zip_sparse>)
set_tests_properties(integration.services.media.test_zip_readers PROPERTIES
    LABELS integration TIMEOUT 300)
set_target_properties(zip_sparse PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
