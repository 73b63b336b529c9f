/* flow: linear asynchronous work as a table of named steps.
 *
 *     static const struct flow_step steps[] = {
 *         FLOW_STEP(load_media), FLOW_STEP(head_object), FLOW_STEP(commit), FLOW_STEPS_END,
 *     };
 *     flow_start(&op->flow, "finalize_media", steps, finish, op);
 *
 * A step starts what it needs, giving each port call a flow_wait(), and returns PR_OK; the next
 * step runs when every completion of this one has been called. Ports may answer at once or later. A
 * step that waits for nothing is followed by the next one directly. The first error (returned, or
 * given to a completion) ends the table; flow_stop ends it as a success. `finish` then runs exactly
 * once, after the last completion, and frees the op or starts a table anew. Everything runs on the loop thread. */
#pragma once

#include "shared/base/done.h"
#include "shared/log/log.h"

struct flow_step {
    const char *name;
    enum pr_err (*run)(void *arg);
};

#define FLOW_STEP(fn)                                                                              \
    {                                                                                              \
#fn, fn                                                                                    \
    }
#define FLOW_STEPS_END                                                                             \
    {                                                                                              \
        NULL, NULL                                                                                 \
    }

typedef void (*flow_finish_fn)(void *arg, enum pr_err err);

struct flow {
    const char *name;
    const struct flow_step *step; /* the one that runs, or ran last */
    flow_finish_fn finish;
    void *arg;
    enum pr_err err;
    unsigned waiting; /* completions given out and not yet called */
    bool driving, stopped, started;
    int64_t start_ns, step_ns;
    struct log_context context; /* copied from the current one at the start */
};

/* Runs the table; may call finish before it returns. name is static text. */
void flow_start(struct flow *flow, const char *name, const struct flow_step *steps,
                flow_finish_fn finish, void *arg);

/* A completion that the current step waits for; call it exactly once. */
struct pr_done flow_wait(struct flow *flow);

/* Success, skip the rest: `return flow_stop(&op->flow);`. Returns PR_OK. */
enum pr_err flow_stop(struct flow *flow);

/* What the metrics learn; NULL fields are skipped. One observer a process. */
struct flow_observer {
    void (*started)(const char *flow);
    void (*step_done)(const char *flow, const char *step, int64_t duration_ns, enum pr_err err);
    void (*finished)(const char *flow, int64_t duration_ns, enum pr_err err);
};
void flow_set_observer(const struct flow_observer *to); /* borrowed for ever; NULL: none */
