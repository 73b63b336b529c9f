pr_test(unit/shared/metrics/test_metrics DEPS pr_metrics)
pr_test(unit/shared/metrics/test_expvar DEPS pr_metrics)
