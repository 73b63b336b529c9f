pr_test(unit/services/media/domain/test_media DEPS media_domain test_support)
foreach(usecase create_media finalize_media get_media list_media delete_media apply_message
        purge_object reap_uploads)
    pr_test(unit/services/media/usecases/test_${usecase} DEPS test_media_fakes)
endforeach()
