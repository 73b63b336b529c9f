pr_test(unit/services/thumbnailer/domain/test_renditions DEPS thumbnailer_domain)
foreach(usecase queue_render render_media forget_media purge_renditions)
    pr_test(unit/services/thumbnailer/usecases/test_${usecase} DEPS test_thumbnailer_fakes)
endforeach()
