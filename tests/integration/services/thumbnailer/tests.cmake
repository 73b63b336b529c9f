pr_test(integration/services/thumbnailer/test_render_pool TIMEOUT 180
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_render_pool.c ${CMAKE_SOURCE_DIR}/tests/support/loop.c
    DEPS thumbnailer_adapters test_support)
target_compile_definitions(integration.services.thumbnailer.test_render_pool PRIVATE
    WORKER_PROGRAM="$<TARGET_FILE:pierrot-thumbnailer-worker>")
add_dependencies(integration.services.thumbnailer.test_render_pool pierrot-thumbnailer-worker)
