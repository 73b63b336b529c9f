/* GET /events/{id}: one event of the caller.
 *
 *     load -> finish
 */
#include "services/media/usecases/event_usecases.h"

#include "shared/base/alloc.h"
#include "shared/flow/flow.h"

struct get_event {
    struct flow flow;
    const struct media_deps *deps;
    struct pr_uuid caller, event_id;
    struct event event; /* load fills it */
    struct pr_fault fault;
    event_done_fn done;
    void *done_arg;
};

static enum pr_err load(void *arg)
{
    struct get_event *op = arg;
    op->deps->events->load(op->deps->events, &op->caller, &op->event_id, &op->event,
                           flow_wait(&op->flow));
    return PR_OK;
}

static void finish(void *arg, enum pr_err err)
{
    struct get_event *op = arg;
    op->fault.err = err;
    op->done(op->done_arg, &op->fault, &op->event);
    free(op);
}

void get_event(const struct media_deps *deps, const struct pr_uuid *caller,
               const struct pr_uuid *event_id, event_done_fn done, void *arg)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(load),
        FLOW_STEPS_END,
    };
    struct get_event *op = PR_NEW(struct get_event);
    op->deps = deps;
    op->caller = *caller;
    op->event_id = *event_id;
    op->done = done;
    op->done_arg = arg;
    flow_start(&op->flow, "get_event", steps, finish, op);
}
