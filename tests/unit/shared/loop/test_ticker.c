#include "shared/loop/ticker.h"

#include "shared/base/time.h"
#include "tests/support/test.h"

#include <string.h>

struct test {
    uv_loop_t loop;
    struct ticker ticker;
    unsigned ticks, closed;
    unsigned ticks_to_see; /* the ticker is closed from inside the last */
    int64_t start_ns, first_ns;
};

static void closed(void *arg)
{
    struct test *test = arg;
    test->closed++;
    memset(&test->ticker, 0xaa, sizeof test->ticker); /* the storage is ours again */
}

static void tick(void *arg)
{
    struct test *test = arg;
    if (test->ticks++ == 0)
        test->first_ns = pr_monotonic_ns();
    if (test->ticks == test->ticks_to_see)
        ticker_close(&test->ticker, closed, test);
}

static void run(struct test *test, int64_t period_ms)
{
    test->start_ns = pr_monotonic_ns();
    assert_int_equal(uv_loop_init(&test->loop), 0);
    ticker_start(&test->loop, &test->ticker, period_ms, tick, test);
    if (test->ticks_to_see == 0)
        ticker_close(&test->ticker, closed, test);
    uv_run(&test->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&test->loop), 0);
    assert_int_equal(test->ticks, test->ticks_to_see);
    assert_int_equal(test->closed, 1);
}

static void test_ticks_until_it_is_closed(void **state)
{
    (void)state;
    struct test test = {.ticks_to_see = 5};
    run(&test, 4);
    assert_true(pr_monotonic_ns() - test.start_ns >= 14 * 1000000);
}

static void test_first_tick_comes_after_a_period(void **state)
{
    (void)state;
    struct test test = {.ticks_to_see = 1};
    run(&test, 40);
    assert_true(test.first_ns - test.start_ns >= 29 * 1000000);
}

static void test_closed_before_the_first_tick(void **state)
{
    (void)state;
    struct test test = {.ticks_to_see = 0};
    run(&test, 1000000);
}

/* Each pause is the period, a quarter more or less: not always the same, never out of bounds. */
static void test_pauses_are_jittered_within_bounds(void **state)
{
    (void)state;
    struct test test = {0};
    uint64_t least = UINT64_MAX, most = 0;
    uv_loop_init(&test.loop);
    for (int i = 0; i < 500; i++) {
        ticker_start(&test.loop, &test.ticker, 1000, tick, &test);
        uint64_t pause = uv_timer_get_due_in(&test.ticker.timer);
        least = pause < least ? pause : least;
        most = pause > most ? pause : most;
        ticker_close(&test.ticker, closed, &test);
        uv_run(&test.loop, UV_RUN_DEFAULT);
    }
    assert_int_equal(uv_loop_close(&test.loop), 0);
    assert_in_range(least, 750, 850);
    assert_in_range(most, 1150, 1250);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ticks_until_it_is_closed),
        cmocka_unit_test(test_first_tick_comes_after_a_period),
        cmocka_unit_test(test_closed_before_the_first_tick),
        cmocka_unit_test(test_pauses_are_jittered_within_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
