#include "shared/loop/shutdown.h"

#include "shared/log/log.h"

#include <stdlib.h>
#include <unistd.h>

static void next(void *arg)
{
    struct shutdown *shutdown = arg;
    const struct shutdown_stage *stage = shutdown->stage;
    if (stage->name) {
        shutdown->stage++;
        log_at(LOG_DEBUG, "closing", LOG_TEXT("stage", stage->name));
        stage->close(shutdown->arg, next, shutdown);
        return;
    }
    uv_close((uv_handle_t *)&shutdown->term, NULL);
    uv_close((uv_handle_t *)&shutdown->interrupt, NULL);
    uv_close((uv_handle_t *)&shutdown->limit, NULL);
}

#define LAST_CALL_MS 1000 /* before the limit */

static void limit_passed(uv_timer_t *timer)
{
    struct shutdown *shutdown = timer->data;
    if (!shutdown->called) {
        shutdown->called = true;
        uv_timer_start(timer, limit_passed, LAST_CALL_MS, 0);
        if (shutdown->last_call)
            shutdown->last_call(shutdown->arg);
        return;
    }
    log_at(LOG_WARN, "stopped at the limit, work under way is left to be taken up again",
           LOG_TEXT("stage", shutdown->stage[-1].name));
    _exit(EXIT_SUCCESS);
}

static void signalled(uv_signal_t *handle, int number)
{
    log_at(LOG_INFO, "stopping", LOG_INT("signal", number));
    shutdown_begin(handle->data);
}

void shutdown_init(uv_loop_t *loop, struct shutdown *shutdown, const struct shutdown_stage *stages,
                   void (*last_call)(void *arg), void *arg, int64_t limit_ms)
{
    *shutdown = (struct shutdown){
        .stage = stages, .last_call = last_call, .arg = arg, .limit_ms = limit_ms};
    uv_signal_init(loop, &shutdown->term);
    uv_signal_init(loop, &shutdown->interrupt);
    uv_timer_init(loop, &shutdown->limit);
    shutdown->term.data = shutdown->interrupt.data = shutdown->limit.data = shutdown;
    uv_signal_start(&shutdown->term, signalled, SIGTERM);
    uv_signal_start(&shutdown->interrupt, signalled, SIGINT);
}

void shutdown_begin(struct shutdown *shutdown)
{
    if (shutdown->begun)
        return;
    shutdown->begun = true;
    int64_t first_ms = shutdown->limit_ms > LAST_CALL_MS ? shutdown->limit_ms - LAST_CALL_MS : 0;
    uv_timer_start(&shutdown->limit, limit_passed, (uint64_t)first_ms, 0);
    next(shutdown);
}
