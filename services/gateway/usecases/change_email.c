/* PATCH /api/accounts/me: another address to log in with.
 *
 *     check -> save -> settle -> finish
 */
#include "services/gateway/usecases/expect.h"
#include "services/gateway/usecases/faults.h"
#include "services/gateway/usecases/usecases.h"

#include "shared/base/alloc.h"
#include "shared/flow/flow.h"

struct change_email {
    struct flow flow;
    const struct gateway_deps *deps;
    struct pr_uuid id;
    struct pr_str wish;
    char email[ACCOUNT_EMAIL_MAX + 1]; /* check fills it */
    struct account account;            /* save fills it, unless */
    struct expected taken;             /* another account has the address */
    struct pr_fault fault;
    account_done_fn done;
    void *done_arg;
};

static enum pr_err check(void *arg)
{
    struct change_email *op = arg;
    return account_check_email(op->wish, op->email, &op->fault);
}

static enum pr_err save(void *arg)
{
    struct change_email *op = arg;
    struct account_repo *repo = op->deps->accounts;
    repo->change_email(repo, &op->id, pr_str(op->email), pr_now_ms(op->deps->clock), &op->account,
                       expect(&op->taken, PR_ERR_CONFLICT, flow_wait(&op->flow)));
    return PR_OK;
}

static enum pr_err settle(void *arg)
{
    struct change_email *op = arg;
    return op->taken.came ? creation_fault(CREATION_EMAIL_TAKEN, &op->fault) : PR_OK;
}

static void finish(void *arg, enum pr_err err)
{
    struct change_email *op = arg;
    op->fault.err = err;
    op->done(op->done_arg, &op->fault, &op->account, false);
    free(op);
}

void change_email(const struct gateway_deps *deps, const struct pr_uuid *id, struct pr_str email,
                  account_done_fn done, void *arg)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(check),
        FLOW_STEP(save),
        FLOW_STEP(settle),
        FLOW_STEPS_END,
    };
    struct change_email *op = PR_NEW(struct change_email);
    op->deps = deps;
    op->id = *id;
    op->wish = email;
    op->done = done;
    op->done_arg = arg;
    flow_start(&op->flow, "change_email", steps, finish, op);
}
