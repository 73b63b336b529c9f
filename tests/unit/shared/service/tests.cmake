pr_test(unit/shared/service/test_outbox DEPS pr_service)
foreach(part commands serve)
    pr_test(unit/shared/service/test_${part} DEPS pr_service
        SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_${part}.c ${CMAKE_CURRENT_LIST_DIR}/child.c)
endforeach()
