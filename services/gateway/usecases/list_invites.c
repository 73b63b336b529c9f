/* GET /api/invites: the invitations that have not expired.
 *
 *     list -> finish
 */
#include "services/gateway/usecases/usecases.h"

#include "shared/base/alloc.h"
#include "shared/flow/flow.h"

struct list_invites {
    struct flow flow;
    const struct gateway_deps *deps;
    struct invite_list list; /* list fills it */
    list_invites_done_fn done;
    void *done_arg;
};

static enum pr_err list(void *arg)
{
    struct list_invites *op = arg;
    op->deps->invites->list(op->deps->invites, pr_now_ms(op->deps->clock), &op->list,
                            flow_wait(&op->flow));
    return PR_OK;
}

static void finish(void *arg, enum pr_err err)
{
    struct list_invites *op = arg;
    op->done(op->done_arg, err, &op->list);
    pr_arena_fini(&op->list.arena);
    free(op);
}

void list_invites(const struct gateway_deps *deps, list_invites_done_fn done, void *arg)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(list),
        FLOW_STEPS_END,
    };
    struct list_invites *op = PR_NEW(struct list_invites);
    op->deps = deps;
    op->done = done;
    op->done_arg = arg;
    flow_start(&op->flow, "list_invites", steps, finish, op);
}
