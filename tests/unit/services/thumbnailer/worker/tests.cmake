set(worker unit/services/thumbnailer/worker)
foreach(name test_picture test_protocol test_sandbox test_thumbhash)
    pr_test(${worker}/${name} DEPS thumbnailer_worker)
endforeach()

# These read files of tests/support/images, or drive the real program with them.
foreach(name test_hostile test_icc test_sniff test_worker)
    pr_test(${worker}/${name} TIMEOUT 300
        SOURCES ${CMAKE_CURRENT_LIST_DIR}/${name}.c ${CMAKE_CURRENT_LIST_DIR}/rig.c
        DEPS thumbnailer_worker pkg::turbojpeg pkg::webp)
    set(target unit.services.thumbnailer.worker.${name})
    target_compile_definitions(${target} PRIVATE
        WORKER_PROGRAM="$<TARGET_FILE:pierrot-thumbnailer-worker>")
    add_dependencies(${target} pierrot-thumbnailer-worker)
endforeach()
