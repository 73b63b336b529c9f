/* ticker: calls a function now and then, with jitter, so that copies of a service do not all wake
 * at once. The first call comes after one period. */
#pragma once

#include <stdint.h>
#include <uv.h>

struct ticker {
    uv_timer_t timer;
    int64_t period_ms;
    void (*fn)(void *arg);
    void *arg;
    void (*closed)(void *arg);
    void *closed_arg;
};

/* Storage is the caller's, until closed is called. Each pause is period_ms +- 25 %. */
void ticker_start(uv_loop_t *loop, struct ticker *ticker, int64_t period_ms, void (*fn)(void *arg),
                  void *arg);
void ticker_close(struct ticker *ticker, void (*closed)(void *arg), void *arg);
