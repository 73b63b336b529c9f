/* The limiter without Redis, on a clock that stands still. */
#include "shared/limit/limit.h"

#include "tests/support/clock.h"
#include "tests/support/logs.h"
#include "tests/support/loop.h"

static uv_loop_t loop;
static struct test_clock test_clock;
static struct limiter *limiter;

static int set_up(void **state)
{
    const struct limiter_options options = {.redis_url = "", .clock = &test_clock.port};
    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    test_clock_init(&test_clock, INT64_C(1800000000000));
    limiter = limiter_create(&loop, &options);
    return limiter ? 0 : -1;
}

static int tear_down(void **state)
{
    bool closed = false;
    (void)state;
    limiter_close(limiter, loop_set_true, &closed);
    assert_false(closed); /* always later */
    loop_until(&loop, closed);
    loop_close_clean(&loop);
    return 0;
}

static void count(void *arg, enum pr_err err)
{
    assert_int_equal(err, PR_OK);
    ++*(int *)arg;
}

static struct limit_verdict take(const struct limit_rate *rate, const char *key)
{
    struct limit_verdict verdict;
    int calls = 0;
    limiter_take(limiter, rate, pr_str(key), &verdict, (struct pr_done){count, &calls});
    assert_int_equal(calls, 1); /* at once */
    return verdict;
}

static void a_verdict_counts_down_and_the_clock_counts_up(void **state)
{
    static const struct limit_rate rate = {"login", 3, 60000, 1};
    (void)state;
    for (int64_t left = 2; left >= 0; left--) {
        struct limit_verdict verdict = take(&rate, "k");
        assert_true(verdict.allowed);
        assert_ptr_equal(verdict.rate, &rate);
        assert_int_equal(verdict.remaining, left);
        assert_int_equal(verdict.reset_ms, (3 - left) * 20000);
    }
    test_clock_move(&test_clock, 5000);
    struct limit_verdict denied = take(&rate, "k");
    assert_false(denied.allowed);
    assert_int_equal(denied.remaining, 0);
    assert_int_equal(denied.retry_ms, 15000);
    assert_int_equal(denied.reset_ms, 55000);
    test_clock_move(&test_clock, 15000);
    assert_true(take(&rate, "k").allowed);
    assert_false(take(&rate, "k").allowed);
}

static void a_peek_takes_nothing(void **state)
{
    static const struct limit_rate rate = {"login", 2, 60000, 1};
    struct limit_verdict verdict;
    (void)state;
    for (int i = 0; i < 5; i++) {
        limiter_peek(limiter, &rate, pr_str("k"), &verdict);
        assert_true(verdict.allowed);
        assert_int_equal(verdict.remaining, 2);
    }
    take(&rate, "k");
    take(&rate, "k");
    limiter_peek(limiter, &rate, pr_str("k"), &verdict);
    assert_false(verdict.allowed);
    assert_int_equal(verdict.retry_ms, 30000);
    test_clock_move(&test_clock, 30000);
    limiter_peek(limiter, &rate, pr_str("k"), &verdict);
    assert_true(verdict.allowed);
}

static void a_malformed_url_is_told_in_the_log(void **state)
{
    static const struct limiter_options options = {.redis_url = "http://:secret@localhost"};
    (void)state;
    logs_catch();
    assert_null(limiter_create(&loop, &options));
    assert_int_equal(logs_count(), 1);
    assert_false(logs_hold("secret"));
    logs_let_go();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_verdict_counts_down_and_the_clock_counts_up),
        TEST(a_peek_takes_nothing),
        TEST(a_malformed_url_is_told_in_the_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
