foreach(name server answers addresses framing crowds hostile stream client forward)
    pr_test(integration/shared/http/test_${name} DEPS pr_http pkg::zlib TIMEOUT 120
        SOURCES ${CMAKE_SOURCE_DIR}/tests/integration/shared/http/test_${name}.c
            ${CMAKE_SOURCE_DIR}/tests/integration/shared/http/harness.c)
endforeach()
target_sources(integration.shared.http.test_forward PRIVATE
    ${CMAKE_SOURCE_DIR}/tests/integration/shared/http/service.c)
