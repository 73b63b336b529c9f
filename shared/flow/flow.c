#include "shared/flow/flow.h"

#include "shared/base/time.h"

#include <assert.h>

static const struct flow_observer no_observer;
static const struct flow_observer *observer = &no_observer;

void flow_set_observer(const struct flow_observer *to)
{
    observer = to ? to : &no_observer;
}

static void end_step(struct flow *flow)
{
    int64_t now_ns = pr_monotonic_ns();
    if (observer->step_done)
        observer->step_done(flow->name, flow->step->name, now_ns - flow->step_ns, flow->err);
    if (flow->err)
        log_at(log_level_of(flow->err), "step failed", LOG_ERR(flow->err),
               LOG_NUM("duration_ms", (double)(now_ns - flow->start_ns) / 1e6));
}

static void end_flow(struct flow *flow)
{
    if (observer->finished)
        observer->finished(flow->name, pr_monotonic_ns() - flow->start_ns, flow->err);
    flow->finish(flow->arg, flow->err); /* the flow may be gone now */
}

/* A loop, not recursion: a completion called while a step still runs only counts. */
static void drive(struct flow *flow)
{
    if (flow->driving)
        return;
    const struct log_context *outer = log_context_enter(&flow->context);
    flow->driving = true;
    while (flow->waiting == 0) {
        if (flow->started) {
            end_step(flow);
            flow->step++;
        }
        flow->started = true;
        if (flow->err || flow->stopped || !flow->step->run) {
            struct log_context last = flow->context; /* finish may free the flow */
            last.step = NULL;
            log_context_enter(&last);
            end_flow(flow);
            log_context_enter(outer);
            return;
        }
        flow->context.step = flow->step->name;
        flow->step_ns = pr_monotonic_ns();
        enum pr_err err = flow->step->run(flow->arg);
        if (err && !flow->err)
            flow->err = err;
    }
    flow->driving = false;
    log_context_enter(outer);
}

void flow_start(struct flow *flow, const char *name, const struct flow_step *steps,
                flow_finish_fn finish, void *arg)
{
    const struct log_context *outer = log_context_current();
    *flow = (struct flow){
        .name = name,
        .step = steps,
        .finish = finish,
        .arg = arg,
        .start_ns = pr_monotonic_ns(),
    };
    if (outer)
        flow->context = *outer;
    flow->context.usecase = name;
    if (observer->started)
        observer->started(name);
    drive(flow);
}

static void wait_done(void *arg, enum pr_err err)
{
    struct flow *flow = arg;
    assert(flow->waiting > 0);
    flow->waiting--;
    if (err && !flow->err)
        flow->err = err;
    drive(flow);
}

struct pr_done flow_wait(struct flow *flow)
{
    assert(flow->driving);
    flow->waiting++;
    return (struct pr_done){wait_done, flow};
}

enum pr_err flow_stop(struct flow *flow)
{
    flow->stopped = true;
    return PR_OK;
}
