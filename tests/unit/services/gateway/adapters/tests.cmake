pr_test(unit/services/gateway/adapters/test_password_argon
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_password_argon.c ${CMAKE_SOURCE_DIR}/tests/support/loop.c
    DEPS gateway_adapters test_support TIMEOUT 120)
