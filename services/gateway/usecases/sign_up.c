/* POST /api/accounts: somebody becomes an account, on invitation or freely.
 *
 *     check -> hash -> add -> judge -> finish
 *
 * Everything is checked before the password is hashed, which is the dear part. An invitation counts
 * also where none is needed: it may carry a tier and a role; add uses it up together with making
 * the account.
 *
 * Whoever asks with an address learns by the 409 whether it has an account here. Without mail there
 * is no other way to tell him, so that the limit on sign-ups is what bounds such asking. */
#include "services/gateway/usecases/expect.h"
#include "services/gateway/usecases/faults.h"
#include "services/gateway/usecases/usecases.h"

#include "shared/base/alloc.h"
#include "shared/crypto/crypto.h"
#include "shared/flow/flow.h"

struct sign_up {
    struct flow flow;
    const struct gateway_deps *deps;
    struct sign_up_cmd cmd;
    struct account account; /* check fills it, add what was stored */
    uint8_t invite_hash[SECRET_HASH_BYTES];
    char password_hash[PASSWORD_HASH_TEXT]; /* hash fills it */
    struct expected busy;                   /* hash: too many wait */
    struct new_account new_account;
    enum creation creation; /* add fills it */
    struct pr_fault fault;
    account_done_fn done;
    void *done_arg;
};

static enum pr_err check_invite(struct sign_up *op)
{
    if (op->deps->signup == SIGNUP_CLOSED)
        return pr_fault_set(&op->fault, PR_ERR_FORBIDDEN, "", "sign-up is closed");
    if (op->cmd.invite.n == 0 && op->deps->signup == SIGNUP_OPEN)
        return PR_OK;
    if (op->cmd.invite.n == 0)
        return pr_fault_set(&op->fault, PR_ERR_FORBIDDEN, "invite", "is needed to sign up");
    if (!secret_is(SECRET_INVITE, op->cmd.invite))
        return creation_fault(CREATION_NOT_INVITED, &op->fault);
    sha256(op->cmd.invite, op->invite_hash);
    op->new_account.invite_hash = op->invite_hash;
    return PR_OK;
}

static enum pr_err check(void *arg)
{
    struct sign_up *op = arg;
    struct account *account = &op->account;
    int64_t now_ms = pr_now_ms(op->deps->clock);
    *account = (struct account){.id = pr_uuid_v7(now_ms), .version = 1, .created_at_ms = now_ms};
    enum pr_err err = check_invite(op);
    if (!err)
        err = account_check_email(op->cmd.email, account->email, &op->fault);
    if (!err)
        err = account_check_name(op->cmd.name, &op->fault);
    if (!err && !pr_str_copy(op->cmd.name, account->name, sizeof account->name))
        err = PR_ERR_INTERNAL; /* a checked name fits */
    if (!err)
        err = account_check_password(op->cmd.password, "password", account, &op->fault);
    return err;
}

static enum pr_err hash(void *arg)
{
    struct sign_up *op = arg;
    op->deps->passwords->hash(op->deps->passwords, op->cmd.password, op->password_hash,
                              expect(&op->busy, PR_ERR_LIMITED, flow_wait(&op->flow)));
    return PR_OK;
}

static enum pr_err add(void *arg)
{
    struct sign_up *op = arg;
    if (op->busy.came)
        return busy_fault(&op->fault);
    op->new_account.account = op->account;
    op->new_account.password_hash = op->password_hash;
    op->deps->accounts->add(op->deps->accounts, &op->new_account, &op->cmd.idempotency,
                            &op->account, &op->creation, flow_wait(&op->flow));
    return PR_OK;
}

static enum pr_err judge(void *arg)
{
    struct sign_up *op = arg;
    return creation_fault(op->creation, &op->fault);
}

static void finish(void *arg, enum pr_err err)
{
    struct sign_up *op = arg;
    op->fault.err = err;
    op->done(op->done_arg, &op->fault, &op->account, op->creation == CREATION_REPLAYED);
    crypto_wipe(op->password_hash, sizeof op->password_hash);
    free(op);
}

void sign_up(const struct gateway_deps *deps, const struct sign_up_cmd *cmd, account_done_fn done,
             void *arg)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(check), FLOW_STEP(hash), FLOW_STEP(add), FLOW_STEP(judge), FLOW_STEPS_END,
    };
    struct sign_up *op = PR_NEW(struct sign_up);
    op->deps = deps;
    op->cmd = *cmd;
    op->done = done;
    op->done_arg = arg;
    flow_start(&op->flow, "sign_up", steps, finish, op);
}
