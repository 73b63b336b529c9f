# The Redis half needs a Redis: PIERROT_TEST_REDIS_URL names it.
pr_test(contract/shared/limit/test_limit
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_limit.c ${CMAKE_SOURCE_DIR}/tests/support/loop.c
    DEPS pr_limit pkg::sodium)
