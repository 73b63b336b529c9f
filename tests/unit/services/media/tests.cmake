pr_test(unit/services/media/domain/test_media DEPS media_domain test_support)
foreach(usecase create_media finalize_media get_media list_media delete_media apply_message
        purge_object purge_library reap_uploads)
    pr_test(unit/services/media/usecases/test_${usecase} DEPS test_media_fakes)
endforeach()
pr_test(unit/services/media/adapters/test_kafka_media DEPS media_adapters test_media_fakes)
pr_test(unit/services/media/adapters/test_http_media
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/adapters/test_http_media.c
            ${CMAKE_SOURCE_DIR}/tests/support/fake_http.c
    DEPS media_adapters test_media_fakes)
