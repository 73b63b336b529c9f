pr_test(unit/services/gateway/domain/test_token DEPS gateway_domain test_support)
pr_test(unit/services/gateway/domain/test_token_cache DEPS gateway_domain test_support)
pr_test(unit/services/gateway/usecases/test_authenticate DEPS test_gateway_fakes)
pr_test(unit/services/gateway/usecases/test_make_admin_token DEPS test_gateway_fakes)
