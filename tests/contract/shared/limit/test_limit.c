/* What limits promise, as the same cases against both kinds: in the process, and in the Redis of
 * PIERROT_TEST_REDIS_URL. */
#include "shared/base/alloc.h"
#include "shared/limit/limit.h"
#include "tests/support/loop.h"

#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

struct fixture {
    uv_loop_t loop;
    struct limiter *limiter;
    char key[16]; /* this test's: the Redis may hold others */
};

/* A period so long that no token comes back while a test runs. */
#define LONG_MS INT64_C(86400000)
static const struct limit_rate ten = {"ten", 10, LONG_MS, 1};
static const struct limit_rate ten_leased = {"ten-leased", 10, LONG_MS, 4};

static void count(void *arg, enum pr_err err)
{
    assert_int_equal(err, PR_OK);
    ++*(int *)arg;
}

static struct limit_verdict take_of(struct fixture *f, const struct limit_rate *rate,
                                    const char *key)
{
    struct limit_verdict verdict;
    int calls = 0;
    limiter_take(f->limiter, rate, pr_str(key), &verdict, (struct pr_done){count, &calls});
    loop_until(&f->loop, calls > 0);
    assert_int_equal(calls, 1);
    assert_ptr_equal(verdict.rate, rate);
    return verdict;
}

static struct limit_verdict take(struct fixture *f, const struct limit_rate *rate)
{
    return take_of(f, rate, f->key);
}

static int64_t take_until_denied(struct fixture *f, const struct limit_rate *rate)
{
    int64_t taken = 0;
    while (take(f, rate).allowed)
        taken++;
    return taken;
}

/* Redis is asked: an answer out of the process comes at once. */
static bool asks(struct fixture *f)
{
    static const struct limit_rate probe = {"probe", 1000000, 1000, 1};
    struct limit_verdict verdict;
    int calls = 0;
    limiter_take(f->limiter, &probe, pr_str(f->key), &verdict, (struct pr_done){count, &calls});
    bool at_once = calls > 0;
    loop_until(&f->loop, calls > 0);
    return !at_once;
}

static int set_up(void **state, const char *redis_url)
{
    const struct limiter_options options = {.redis_url = redis_url, .clock = &pr_clock_system};
    struct fixture *f = *state = PR_NEW(struct fixture);
    assert_int_equal(uv_loop_init(&f->loop), 0);
    snprintf(f->key, sizeof(f->key), "t%08x", randombytes_random());
    f->limiter = limiter_create(&f->loop, &options);
    assert_non_null(f->limiter);
    if (redis_url)
        loop_until(&f->loop, asks(f));
    return 0;
}

static int set_up_memory(void **state)
{
    return set_up(state, NULL);
}

static int set_up_redis(void **state)
{
    const char *url = getenv("PIERROT_TEST_REDIS_URL");
    if (!url || !*url)
        fail_msg("PIERROT_TEST_REDIS_URL is not set: it names the Redis to test against");
    return set_up(state, url);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    bool closed = false;
    limiter_close(f->limiter, loop_set_true, &closed);
    assert_false(closed); /* always later */
    loop_until(&f->loop, closed);
    loop_close_clean(&f->loop);
    free(f);
    return 0;
}

static void count_pass_at_once_and_no_more(void **state)
{
    struct fixture *f = *state;
    for (int64_t left = 9; left >= 0; left--) {
        struct limit_verdict verdict = take(f, &ten);
        assert_true(verdict.allowed);
        assert_int_equal(verdict.remaining, left);
        assert_in_range(verdict.reset_ms, (10 - left) * LONG_MS / 10 - 5000,
                        (10 - left) * LONG_MS / 10);
        assert_int_equal(verdict.retry_ms, 0);
    }
    for (int i = 0; i < 3; i++) {
        struct limit_verdict verdict = take(f, &ten);
        assert_false(verdict.allowed);
        assert_int_equal(verdict.remaining, 0);
        assert_in_range(verdict.retry_ms, LONG_MS / 10 - 5000, LONG_MS / 10);
        assert_in_range(verdict.reset_ms, LONG_MS - 5000, LONG_MS);
    }
}

static void a_lease_changes_nothing_of_it(void **state)
{
    struct fixture *f = *state;
    for (int64_t left = 9; left >= 0; left--) {
        struct limit_verdict verdict = take(f, &ten_leased);
        assert_true(verdict.allowed);
        assert_int_equal(verdict.remaining, left);
    }
    assert_false(take(f, &ten_leased).allowed);
}

static void who_comes_back_when_told_is_let_in(void **state)
{
    static const struct limit_rate rate = {"quick", 5, 1000, 1};
    struct fixture *f = *state;
    assert_in_range(take_until_denied(f, &rate), 5, 7);
    struct limit_verdict verdict = take(f, &rate);
    if (verdict.allowed)
        verdict = take(f, &rate);
    assert_false(verdict.allowed);
    assert_in_range(verdict.retry_ms, 1, 200);
    loop_run_for(&f->loop, verdict.retry_ms + 5);
    assert_true(take(f, &rate).allowed);
    loop_run_for(&f->loop, 1100);
    assert_in_range(take_until_denied(f, &rate), 5, 7); /* full again */
}

static void keys_and_rates_are_apart(void **state)
{
    static const struct limit_rate other = {"other", 10, LONG_MS, 1};
    struct fixture *f = *state;
    char key[32];
    assert_int_equal(take_until_denied(f, &ten), 10);
    snprintf(key, sizeof(key), "%s'", f->key);
    assert_true(take_of(f, &ten, key).allowed);
    assert_true(take(f, &other).allowed);
}

static void any_bytes_are_a_key(void **state)
{
    static const struct limit_rate one = {"one", 1, LONG_MS, 1};
    struct fixture *f = *state;
    for (char end = 'a'; end <= 'b'; end++) {
        char key[64] = "\0\r\n$9 \xff"; /* then this test's own, then one that differs */
        memcpy(key + 8, f->key, sizeof(f->key));
        key[8 + sizeof(f->key)] = end;
        for (int again = 0; again < 2; again++) {
            struct limit_verdict verdict;
            int calls = 0;
            limiter_take(f->limiter, &one, pr_str_n(key, 9 + sizeof(f->key)), &verdict,
                         (struct pr_done){count, &calls});
            loop_until(&f->loop, calls > 0);
            assert_int_equal(verdict.allowed, !again);
        }
    }
}

static void no_limit_is_none(void **state)
{
    static const struct limit_rate none = {"none", 0, 1000, 1};
    struct fixture *f = *state;
    struct limit_verdict verdict;
    for (int i = 0; i < 1000; i++)
        assert_true(take(f, &none).allowed);
    limiter_peek(f->limiter, &none, pr_str(f->key), &verdict);
    assert_true(verdict.allowed);
    assert_true(verdict.remaining > 1000000);
}

static void a_peek_takes_nothing_and_sees_what_was_taken(void **state)
{
    struct fixture *f = *state;
    struct limit_verdict verdict;
    for (int i = 0; i < 20; i++) {
        limiter_peek(f->limiter, &ten, pr_str(f->key), &verdict);
        assert_true(verdict.allowed);
        assert_int_equal(verdict.remaining, 10);
    }
    assert_int_equal(take_until_denied(f, &ten), 10);
    limiter_peek(f->limiter, &ten, pr_str(f->key), &verdict);
    assert_false(verdict.allowed);
    assert_in_range(verdict.retry_ms, LONG_MS / 10 - 5000, LONG_MS / 10);
}

static void of_many_at_once_count_pass(void **state)
{
    enum { CALLS = 100 };
    static const struct limit_rate *const rates[] = {&ten, &ten_leased};
    struct fixture *f = *state;
    for (size_t r = 0; r < 2; r++) {
        struct limit_verdict verdicts[CALLS];
        int calls = 0, allowed = 0;
        for (int i = 0; i < CALLS; i++)
            limiter_take(f->limiter, rates[r], pr_str(f->key), &verdicts[i],
                         (struct pr_done){count, &calls});
        loop_until(&f->loop, calls == CALLS);
        for (int i = 0; i < CALLS; i++)
            allowed += verdicts[i].allowed;
        assert_int_equal(allowed, 10);
        for (int i = 0; i < 10; i++)
            assert_true(verdicts[i].allowed); /* first come, first served */
    }
}

struct chain {
    struct fixture *f;
    struct limit_verdict verdict;
    int allowed;
    bool denied;
};

static void take_the_next(void *arg, enum pr_err err)
{
    struct chain *chain = arg;
    assert_int_equal(err, PR_OK);
    if (!chain->verdict.allowed) {
        chain->denied = true;
        return;
    }
    chain->allowed++;
    limiter_take(chain->f->limiter, &ten, pr_str(chain->f->key), &chain->verdict,
                 (struct pr_done){take_the_next, chain});
}

static void whoever_is_answered_may_take_again(void **state)
{
    struct fixture *f = *state;
    struct chain chains[3] = {{.f = f}, {.f = f}, {.f = f}};
    for (int i = 0; i < 3; i++)
        limiter_take(f->limiter, &ten, pr_str(f->key), &chains[i].verdict,
                     (struct pr_done){take_the_next, &chains[i]});
    loop_until(&f->loop, chains[0].denied && chains[1].denied && chains[2].denied);
    assert_int_equal(chains[0].allowed + chains[1].allowed + chains[2].allowed, 10);
}

static void closing_decides_what_is_under_way(void **state)
{
    struct fixture *f = *state;
    const struct limiter_options none = {.clock = &pr_clock_system};
    struct limit_verdict verdicts[20];
    int calls = 0, allowed = 0;
    bool closed = false;
    for (int i = 0; i < 20; i++)
        limiter_take(f->limiter, &ten, pr_str(f->key), &verdicts[i],
                     (struct pr_done){count, &calls});
    limiter_close(f->limiter, loop_set_true, &closed);
    loop_until(&f->loop, closed);
    assert_int_equal(calls, 20);
    for (int i = 0; i < 20; i++)
        allowed += verdicts[i].allowed;
    assert_int_equal(allowed, 10);
    f->limiter = limiter_create(&f->loop, &none); /* for the tear down */
}

int main(void)
{
#define CASES(set_up)                                                                              \
    cmocka_unit_test_setup_teardown(count_pass_at_once_and_no_more, set_up, tear_down),            \
        cmocka_unit_test_setup_teardown(a_lease_changes_nothing_of_it, set_up, tear_down),         \
        cmocka_unit_test_setup_teardown(who_comes_back_when_told_is_let_in, set_up, tear_down),    \
        cmocka_unit_test_setup_teardown(keys_and_rates_are_apart, set_up, tear_down),              \
        cmocka_unit_test_setup_teardown(any_bytes_are_a_key, set_up, tear_down),                   \
        cmocka_unit_test_setup_teardown(no_limit_is_none, set_up, tear_down),                      \
        cmocka_unit_test_setup_teardown(a_peek_takes_nothing_and_sees_what_was_taken, set_up,      \
                                        tear_down),                                                \
        cmocka_unit_test_setup_teardown(of_many_at_once_count_pass, set_up, tear_down),            \
        cmocka_unit_test_setup_teardown(whoever_is_answered_may_take_again, set_up, tear_down),    \
        cmocka_unit_test_setup_teardown(closing_decides_what_is_under_way, set_up, tear_down)
    const struct CMUnitTest memory[] = {CASES(set_up_memory)}, redis[] = {CASES(set_up_redis)};
    signal(SIGPIPE, SIG_IGN);
    int failed = cmocka_run_group_tests_name("memory", memory, NULL, NULL);
    return failed + cmocka_run_group_tests_name("redis", redis, NULL, NULL);
}
