pr_test(unit/shared/cache/test_lru DEPS pr_cache)
