/* media.finalized: remembers the media and adds the job that renders it.
 *
 *     queue -> finish
 */
#include "services/thumbnailer/usecases/usecases.h"

#include "shared/base/alloc.h"
#include "shared/flow/flow.h"

struct queue_render {
    struct flow flow;
    const struct render_deps *deps;
    const struct message_origin *origin;
    const struct media_finalized_msg *msg;
    struct pr_str value;
    struct pr_done done;
};

static enum pr_err queue(void *arg)
{
    struct queue_render *op = arg;
    op->deps->repo->queue(op->deps->repo, op->origin, op->msg, op->value, flow_wait(&op->flow));
    return PR_OK;
}

static void finish(void *arg, enum pr_err err)
{
    struct queue_render *op = arg;
    pr_done_call(op->done, err);
    free(op);
}

void queue_render(const struct render_deps *deps, const struct message_origin *origin,
                  const struct media_finalized_msg *msg, struct pr_str value, struct pr_done done)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(queue),
        FLOW_STEPS_END,
    };
    struct queue_render *op = PR_NEW(struct queue_render);
    op->deps = deps;
    op->origin = origin;
    op->msg = msg;
    op->value = value;
    op->done = done;
    flow_start(&op->flow, "queue_render", steps, finish, op);
}
