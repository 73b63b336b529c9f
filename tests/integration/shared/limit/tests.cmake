# Runs redis-server itself, which must be in the PATH.
pr_test(integration/shared/limit/test_redis
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_redis.c ${CMAKE_SOURCE_DIR}/tests/support/loop.c
            ${CMAKE_SOURCE_DIR}/tests/support/redis_server.c
    DEPS pr_limit pr_redis test_support)
