# The Redis half needs a Redis: PIERROT_TEST_REDIS_URL names it.
pr_test(contract/shared/cache/test_cache
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_cache.c ${CMAKE_SOURCE_DIR}/tests/support/loop.c
    DEPS pr_cache)
