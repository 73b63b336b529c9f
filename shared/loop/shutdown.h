/* shutdown: takes a process down in order. Each stage is closed when the one before it is gone; on
 * the first SIGTERM or SIGINT, or when asked. When the limit passes, what is left is abandoned:
 * everything of ours survives that, as it survives SIGKILL. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

typedef void (*shutdown_closed_fn)(void *arg);

struct shutdown_stage {
    const char *name; /* for the log; NULL ends the table */
    void (*close)(void *arg, shutdown_closed_fn closed,
                  void *closed_arg); /* may call closed at once */
};

struct shutdown {
    uv_signal_t term, interrupt;
    uv_timer_t limit;
    int64_t limit_ms;
    void (*last_call)(void *arg); /* a second before the limit; NULL: none */
    bool called;
    const struct shutdown_stage *stage;
    void *arg;
    bool begun;
};

/* Storage is the caller's until the loop ends. stages are borrowed. last_call may still give away what
 * the limit would cut off; NULL: there is nothing. */
void shutdown_init(uv_loop_t *loop, struct shutdown *shutdown, const struct shutdown_stage *stages,
                   void (*last_call)(void *arg), void *arg, int64_t limit_ms);
void shutdown_begin(struct shutdown *shutdown);
