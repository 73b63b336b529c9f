/* GET /api/accounts/me: the account as it is now.
 *
 *     load -> finish
 */
#include "services/gateway/usecases/usecases.h"

#include "shared/base/alloc.h"
#include "shared/flow/flow.h"

struct get_account {
    struct flow flow;
    const struct gateway_deps *deps;
    struct pr_uuid id;
    struct account account; /* load fills it */
    account_done_fn done;
    void *done_arg;
};

static enum pr_err load(void *arg)
{
    struct get_account *op = arg;
    op->deps->accounts->load(op->deps->accounts, &op->id, &op->account, flow_wait(&op->flow));
    return PR_OK;
}

static void finish(void *arg, enum pr_err err)
{
    struct get_account *op = arg;
    struct pr_fault fault = {.err = err};
    op->done(op->done_arg, &fault, &op->account, false);
    free(op);
}

void get_account(const struct gateway_deps *deps, const struct pr_uuid *id, account_done_fn done,
                 void *arg)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(load),
        FLOW_STEPS_END,
    };
    struct get_account *op = PR_NEW(struct get_account);
    op->deps = deps;
    op->id = *id;
    op->done = done;
    op->done_arg = arg;
    flow_start(&op->flow, "get_account", steps, finish, op);
}
