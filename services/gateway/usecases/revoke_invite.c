/* DELETE /api/invites/{id}: nobody signs up with it any more.
 *
 *     revoke_one -> finish
 */
#include "services/gateway/usecases/usecases.h"

#include "shared/base/alloc.h"
#include "shared/flow/flow.h"

struct revoke_invite {
    struct flow flow;
    const struct gateway_deps *deps;
    struct pr_uuid id;
    struct pr_done done;
};

static enum pr_err revoke_one(void *arg)
{
    struct revoke_invite *op = arg;
    op->deps->invites->revoke(op->deps->invites, &op->id, flow_wait(&op->flow));
    return PR_OK;
}

static void finish(void *arg, enum pr_err err)
{
    struct revoke_invite *op = arg;
    pr_done_call(op->done, err);
    free(op);
}

void revoke_invite(const struct gateway_deps *deps, const struct pr_uuid *id, struct pr_done done)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(revoke_one),
        FLOW_STEPS_END,
    };
    struct revoke_invite *op = PR_NEW(struct revoke_invite);
    op->deps = deps;
    op->id = *id;
    op->done = done;
    flow_start(&op->flow, "revoke_invite", steps, finish, op);
}
