/* media.rejected: a finalized media becomes rejected, with the reason.
 *
 *     apply -> finish
 */
#include "services/media/usecases/usecases.h"

#include "shared/base/alloc.h"
#include "shared/flow/flow.h"

struct apply_rejected {
    struct flow flow;
    const struct media_deps *deps;
    const struct message_origin *origin;
    const struct media_rejected_msg *msg;
    struct pr_done done;
};

static enum pr_err apply(void *arg)
{
    struct apply_rejected *op = arg;
    op->deps->repo->apply_rejected(op->deps->repo, op->origin, op->msg, flow_wait(&op->flow));
    return PR_OK;
}

static void finish(void *arg, enum pr_err err)
{
    struct apply_rejected *op = arg;
    pr_done_call(op->done, err);
    free(op);
}

void apply_rejected(const struct media_deps *deps, const struct message_origin *origin,
                    const struct media_rejected_msg *msg, struct pr_done done)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(apply),
        FLOW_STEPS_END,
    };
    struct apply_rejected *op = PR_NEW(struct apply_rejected);
    op->deps = deps;
    op->origin = origin;
    op->msg = msg;
    op->done = done;
    flow_start(&op->flow, "apply_rejected", steps, finish, op);
}
