#include "services/gateway/adapters/rates.h"

#include "shared/base/alloc.h"
#include "tests/support/test.h"

static const struct rate_settings usual = {{10, 60}, {10, 3600}, {120, 60}, {1000, 10}, {5000, 10}};

static void test_settings_are_read(void **state)
{
    struct rates rates;
    (void)state;
    rates_init(&rates, &usual);
    assert_int_equal(rates.address[RATE_LOGIN].count, 10);
    assert_int_equal(rates.address[RATE_LOGIN].period_ms, 60000);
    assert_int_equal(rates.address[RATE_SIGNUP].period_ms, 3600000);
    assert_int_equal(rates.address[RATE_CODE].count, 120);
    assert_int_equal(rates.address[RATE_READ].count, 5000);
    assert_int_equal(rates.email.count, 50);
    assert_int_equal(rates.unknown.count, 100);
}

static void test_higher_tiers_may_more(void **state)
{
    struct rates rates;
    (void)state;
    rates_init(&rates, &usual);
    assert_int_equal(rates.account[TIER_FREE][RATE_WRITE].count, 1000);
    assert_int_equal(rates.account[TIER_PREMIUM][RATE_WRITE].count, 2000);
    assert_int_equal(rates.account[TIER_BUSINESS][RATE_READ].count, 20000);
    for (int tier = 0; tier < RATE_TIERS; tier++)
        assert_int_equal(rates.account[tier][RATE_LOGIN].count, 10);
}

/* What is counted one by one is never leased; the rest in parts that leave most to others. */
static void test_leases(void **state)
{
    const struct rate_settings other = {{100, 60}, {100, 60}, {100, 60}, {20, 10}, {1000000, 10}};
    struct rates rates;
    (void)state;
    rates_init(&rates, &other);
    assert_int_equal(rates.address[RATE_LOGIN].lease, 1);
    assert_int_equal(rates.address[RATE_SIGNUP].lease, 1);
    assert_int_equal(rates.address[RATE_CODE].lease, 1);
    assert_int_equal(rates.email.lease, 1);
    assert_int_equal(rates.address[RATE_WRITE].lease, 1);
    assert_int_equal(rates.address[RATE_READ].lease, 100);
    rates_init(&rates, &usual);
    assert_int_equal(rates.address[RATE_WRITE].lease, 20);
}

static void test_no_limit_stays_none(void **state)
{
    static const struct rate_settings none = {{0, 1}, {0, 1}, {0, 1}, {0, 1}, {0, 1}};
    struct rates rates;
    (void)state;
    rates_init(&rates, &none);
    assert_int_equal(rates.account[TIER_BUSINESS][RATE_READ].count, 0);
    assert_int_equal(rates.unknown.count, 0);
}

static void test_class_by_method(void **state)
{
    (void)state;
    assert_int_equal(rate_class_of(RATE_BY_METHOD, pr_str("GET")), RATE_READ);
    assert_int_equal(rate_class_of(RATE_BY_METHOD, pr_str("HEAD")), RATE_READ);
    assert_int_equal(rate_class_of(RATE_BY_METHOD, pr_str("POST")), RATE_WRITE);
    assert_int_equal(rate_class_of(RATE_BY_METHOD, pr_str("get")), RATE_WRITE);
    assert_int_equal(rate_class_of(RATE_LOGIN, pr_str("GET")), RATE_LOGIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settings_are_read),
        cmocka_unit_test(test_higher_tiers_may_more),
        cmocka_unit_test(test_leases),
        cmocka_unit_test(test_no_limit_stays_none),
        cmocka_unit_test(test_class_by_method),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
