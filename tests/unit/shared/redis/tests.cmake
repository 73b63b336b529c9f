pr_test(unit/shared/redis/test_url DEPS pr_redis)
