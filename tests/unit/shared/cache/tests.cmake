pr_test(unit/shared/cache/test_lru DEPS pr_cache)
pr_test(unit/shared/cache/test_redis_url DEPS pr_cache)
