pr_test(unit/shared/config/test_config DEPS pr_config)
