/* DELETE /events/{id}: nobody sees it any more; the job purge_event takes it apart.
 *
 *     close_event -> finish
 */
#include "services/media/usecases/event_usecases.h"

#include "shared/base/alloc.h"
#include "shared/flow/flow.h"

struct delete_event {
    struct flow flow;
    const struct media_deps *deps;
    struct pr_uuid caller, event_id;
    struct pr_fault fault;
    event_fault_fn done;
    void *done_arg;
};

static enum pr_err close_event(void *arg)
{
    struct delete_event *op = arg;
    op->deps->events->close(op->deps->events, &op->caller, &op->event_id, flow_wait(&op->flow));
    return PR_OK;
}

static void finish(void *arg, enum pr_err err)
{
    struct delete_event *op = arg;
    op->fault.err = err;
    op->done(op->done_arg, &op->fault);
    free(op);
}

void delete_event(const struct media_deps *deps, const struct pr_uuid *caller,
                  const struct pr_uuid *event_id, event_fault_fn done, void *arg)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(close_event),
        FLOW_STEPS_END,
    };
    struct delete_event *op = PR_NEW(struct delete_event);
    op->deps = deps;
    op->caller = *caller;
    op->event_id = *event_id;
    op->done = done;
    op->done_arg = arg;
    flow_start(&op->flow, "delete_event", steps, finish, op);
}
