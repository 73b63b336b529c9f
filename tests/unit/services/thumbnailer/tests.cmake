pr_test(unit/services/thumbnailer/domain/test_renditions DEPS thumbnailer_domain)
foreach(usecase queue_render render_media forget_media purge_renditions)
    pr_test(unit/services/thumbnailer/usecases/test_${usecase} DEPS test_thumbnailer_fakes)
endforeach()
pr_test(unit/services/thumbnailer/adapters/test_render_verdict DEPS thumbnailer_adapters test_support)
pr_test(unit/services/thumbnailer/adapters/test_kafka_render
    DEPS thumbnailer_adapters test_thumbnailer_fakes)
pr_test(unit/services/thumbnailer/adapters/test_render_cache
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/adapters/test_render_cache.c
            ${CMAKE_SOURCE_DIR}/tests/support/loop.c
    DEPS thumbnailer_adapters test_support)
