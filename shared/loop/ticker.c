#include "shared/loop/ticker.h"

#include <sodium.h>

static void fire(uv_timer_t *timer);

static void arm(struct ticker *ticker)
{
    uint64_t period = (uint64_t)ticker->period_ms;
    uint64_t pause = period - period / 4 + randombytes_uniform((uint32_t)(period / 2 + 1));
    uv_timer_start(&ticker->timer, fire, pause, 0);
}

static void fire(uv_timer_t *timer)
{
    struct ticker *ticker = timer->data;
    arm(ticker);
    ticker->fn(ticker->arg);
}

void ticker_start(uv_loop_t *loop, struct ticker *ticker, int64_t period_ms, void (*fn)(void *arg),
                  void *arg)
{
    *ticker = (struct ticker){.period_ms = period_ms, .fn = fn, .arg = arg};
    uv_timer_init(loop, &ticker->timer);
    ticker->timer.data = ticker;
    arm(ticker);
}

static void timer_closed(uv_handle_t *handle)
{
    struct ticker *ticker = handle->data;
    ticker->closed(ticker->closed_arg);
}

void ticker_close(struct ticker *ticker, void (*closed)(void *arg), void *arg)
{
    ticker->closed = closed;
    ticker->closed_arg = arg;
    uv_close((uv_handle_t *)&ticker->timer, timer_closed);
}
