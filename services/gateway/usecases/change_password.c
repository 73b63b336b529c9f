/* POST /api/accounts/me/password: who knows the old one sets a new one.
 *
 *     load -> verify -> hash -> save -> settle -> finish
 *
 * Every session of the account ends but the caller's own, so that whoever had got hold of the old
 * password is out. Tokens stay: they were made apart from it. The route counts as a login of its
 * account: a session that was stolen must not become a way to guess the password. */
#include "services/gateway/usecases/expect.h"
#include "services/gateway/usecases/faults.h"
#include "services/gateway/usecases/usecases.h"

#include "shared/base/alloc.h"
#include "shared/crypto/crypto.h"
#include "shared/flow/flow.h"

struct change_password {
    struct flow flow;
    const struct gateway_deps *deps;
    struct change_password_cmd cmd;
    struct pr_uuid keep;                    /* the caller's session; nil: it came with a token */
    struct login login;                     /* load fills it */
    bool same;                              /* verify fills it, unless */
    struct expected busy;                   /* too many wait; of hash as well */
    char password_hash[PASSWORD_HASH_TEXT]; /* hash fills it */
    struct expected overtaken;              /* save: another change came first */
    struct pr_fault fault;
    fault_done_fn done;
    void *done_arg;
};

static enum pr_err load(void *arg)
{
    struct change_password *op = arg;
    op->deps->accounts->load_login(op->deps->accounts, &op->cmd.caller.identity.account_id,
                                   &op->login, flow_wait(&op->flow));
    return PR_OK;
}

static enum pr_err verify(void *arg)
{
    struct change_password *op = arg;
    enum pr_err err = account_check_password(op->cmd.new_password, "new_password",
                                             &op->login.account, &op->fault);
    if (!err)
        op->deps->passwords->verify(op->deps->passwords, op->cmd.current_password,
                                    op->login.found ? op->login.password_hash : NULL, &op->same,
                                    expect(&op->busy, PR_ERR_LIMITED, flow_wait(&op->flow)));
    return err;
}

static enum pr_err wrong_fault(struct change_password *op)
{
    return pr_fault_set(&op->fault, PR_ERR_INVALID, "current_password", "is wrong");
}

static enum pr_err hash(void *arg)
{
    struct change_password *op = arg;
    if (op->busy.came)
        return busy_fault(&op->fault);
    if (!op->login.found || !op->same)
        return wrong_fault(op);
    op->deps->passwords->hash(op->deps->passwords, op->cmd.new_password, op->password_hash,
                              expect(&op->busy, PR_ERR_LIMITED, flow_wait(&op->flow)));
    return PR_OK;
}

static enum pr_err save(void *arg)
{
    struct change_password *op = arg;
    if (op->busy.came)
        return busy_fault(&op->fault);
    op->deps->accounts->change_password(
        op->deps->accounts, &op->login.account.id, op->login.password_hash, op->password_hash,
        &op->keep, expect(&op->overtaken, PR_ERR_NOT_FOUND, flow_wait(&op->flow)));
    return PR_OK;
}

/* What was right when it was verified is not any more: whoever knows the old password alone does not
 * undo its change. */
static enum pr_err settle(void *arg)
{
    struct change_password *op = arg;
    return op->overtaken.came ? wrong_fault(op) : PR_OK;
}

static void finish(void *arg, enum pr_err err)
{
    struct change_password *op = arg;
    op->fault.err = err;
    /* Also when save failed: the answer may be lost, and the sessions ended nevertheless. */
    credential_cache_drop_account(op->deps->cache, &op->cmd.caller.identity.account_id);
    op->done(op->done_arg, &op->fault);
    crypto_wipe(op, sizeof *op);
    free(op);
}

void change_password(const struct gateway_deps *deps, const struct change_password_cmd *cmd,
                     fault_done_fn done, void *arg)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(load), FLOW_STEP(verify), FLOW_STEP(hash),
        FLOW_STEP(save), FLOW_STEP(settle), FLOW_STEPS_END,
    };
    struct change_password *op = PR_NEW(struct change_password);
    op->deps = deps;
    op->cmd = *cmd;
    if (cmd->caller.kind == CREDENTIAL_SESSION)
        op->keep = cmd->caller.credential_id;
    op->done = done;
    op->done_arg = arg;
    flow_start(&op->flow, "change_password", steps, finish, op);
}
