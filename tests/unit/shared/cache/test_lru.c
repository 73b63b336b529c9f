#include "shared/base/alloc.h"
#include "shared/cache/lru.h"
#include "tests/support/test.h"

#include <stdio.h>

#define FOR_EVER INT64_MAX

static void assert_value(struct lru *lru, const char *key, const char *expected)
{
    struct pr_str value = lru_get(lru, pr_str(key), 0);
    if (!expected) {
        assert_null(value.p);
        return;
    }
    assert_non_null(value.p);
    assert_true(pr_str_is(value, expected));
}

static void put(struct lru *lru, const char *key, const char *value)
{
    lru_put(lru, pr_str(key), pr_str(value), FOR_EVER);
}

/* How many bytes one entry takes up, whatever its bookkeeping costs. */
static size_t cost(size_t key_and_value)
{
    struct lru lru;
    lru_init(&lru, 1 << 20);
    put(&lru, "", "");
    size_t bytes = lru.bytes + key_and_value;
    lru_fini(&lru);
    return bytes;
}

static void keeps_what_was_put(void **state)
{
    struct lru lru;
    (void)state;
    lru_init(&lru, 1 << 20);
    assert_value(&lru, "a", NULL);
    put(&lru, "a", "1");
    put(&lru, "b", "");
    put(&lru, "", "empty key");
    assert_value(&lru, "a", "1");
    assert_value(&lru, "b", "");
    assert_value(&lru, "", "empty key");
    put(&lru, "a", "22");
    assert_value(&lru, "a", "22");
    lru_remove(&lru, pr_str("a"));
    lru_remove(&lru, pr_str("a"));
    assert_value(&lru, "a", NULL);
    assert_value(&lru, "b", "");
    lru_fini(&lru);
}

static void the_one_not_asked_for_longest_goes_first(void **state)
{
    struct lru lru;
    (void)state;
    lru_init(&lru, 3 * cost(2));
    put(&lru, "a", "1");
    put(&lru, "b", "2");
    put(&lru, "c", "3");
    assert_value(&lru, "a", "1"); /* now b is the oldest */
    put(&lru, "d", "4");
    assert_value(&lru, "b", NULL);
    assert_value(&lru, "a", "1");
    assert_value(&lru, "c", "3");
    assert_value(&lru, "d", "4");
    lru_fini(&lru);
}

static void never_holds_more_than_it_may(void **state)
{
    struct lru lru;
    char key[16], value[300];
    (void)state;
    memset(value, 'v', sizeof(value));
    lru_init(&lru, 10000);
    for (int i = 0; i < 1000; i++) {
        snprintf(key, sizeof(key), "key %d", i);
        lru_put(&lru, pr_str(key), pr_str_n(value, (size_t)i % sizeof(value)), FOR_EVER);
        assert_true(lru.bytes <= 10000);
        assert_non_null(lru_get(&lru, pr_str(key), 0).p);
    }
    for (int i = 0; i < 1000; i++) {
        snprintf(key, sizeof(key), "key %d", i);
        lru_remove(&lru, pr_str(key));
    }
    assert_int_equal(lru.entries, 0);
    assert_int_equal(lru.bytes, 0);
    lru_fini(&lru);
}

static void what_is_larger_than_the_whole_replaces_nothing_else(void **state)
{
    struct lru lru;
    (void)state;
    lru_init(&lru, cost(2) + cost(2));
    put(&lru, "a", "1");
    put(&lru, "b", "2");
    char *large = pr_alloc(lru.max_bytes + 1);
    memset(large, 'x', lru.max_bytes);
    put(&lru, "a", large);
    assert_value(&lru, "a", NULL); /* the old value is over, too */
    assert_value(&lru, "b", "2");
    free(large);
    lru_fini(&lru);
}

static void time_ends_an_entry(void **state)
{
    struct lru lru;
    (void)state;
    lru_init(&lru, 1 << 20);
    lru_put(&lru, pr_str("a"), pr_str("1"), 1000);
    assert_non_null(lru_get(&lru, pr_str("a"), 999).p);
    assert_null(lru_get(&lru, pr_str("a"), 1000).p);
    assert_int_equal(lru.entries, 0);
    assert_null(lru_get(&lru, pr_str("a"), 0).p);
    lru_fini(&lru);
}

static void many_entries_are_all_found(void **state)
{
    struct lru lru;
    char key[16];
    (void)state;
    lru_init(&lru, 64 << 20);
    for (int i = 0; i < 20000; i++) {
        snprintf(key, sizeof(key), "%d", i);
        put(&lru, key, key);
    }
    assert_int_equal(lru.entries, 20000);
    for (int i = 0; i < 20000; i++) {
        snprintf(key, sizeof(key), "%d", i);
        assert_value(&lru, key, key);
    }
    lru_fini(&lru);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_what_was_put),
        cmocka_unit_test(the_one_not_asked_for_longest_goes_first),
        cmocka_unit_test(never_holds_more_than_it_may),
        cmocka_unit_test(what_is_larger_than_the_whole_replaces_nothing_else),
        cmocka_unit_test(time_ends_an_entry),
        cmocka_unit_test(many_entries_are_all_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
