foreach(word media event zip zip_name)
    pr_test(unit/services/media/domain/test_${word} DEPS media_domain pr_crypto test_support)
endforeach()
foreach(usecase create_media create_batch finalize_media get_media list_media delete_media
        apply_message purge_object purge_library reap_uploads sign_parts list_parts
        create_event read_events change_event link_media purge_event
        make_codes list_codes get_code change_code delete_code)
    pr_test(unit/services/media/usecases/test_${usecase} DEPS test_media_fakes)
endforeach()
pr_test(unit/services/media/adapters/test_kafka_media DEPS media_adapters test_media_fakes)
foreach(routes media finalize events codes guest)
    pr_test(unit/services/media/adapters/test_http_${routes}
        SOURCES ${CMAKE_CURRENT_LIST_DIR}/adapters/test_http_${routes}.c
                ${CMAKE_SOURCE_DIR}/tests/support/fake_http.c
                ${CMAKE_SOURCE_DIR}/tests/support/loop.c
        DEPS media_adapters test_media_fakes)
endforeach()

foreach(file code labels)
    pr_test(unit/services/media/domain/test_${file} DEPS media_domain)
endforeach()

foreach(file guest_token guess guest_photo)
    pr_test(unit/services/media/domain/test_${file} DEPS media_domain)
endforeach()
foreach(usecase enter_event list_guest_photos reap_guesses)
    pr_test(unit/services/media/usecases/test_${usecase} DEPS test_media_fakes)
endforeach()
