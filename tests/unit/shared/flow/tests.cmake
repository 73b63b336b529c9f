pr_test(unit/shared/flow/test_flow DEPS pr_flow test_support)
