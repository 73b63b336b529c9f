pr_test(unit/shared/crypto/test_crypto DEPS pr_crypto)
