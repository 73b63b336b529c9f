/* PATCH /api/accounts/{id}: an administrator sets tier, role or disabled.
 *
 *     check -> save -> settle -> finish
 */
#include "services/gateway/usecases/expect.h"
#include "services/gateway/usecases/faults.h"
#include "services/gateway/usecases/usecases.h"

#include "shared/base/alloc.h"
#include "shared/flow/flow.h"

struct administer_account {
    struct flow flow;
    const struct gateway_deps *deps;
    struct pr_uuid id;
    struct account_change change;
    struct account account; /* save fills it, unless */
    struct expected last;   /* no administrator would be left */
    struct pr_fault fault;
    account_done_fn done;
    void *done_arg;
};

static enum pr_err check(void *arg)
{
    struct administer_account *op = arg;
    if (!op->change.has_tier && !op->change.has_role && !op->change.has_disabled)
        return pr_fault_set(&op->fault, PR_ERR_INVALID, "body", "must have tier, role or disabled");
    return PR_OK;
}

static enum pr_err save(void *arg)
{
    struct administer_account *op = arg;
    struct account_repo *repo = op->deps->accounts;
    repo->administer(repo, &op->id, &op->change, pr_now_ms(op->deps->clock), &op->account,
                     expect(&op->last, PR_ERR_CONFLICT, flow_wait(&op->flow)));
    return PR_OK;
}

static enum pr_err settle(void *arg)
{
    struct administer_account *op = arg;
    return op->last.came ? last_admin_fault(&op->fault) : PR_OK;
}

static void finish(void *arg, enum pr_err err)
{
    struct administer_account *op = arg;
    op->fault.err = err;
    /* Also when that failed: the answer may be lost, and the account changed nevertheless. */
    credential_cache_drop_account(op->deps->cache, &op->id);
    op->done(op->done_arg, &op->fault, &op->account, false);
    free(op);
}

void administer_account(const struct gateway_deps *deps, const struct pr_uuid *id,
                        const struct account_change *change, account_done_fn done, void *arg)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(check),
        FLOW_STEP(save),
        FLOW_STEP(settle),
        FLOW_STEPS_END,
    };
    struct administer_account *op = PR_NEW(struct administer_account);
    op->deps = deps;
    op->id = *id;
    op->change = *change;
    op->done = done;
    op->done_arg = arg;
    flow_start(&op->flow, "administer_account", steps, finish, op);
}
