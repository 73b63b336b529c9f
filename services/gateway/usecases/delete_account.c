/* DELETE /api/accounts/me: the account and its credentials go now; what the other services keep of
 * it goes when account.changed reaches them.
 *
 *     remove_row -> settle -> finish
 */
#include "services/gateway/usecases/expect.h"
#include "services/gateway/usecases/faults.h"
#include "services/gateway/usecases/usecases.h"

#include "shared/base/alloc.h"
#include "shared/flow/flow.h"

struct delete_account {
    struct flow flow;
    const struct gateway_deps *deps;
    struct pr_uuid id;
    struct expected last; /* remove_row: it is the last administrator */
    struct pr_fault fault;
    fault_done_fn done;
    void *done_arg;
};

static enum pr_err remove_row(void *arg)
{
    struct delete_account *op = arg;
    struct account_repo *repo = op->deps->accounts;
    repo->remove(repo, &op->id, pr_now_ms(op->deps->clock),
                 expect(&op->last, PR_ERR_CONFLICT, flow_wait(&op->flow)));
    return PR_OK;
}

static enum pr_err settle(void *arg)
{
    struct delete_account *op = arg;
    return op->last.came ? last_admin_fault(&op->fault) : PR_OK;
}

static void finish(void *arg, enum pr_err err)
{
    struct delete_account *op = arg;
    op->fault.err = err;
    /* Also when that failed: the answer may be lost, and the account gone nevertheless. */
    credential_cache_drop_account(op->deps->cache, &op->id);
    op->done(op->done_arg, &op->fault);
    free(op);
}

void delete_account(const struct gateway_deps *deps, const struct pr_uuid *id, fault_done_fn done,
                    void *arg)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(remove_row),
        FLOW_STEP(settle),
        FLOW_STEPS_END,
    };
    struct delete_account *op = PR_NEW(struct delete_account);
    op->deps = deps;
    op->id = *id;
    op->done = done;
    op->done_arg = arg;
    flow_start(&op->flow, "delete_account", steps, finish, op);
}
