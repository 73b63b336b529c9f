#include "tests/support/loop.h"

static void wake(uv_timer_t *timer)
{
    (void)timer;
}

void loop_turn(uv_loop_t *loop)
{
    uv_timer_t timer;
    uv_timer_init(loop, &timer);
    /* Repeating: one that was due before the loop polls would leave it to poll for ever. */
    uv_timer_start(&timer, wake, 20, 20);
    uv_run(loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&timer, NULL);
    uv_run(loop, UV_RUN_NOWAIT);
}

void loop_run_for(uv_loop_t *loop, int64_t ms)
{
    int64_t end_ns = pr_monotonic_ns() + ms * 1000000;
    while (pr_monotonic_ns() < end_ns)
        loop_turn(loop);
}

static void count_open(uv_handle_t *handle, void *arg)
{
    if (!uv_is_closing(handle))
        ++*(int *)arg;
}

void loop_close_clean(uv_loop_t *loop)
{
    int open = 0;
    uv_walk(loop, count_open, &open);
    assert_int_equal(open, 0);
    uv_run(loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(loop), 0);
}

void loop_set_true(void *arg)
{
    *(bool *)arg = true;
}
