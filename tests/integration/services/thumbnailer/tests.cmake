pr_test(integration/services/thumbnailer/test_render_pool TIMEOUT 180
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_render_pool.c ${CMAKE_SOURCE_DIR}/tests/support/loop.c
    DEPS thumbnailer_adapters test_support)
target_compile_definitions(integration.services.thumbnailer.test_render_pool PRIVATE
    WORKER_PROGRAM="$<TARGET_FILE:pierrot-thumbnailer-worker>")
add_dependencies(integration.services.thumbnailer.test_render_pool pierrot-thumbnailer-worker)

# Needs an S3 server, as tests/integration/shared/s3 does.
pr_test(integration/services/thumbnailer/test_render_s3
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_render_s3.c
            ${CMAKE_SOURCE_DIR}/tests/integration/shared/s3/fixture.c
            ${CMAKE_SOURCE_DIR}/tests/support/loop.c
    DEPS thumbnailer_adapters test_support)
