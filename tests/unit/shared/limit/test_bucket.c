#include "shared/limit/bucket.h"

#include "tests/support/test.h"

#include <stdio.h>

#define NOW_MS INT64_C(1800000000000)

static struct bucket_table table;

static int set_up(void **state)
{
    (void)state;
    bucket_table_init(&table);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bucket_table_fini(&table);
    return 0;
}

static bool take(struct bucket *bucket, const struct limit_rate *rate, int64_t now_ms)
{
    if (bucket_tokens(bucket, rate, now_ms) == 0)
        return false;
    bucket_spend(bucket, rate, 1, now_ms);
    return true;
}

static int64_t take_all(struct bucket *bucket, const struct limit_rate *rate, int64_t now_ms)
{
    int64_t taken = 0;
    while (take(bucket, rate, now_ms))
        taken++;
    return taken;
}

static void a_fresh_bucket_is_full(void **state)
{
    static const struct limit_rate rates[] = {
        {"a", 1, 1000, 1},       {"b", 3, 1000, 1},          {"c", 7, 1, 1},
        {"d", 1000, 1000, 1},    {"e", 5000, 10000, 1},      {"f", 20000, 10000, 1},
        {"g", 10, 86400000, 1},  {"h", 333, 86400000, 1},    {"i", 1000, 1, 1},
        {"j", 999999, 60000, 1}, {"k", 4000000000, 1000, 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rates) / sizeof(*rates); i++) {
        struct bucket bucket = {0};
        assert_int_equal(bucket_tokens(&bucket, &rates[i], NOW_MS), rates[i].count);
        assert_int_equal(bucket_lack_us(&bucket, &rates[i], NOW_MS), 0);
    }
}

static void it_holds_count_and_fills_evenly(void **state)
{
    static const struct limit_rate rate = {"r", 10, 1000, 1};
    struct bucket bucket = {0};
    (void)state;
    assert_int_equal(take_all(&bucket, &rate, NOW_MS), 10);
    assert_int_equal(take_all(&bucket, &rate, NOW_MS + 99), 0);
    assert_int_equal(take_all(&bucket, &rate, NOW_MS + 100), 1);
    assert_int_equal(take_all(&bucket, &rate, NOW_MS + 350), 2); /* half a token is kept */
    assert_int_equal(take_all(&bucket, &rate, NOW_MS + 400), 1);
    assert_int_equal(take_all(&bucket, &rate, NOW_MS + 5000), 10); /* and never more */
}

/* However they come: no more passes than a full bucket and what flowed in since. */
static void no_rate_is_exceeded(void **state)
{
    static const struct limit_rate rates[] = {
        {"a", 3, 1000, 1}, {"b", 7, 50, 1}, {"c", 1, 333, 1}, {"d", 700, 1000, 1}};
    (void)state;
    for (size_t r = 0; r < sizeof(rates) / sizeof(*rates); r++) {
        const struct limit_rate *rate = &rates[r];
        struct bucket bucket = {0};
        int64_t taken = 0, at_ms = 0;
        uint32_t dice = 1;
        while (at_ms < 20 * rate->period_ms) {
            dice = dice * 1664525 + 1013904223;
            at_ms += dice >> 28; /* 0 to 15 ms */
            taken += take(&bucket, rate, NOW_MS + at_ms);
            assert_true(taken <= rate->count + rate->count * at_ms / rate->period_ms);
        }
        /* Nor is less let through, for somebody who asks all the time: but for rounding. */
        if (rate->count * 15 < rate->period_ms)
            assert_true(taken >= 20 * rate->count);
    }
}

static void tokens_can_be_given_back_but_not_made(void **state)
{
    static const struct limit_rate rate = {"r", 10, 1000, 5};
    struct bucket bucket = {0};
    (void)state;
    bucket_spend(&bucket, &rate, 5, NOW_MS);
    bucket_spend(&bucket, &rate, -4, NOW_MS);
    assert_int_equal(bucket_tokens(&bucket, &rate, NOW_MS), 9);
    bucket_spend(&bucket, &rate, -4, NOW_MS);
    assert_int_equal(take_all(&bucket, &rate, NOW_MS), 10);
}

static void a_clock_that_goes_back_empties_nobody_for_long(void **state)
{
    static const struct limit_rate rate = {"r", 10, 1000, 1};
    struct bucket bucket = {0};
    (void)state;
    take_all(&bucket, &rate, NOW_MS);
    int64_t back_ms = NOW_MS - 3600000;
    assert_int_equal(bucket_lack_us(&bucket, &rate, back_ms), 1000000);
    assert_false(take(&bucket, &rate, back_ms));
    bucket_spend(&bucket, &rate, -1, back_ms);
    assert_int_equal(take_all(&bucket, &rate, back_ms + 1000), 10);
}

static void a_smaller_rate_holds_at_once(void **state)
{
    static const struct limit_rate large = {"r", 40, 1000, 1}, small = {"r", 10, 1000, 1};
    struct bucket bucket = {0};
    (void)state;
    assert_int_equal(take_all(&bucket, &large, NOW_MS), 40);
    assert_false(take(&bucket, &small, NOW_MS));
    assert_int_equal(take_all(&bucket, &small, NOW_MS + 1000), 10);
}

static void the_verdict_says_what_is_left_and_when_to_come_back(void **state)
{
    static const struct limit_rate rate = {"r", 3, 1000, 1}; /* one in 333.334 ms */
    struct bucket bucket = {0};
    struct limit_verdict verdict;
    (void)state;
    bucket_spend(&bucket, &rate, 1, NOW_MS);
    bucket_verdict(&bucket, &rate, NOW_MS, true, &verdict);
    assert_true(verdict.allowed);
    assert_ptr_equal(verdict.rate, &rate);
    assert_int_equal(verdict.remaining, 2);
    assert_int_equal(verdict.reset_ms, 334);
    assert_int_equal(verdict.retry_ms, 0);
    bucket_spend(&bucket, &rate, 2, NOW_MS);
    bucket_verdict(&bucket, &rate, NOW_MS + 100, false, &verdict);
    assert_false(verdict.allowed);
    assert_int_equal(verdict.remaining, 0);
    assert_int_equal(verdict.reset_ms, 901);
    assert_int_equal(verdict.retry_ms, 234);
    assert_false(take(&bucket, &rate, NOW_MS + 333));
    assert_true(take(&bucket, &rate, NOW_MS + 334));
}

static void keys_and_rates_have_buckets_of_their_own(void **state)
{
    uint64_t a = bucket_hash(&table, "read", pr_str("192.0.2.1"));
    (void)state;
    assert_true(a == bucket_hash(&table, "read", pr_str("192.0.2.1")));
    assert_true(a != bucket_hash(&table, "read", pr_str("192.0.2.2")));
    assert_true(a != bucket_hash(&table, "write", pr_str("192.0.2.1")));
    assert_true(bucket_hash(&table, "a", pr_str("b")) != bucket_hash(&table, "b", pr_str("a")));
    assert_true(bucket_hash(&table, "a", pr_str("")) != bucket_hash(&table, "", pr_str("a")));
    assert_null(bucket_find(&table, a));
    struct bucket *bucket = bucket_get(&table, a);
    assert_ptr_equal(bucket_get(&table, a), bucket);
    assert_ptr_equal(bucket_find(&table, a), bucket);
}

static void another_process_hashes_otherwise(void **state)
{
    struct bucket_table other;
    (void)state;
    bucket_table_init(&other);
    assert_true(bucket_hash(&table, "read", pr_str("k")) !=
                bucket_hash(&other, "read", pr_str("k")));
    bucket_table_fini(&other);
}

static void what_finds_no_place_pushes_out_the_fullest(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < BUCKET_WAYS; i++) /* all of one set; the third is the fullest */
        bucket_get(&table, (i + 1) * BUCKETS)->full_at_us = NOW_MS * 1000 + (i == 2 ? 1 : 100);
    bucket_get(&table, 99 * BUCKETS);
    assert_null(bucket_find(&table, 3 * BUCKETS));
    assert_non_null(bucket_find(&table, 99 * BUCKETS));
    for (uint64_t i = 0; i < BUCKET_WAYS; i++) {
        if (i != 2)
            assert_non_null(bucket_find(&table, (i + 1) * BUCKETS));
    }
}

/* Somebody with a million addresses cannot make us forget whom we are denying. */
static void the_empty_stay_through_a_flood_of_others(void **state)
{
    static const struct limit_rate rate = {"r", 100, 10000, 1};
    char key[32];
    (void)state;
    uint64_t victim = bucket_hash(&table, rate.name, pr_str("victim"));
    take_all(bucket_get(&table, victim), &rate, NOW_MS);
    for (int i = 0; i < 1000000; i++) {
        snprintf(key, sizeof(key), "flood %d", i);
        struct bucket *bucket = bucket_get(&table, bucket_hash(&table, rate.name, pr_str(key)));
        take(bucket, &rate, NOW_MS + i / 1000);
    }
    assert_non_null(bucket_find(&table, victim));
    assert_false(take(bucket_get(&table, victim), &rate, NOW_MS + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fresh_bucket_is_full),
        cmocka_unit_test(it_holds_count_and_fills_evenly),
        cmocka_unit_test(no_rate_is_exceeded),
        cmocka_unit_test(tokens_can_be_given_back_but_not_made),
        cmocka_unit_test(a_clock_that_goes_back_empties_nobody_for_long),
        cmocka_unit_test(a_smaller_rate_holds_at_once),
        cmocka_unit_test(the_verdict_says_what_is_left_and_when_to_come_back),
        cmocka_unit_test_setup_teardown(keys_and_rates_have_buckets_of_their_own, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(another_process_hashes_otherwise, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_finds_no_place_pushes_out_the_fullest, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_empty_stay_through_a_flood_of_others, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
