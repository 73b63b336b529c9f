/* account.changed: what a deleted account owned is removed.
 *
 *     apply -> finish
 *
 * An identity that was signed just before the deletion is good for half a minute more, and what is
 * made with it must not stay: so the library is purged at once, because its owner asked for it, and
 * once more a minute later. */
#include "services/media/usecases/usecases.h"

#include "shared/base/alloc.h"
#include "shared/flow/flow.h"

struct apply_account {
    struct flow flow;
    const struct media_deps *deps;
    const struct message_origin *origin;
    const struct account_changed_msg *msg;
    struct pr_done done;
};

static enum pr_err apply(void *arg)
{
    struct apply_account *op = arg;
    op->deps->repo->apply_account(op->deps->repo, op->origin, op->msg, flow_wait(&op->flow));
    return PR_OK;
}

static void finish(void *arg, enum pr_err err)
{
    struct apply_account *op = arg;
    pr_done_call(op->done, err);
    free(op);
}

void apply_account(const struct media_deps *deps, const struct message_origin *origin,
                   const struct account_changed_msg *msg, struct pr_done done)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(apply),
        FLOW_STEPS_END,
    };
    struct apply_account *op = PR_NEW(struct apply_account);
    op->deps = deps;
    op->origin = origin;
    op->msg = msg;
    op->done = done;
    flow_start(&op->flow, "apply_account", steps, finish, op);
}
