foreach(name router uri json trace identity answer client_address client_seal crowd negotiate origin range)
    pr_test(unit/shared/http/test_${name} DEPS pr_http)
endforeach()
pr_test(unit/shared/http/test_input
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_input.c ${CMAKE_SOURCE_DIR}/tests/support/fake_http.c
    DEPS pr_http test_support)
