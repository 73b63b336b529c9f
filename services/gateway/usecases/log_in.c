/* POST /api/sessions: a browser gets a session.
 *
 *     limit -> find -> verify -> judge -> add -> settle -> finish
 *
 * Who asks learns nothing but whether address and password belong together: an address nobody has,
 * one that is none, and a wrong password make the same calls, take the same time, and get the same
 * 401. That an account is disabled is told to who knows its password. The limit is for each address
 * that is tried, so that many clients cannot guess at one password together. A password that is
 * changed while it is verified is wrong, too: add tells.
 *
 * The session that the browser had ends with it, whoever's it was: nobody else holds its secret, and
 * after this nobody does.
 *
 * An account that has as many sessions as it may loses the one that was used longest ago: a program
 * that logs in again and again must not lock its owner out. */
#include "services/gateway/usecases/expect.h"
#include "services/gateway/usecases/faults.h"
#include "services/gateway/usecases/make_secret.h"
#include "services/gateway/usecases/usecases.h"

#include "shared/base/alloc.h"
#include "shared/crypto/crypto.h"
#include "shared/flow/flow.h"

struct log_in {
    struct flow flow;
    const struct gateway_deps *deps;
    struct log_in_cmd cmd;
    char email[ACCOUNT_EMAIL_MAX + 1]; /* lower case; empty: it can be nobody's */
    struct limit_verdict verdict;      /* limit fills it */
    struct login login;                /* find fills it */
    bool same;                         /* verify fills it, unless */
    struct expected busy;              /* too many wait */
    char secret[SECRET_TEXT];
    uint8_t hash[SECRET_HASH_BYTES], replaced[SECRET_HASH_BYTES];
    struct credential session; /* add makes it, unless */
    struct expected overtaken; /* the password was changed, or the account disabled, meanwhile */
    struct pr_fault fault;
    log_in_done_fn done;
    void *done_arg;
};

static enum pr_err limit(void *arg)
{
    struct log_in *op = arg;
    struct pr_fault ignored;
    if (account_check_email(op->cmd.email, op->email, &ignored))
        op->email[0] = 0;
    limiter_take(op->deps->limiter, &op->deps->login_rate, pr_str(op->email), &op->verdict,
                 flow_wait(&op->flow));
    return PR_OK;
}

static enum pr_err find(void *arg)
{
    struct log_in *op = arg;
    if (!op->verdict.allowed)
        return limit_fault(&op->verdict, &op->fault);
    op->deps->accounts->find_login(op->deps->accounts, pr_str(op->email), &op->login,
                                   flow_wait(&op->flow));
    return PR_OK;
}

static enum pr_err verify(void *arg)
{
    struct log_in *op = arg;
    op->deps->passwords->verify(op->deps->passwords, op->cmd.password,
                                op->login.found ? op->login.password_hash : NULL, &op->same,
                                expect(&op->busy, PR_ERR_LIMITED, flow_wait(&op->flow)));
    return PR_OK;
}

static enum pr_err wrong_fault(struct pr_fault *fault)
{
    return pr_fault_set(fault, PR_ERR_UNAUTHORIZED, "", "the address or the password is wrong");
}

static enum pr_err judge(void *arg)
{
    struct log_in *op = arg;
    if (op->busy.came)
        return busy_fault(&op->fault);
    if (!op->login.found || !op->same)
        return wrong_fault(&op->fault);
    if (op->login.account.disabled)
        return pr_fault_set(&op->fault, PR_ERR_FORBIDDEN, "", "the account is disabled");
    return PR_OK;
}

static enum pr_err add(void *arg)
{
    struct log_in *op = arg;
    struct credential_repo *repo = op->deps->credentials;
    int64_t now_ms = pr_now_ms(op->deps->clock);
    bool replaces = secret_is(SECRET_SESSION, op->cmd.replaces);
    op->session = (struct credential){
        .id = pr_uuid_v7(now_ms),
        .account_id = op->login.account.id,
        .kind = CREDENTIAL_SESSION,
        .scopes = SCOPE_ALL,
        .created_at_ms = now_ms,
        .expires_at_ms = now_ms + op->deps->session_ttl_ms,
    };
    credential_set_browser(&op->session, op->cmd.agent, op->cmd.address);
    make_secret(SECRET_SESSION, op->secret, op->hash);
    sha256(op->cmd.replaces, op->replaced);
    repo->add_session(repo, &op->session, op->hash, op->login.password_hash,
                      replaces ? op->replaced : NULL,
                      expect(&op->overtaken, PR_ERR_UNAUTHORIZED, flow_wait(&op->flow)));
    return PR_OK;
}

static enum pr_err settle(void *arg)
{
    struct log_in *op = arg;
    return op->overtaken.came ? wrong_fault(&op->fault) : PR_OK;
}

/* Whose session ended is asked for anew, also when add failed: its answer may be lost, and the
 * session ended nevertheless. */
static void forget(struct log_in *op)
{
    struct credential_cache *cache = op->deps->cache;
    const struct credential_entry *replaced = credential_cache_find(cache, op->replaced);
    if (replaced)
        credential_cache_drop_account(cache, &replaced->caller.identity.account_id);
    credential_cache_drop_account(cache, &op->session.account_id);
}

static void finish(void *arg, enum pr_err err)
{
    struct log_in *op = arg;
    op->fault.err = err;
    if (!pr_uuid_is_nil(&op->session.id))
        forget(op);
    op->done(op->done_arg, &op->fault, op->verdict.allowed ? NULL : &op->verdict, op->secret,
             &op->session, &op->login.account);
    crypto_wipe(op, sizeof *op);
    free(op);
}

void log_in(const struct gateway_deps *deps, const struct log_in_cmd *cmd, log_in_done_fn done,
            void *arg)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(limit), FLOW_STEP(find),   FLOW_STEP(verify), FLOW_STEP(judge),
        FLOW_STEP(add),   FLOW_STEP(settle), FLOW_STEPS_END,
    };
    struct log_in *op = PR_NEW(struct log_in);
    op->deps = deps;
    op->cmd = *cmd;
    op->done = done;
    op->done_arg = arg;
    flow_start(&op->flow, "log_in", steps, finish, op);
}
