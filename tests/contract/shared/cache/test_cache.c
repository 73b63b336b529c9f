/* What both kinds of cache promise, as the same cases against each: the LRU, and the Redis of
 * PIERROT_TEST_REDIS_URL. */
#include "shared/base/alloc.h"
#include "shared/cache/cache.h"
#include "tests/support/loop.h"

#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

struct fixture {
    uv_loop_t loop;
    struct cache *cache;
    char prefix[16]; /* of this test's keys: the Redis may hold others */
    struct cache_value value;
};

struct outcome {
    int calls;
    enum pr_err err;
};

static void count(void *arg, enum pr_err err)
{
    struct outcome *outcome = arg;
    outcome->calls++;
    outcome->err = err;
}

static void wait_for(struct fixture *f, const struct outcome *outcome)
{
    loop_until(&f->loop, outcome->calls > 0);
    assert_int_equal(outcome->calls, 1);
    assert_int_equal(outcome->err, PR_OK);
}

static struct pr_str key_of(const struct fixture *f, const char *name, char out[64])
{
    snprintf(out, 64, "%s:%s", f->prefix, name);
    return pr_str(out);
}

static void put_for(struct fixture *f, const char *name, struct pr_str value, int64_t ttl_ms)
{
    char key[64];
    struct outcome outcome = {0};
    cache_put(f->cache, key_of(f, name, key), value, ttl_ms, (struct pr_done){count, &outcome});
    wait_for(f, &outcome);
}

static void put(struct fixture *f, const char *name, const char *value)
{
    put_for(f, name, pr_str(value), 60000);
}

static void drop(struct fixture *f, const char *name)
{
    char key[64];
    struct outcome outcome = {0};
    cache_delete(f->cache, key_of(f, name, key), (struct pr_done){count, &outcome});
    wait_for(f, &outcome);
}

static bool get(struct fixture *f, const char *name)
{
    char key[64];
    struct outcome outcome = {0};
    pr_buf_fini(&f->value.bytes);
    cache_get(f->cache, key_of(f, name, key), &f->value, (struct pr_done){count, &outcome});
    wait_for(f, &outcome);
    return f->value.found;
}

static void assert_holds(struct fixture *f, const char *name, struct pr_str expected)
{
    assert_true(get(f, name));
    assert_int_equal(f->value.bytes.n, expected.n);
    if (expected.n)
        assert_memory_equal(f->value.bytes.p, expected.p, expected.n);
}

static void set_up(struct fixture *f, const char *redis_url)
{
    const struct cache_options options = {
        .redis_url = redis_url, .max_bytes = 8 << 20, .timeout_ms = 2000};
    assert_int_equal(uv_loop_init(&f->loop), 0);
    snprintf(f->prefix, sizeof(f->prefix), "t%08x", randombytes_random());
    f->cache = cache_create(&f->loop, &options);
    assert_non_null(f->cache);
    loop_until(&f->loop, (put(f, "ready", "1"), get(f, "ready")));
}

static int set_up_memory(void **state)
{
    *state = PR_NEW(struct fixture);
    set_up(*state, "");
    return 0;
}

static int set_up_redis(void **state)
{
    const char *url = getenv("PIERROT_TEST_REDIS_URL");
    if (!url || !*url)
        fail_msg("PIERROT_TEST_REDIS_URL is not set: it names the Redis to test against");
    *state = PR_NEW(struct fixture);
    set_up(*state, url);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    bool closed = false;
    pr_buf_fini(&f->value.bytes);
    cache_close(f->cache, loop_set_true, &closed);
    assert_false(closed); /* always later */
    loop_until(&f->loop, closed);
    loop_close_clean(&f->loop);
    free(f);
    return 0;
}

static void holds_any_bytes(void **state)
{
    static const struct pr_str binary = PR_STR("a\0b\r\n\xff$-1\r\n");
    put_for(*state, "binary", binary, 60000);
    assert_holds(*state, "binary", binary);
    put(*state, "empty", "");
    assert_holds(*state, "empty", pr_str(""));
    put(*state, "key with \r\n, %s and \xff", "v");
    assert_holds(*state, "key with \r\n, %s and \xff", pr_str("v"));
}

static void what_was_never_put_is_not_found(void **state)
{
    struct fixture *f = *state;
    assert_false(get(f, "nothing"));
    assert_int_equal(f->value.bytes.n, 0);
}

static void the_last_put_counts(void **state)
{
    put(*state, "k", "first");
    put(*state, "k", "second");
    assert_holds(*state, "k", pr_str("second"));
}

static void deleting_ends_it_and_is_harmless_twice(void **state)
{
    put(*state, "k", "v");
    drop(*state, "k");
    drop(*state, "k");
    assert_false(get(*state, "k"));
}

static void its_time_ends(void **state)
{
    struct fixture *f = *state;
    put_for(f, "short", pr_str("v"), 150);
    put_for(f, "long", pr_str("v"), 60000);
    assert_true(get(f, "short"));
    loop_run_for(&f->loop, 250);
    assert_false(get(f, "short"));
    assert_true(get(f, "long"));
}

static void no_time_at_all_removes(void **state)
{
    put(*state, "k", "v");
    put_for(*state, "k", pr_str("w"), 0);
    assert_false(get(*state, "k"));
    put(*state, "k", "v");
    put_for(*state, "k", pr_str("w"), -1);
    assert_false(get(*state, "k"));
}

static void the_longest_time_is_long(void **state)
{
    put_for(*state, "k", pr_str("v"), INT64_C(1000) * 60 * 60 * 24 * 365);
    assert_true(get(*state, "k"));
}

static void the_largest_value_is_kept_and_a_larger_removes(void **state)
{
    size_t n = CACHE_VALUE_MAX_BYTES;
    char *bytes = pr_alloc(n + 1);
    memset(bytes, 'x', n + 1);
    put_for(*state, "k", pr_str_n(bytes, n), 60000);
    assert_holds(*state, "k", pr_str_n(bytes, n));
    put_for(*state, "k", pr_str_n(bytes, n + 1), 60000);
    assert_false(get(*state, "k"));
    free(bytes);
}

static void what_is_put_is_copied(void **state)
{
    struct fixture *f = *state;
    char key[64], value[] = "value";
    struct outcome outcome = {0};
    cache_put(f->cache, key_of(f, "k", key), pr_str(value), 60000,
              (struct pr_done){count, &outcome});
    memset(key, 'x', strlen(key));
    memset(value, 'x', strlen(value));
    wait_for(f, &outcome);
    assert_holds(f, "k", pr_str("value"));
}

static void many_calls_at_once_are_all_answered_in_order(void **state)
{
    enum { CALLS = 300 };
    struct fixture *f = *state;
    struct outcome outcomes[2 * CALLS] = {0};
    struct cache_value values[CALLS];
    char key[64], text[16];
    for (int i = 0; i < CALLS; i++) {
        snprintf(text, sizeof(text), "%d", i);
        cache_put(f->cache, key_of(f, "k", key), pr_str(text), 60000,
                  (struct pr_done){count, &outcomes[2 * i]});
        cache_get(f->cache, pr_str(key), &values[i], (struct pr_done){count, &outcomes[2 * i + 1]});
    }
    for (int i = 0; i < 2 * CALLS; i++)
        wait_for(f, &outcomes[i]);
    for (int i = 0; i < CALLS; i++) {
        snprintf(text, sizeof(text), "%d", i);
        assert_true(values[i].found);
        assert_true(pr_str_is(pr_buf_str(&values[i].bytes), text));
        pr_buf_fini(&values[i].bytes);
    }
}

static void closing_answers_what_is_under_way(void **state)
{
    struct fixture *f = *state;
    const struct cache_options none = {.redis_url = "", .max_bytes = 1 << 20};
    struct outcome outcomes[3] = {0};
    struct cache_value value;
    bool closed = false;
    cache_put(f->cache, pr_str(f->prefix), pr_str("v"), 1000,
              (struct pr_done){count, &outcomes[0]});
    cache_get(f->cache, pr_str(f->prefix), &value, (struct pr_done){count, &outcomes[1]});
    cache_delete(f->cache, pr_str(f->prefix), (struct pr_done){count, &outcomes[2]});
    cache_close(f->cache, loop_set_true, &closed);
    loop_until(&f->loop, closed);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(outcomes[i].calls, 1);
        assert_int_equal(outcomes[i].err, PR_OK);
    }
    pr_buf_fini(&value.bytes);
    f->cache = cache_create(&f->loop, &none); /* for the tear down */
}

int main(void)
{
#define CASES(set_up)                                                                              \
    cmocka_unit_test_setup_teardown(holds_any_bytes, set_up, tear_down),                           \
        cmocka_unit_test_setup_teardown(what_was_never_put_is_not_found, set_up, tear_down),       \
        cmocka_unit_test_setup_teardown(the_last_put_counts, set_up, tear_down),                   \
        cmocka_unit_test_setup_teardown(deleting_ends_it_and_is_harmless_twice, set_up,            \
                                        tear_down),                                                \
        cmocka_unit_test_setup_teardown(its_time_ends, set_up, tear_down),                         \
        cmocka_unit_test_setup_teardown(no_time_at_all_removes, set_up, tear_down),                \
        cmocka_unit_test_setup_teardown(the_longest_time_is_long, set_up, tear_down),              \
        cmocka_unit_test_setup_teardown(the_largest_value_is_kept_and_a_larger_removes, set_up,    \
                                        tear_down),                                                \
        cmocka_unit_test_setup_teardown(what_is_put_is_copied, set_up, tear_down),                 \
        cmocka_unit_test_setup_teardown(many_calls_at_once_are_all_answered_in_order, set_up,      \
                                        tear_down),                                                \
        cmocka_unit_test_setup_teardown(closing_answers_what_is_under_way, set_up, tear_down)
    const struct CMUnitTest memory[] = {CASES(set_up_memory)}, redis[] = {CASES(set_up_redis)};
    signal(SIGPIPE, SIG_IGN);
    int failed = cmocka_run_group_tests_name("memory", memory, NULL, NULL);
    return failed + cmocka_run_group_tests_name("redis", redis, NULL, NULL);
}
