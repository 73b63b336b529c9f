pr_test(unit/shared/metrics/test_metrics DEPS pr_metrics)
