pr_test(unit/shared/log/test_log DEPS pr_log test_support pkg::jansson)
