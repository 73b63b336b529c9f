# Runs redis-server itself, which must be in the PATH.
pr_test(integration/shared/cache/test_redis
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_redis.c ${CMAKE_SOURCE_DIR}/tests/support/loop.c
            ${CMAKE_SOURCE_DIR}/tests/support/redis_server.c
    DEPS pr_cache test_support)
