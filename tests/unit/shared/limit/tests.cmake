pr_test(unit/shared/limit/test_bucket DEPS pr_limit)
pr_test(unit/shared/limit/test_limit
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_limit.c ${CMAKE_SOURCE_DIR}/tests/support/loop.c
    DEPS pr_limit test_support)
