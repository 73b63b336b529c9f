foreach(name server stream client forward)
    pr_test(integration/shared/http/test_${name} DEPS pr_http
        SOURCES ${CMAKE_SOURCE_DIR}/tests/integration/shared/http/test_${name}.c
            ${CMAKE_SOURCE_DIR}/tests/integration/shared/http/harness.c)
endforeach()
