/* POST /api/sessions: a browser gets a session.
 *
 *     limit -> find -> verify -> judge -> find_replaced -> end_replaced -> add -> finish
 *                                                  (full) list_sessions -> end_stalest -> add
 *
 * Who asks learns nothing but whether address and password belong together: an address nobody has,
 * one that is none, and a wrong password make the same calls, take the same time, and get the same
 * 401. That an account is disabled is told to who knows its password. The limit is for each address
 * that is tried, so that many clients cannot guess at one password together. A password that is
 * changed while it is verified is wrong, too: add tells.
 *
 * The session that the browser had ends, whoever's it was: nobody else holds its secret, and after
 * this nobody does. It ends before the new one begins; when that then fails, the browser is logged
 * out and asks again.
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
    uint8_t replaced_hash[SECRET_HASH_BYTES];
    struct caller replaced; /* find_replaced fills it, unless */
    struct expected none;   /* the browser has no session that lives */
    struct expected ended;  /* end_replaced: meanwhile it has none */
    char secret[SECRET_TEXT];
    uint8_t hash[SECRET_HASH_BYTES];
    struct credential session, stored; /* add fills stored, unless */
    struct expected full;              /* the account has too many sessions */
    enum creation creation;
    struct credential_list sessions; /* list_sessions fills it, when full */
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

static enum pr_err judge(void *arg)
{
    struct log_in *op = arg;
    if (op->busy.came)
        return busy_fault(&op->fault);
    if (!op->login.found || !op->same)
        return pr_fault_set(&op->fault, PR_ERR_UNAUTHORIZED, "",
                            "the address or the password is wrong");
    if (op->login.account.disabled)
        return pr_fault_set(&op->fault, PR_ERR_FORBIDDEN, "", "the account is disabled");
    return PR_OK;
}

static enum pr_err find_replaced(void *arg)
{
    struct log_in *op = arg;
    struct credential_repo *repo = op->deps->credentials;
    int64_t now_ms = pr_now_ms(op->deps->clock);
    op->none.came = !secret_is(SECRET_SESSION, op->cmd.replaces);
    if (op->none.came)
        return PR_OK;
    sha256(op->cmd.replaces, op->replaced_hash);
    repo->find(repo, op->replaced_hash, now_ms, now_ms - op->deps->session_idle_ms, &op->replaced,
               expect(&op->none, PR_ERR_UNAUTHORIZED, flow_wait(&op->flow)));
    return PR_OK;
}

static enum pr_err end_replaced(void *arg)
{
    struct log_in *op = arg;
    struct credential_repo *repo = op->deps->credentials;
    if (!op->none.came)
        repo->revoke(repo, &op->replaced.identity.account_id, CREDENTIAL_SESSION,
                     &op->replaced.credential_id,
                     expect(&op->ended, PR_ERR_NOT_FOUND, flow_wait(&op->flow)));
    return PR_OK;
}

static enum pr_err add(void *arg)
{
    static const struct idempotency none;
    struct log_in *op = arg;
    struct credential_repo *repo = op->deps->credentials;
    int64_t now_ms = pr_now_ms(op->deps->clock);
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
    repo->add(repo, &op->session, op->hash, op->login.password_hash, &none, &op->stored,
              &op->creation, expect(&op->full, PR_ERR_LIMITED, flow_wait(&op->flow)));
    return PR_OK;
}

static enum pr_err list_sessions(void *arg)
{
    struct log_in *op = arg;
    struct credential_repo *repo = op->deps->credentials;
    if (!op->full.came)
        return flow_stop(&op->flow);
    repo->list(repo, &op->login.account.id, CREDENTIAL_SESSION, pr_now_ms(op->deps->clock),
               &op->sessions, flow_wait(&op->flow));
    return PR_OK;
}

static int64_t used_at_ms(const struct credential *session)
{
    return session->last_used_at_ms > session->created_at_ms ? session->last_used_at_ms
                                                             : session->created_at_ms;
}

static enum pr_err end_stalest(void *arg)
{
    struct log_in *op = arg;
    struct credential_repo *repo = op->deps->credentials;
    const struct credential *stalest = op->sessions.items;
    for (size_t i = 1; i < op->sessions.items_n; i++) {
        if (used_at_ms(&op->sessions.items[i]) < used_at_ms(stalest))
            stalest = &op->sessions.items[i];
    }
    if (op->sessions.items_n > 0)
        repo->revoke(repo, &stalest->account_id, CREDENTIAL_SESSION, &stalest->id,
                     expect(&op->ended, PR_ERR_NOT_FOUND, flow_wait(&op->flow)));
    return PR_OK;
}

/* Full again: somebody else took the place; asked again, it goes on. */
static enum pr_err settle(void *arg)
{
    struct log_in *op = arg;
    return op->full.came ? PR_ERR_UNAVAILABLE : PR_OK;
}

/* Who lost a session is asked for anew, also when the step failed: its answer may be lost, and the
 * session ended nevertheless. */
static void forget(struct log_in *op)
{
    if (!pr_uuid_is_nil(&op->replaced.credential_id))
        credential_cache_drop_account(op->deps->cache, &op->replaced.identity.account_id);
    if (op->sessions.items_n > 0)
        credential_cache_drop_account(op->deps->cache, &op->login.account.id);
}

static void finish(void *arg, enum pr_err err)
{
    struct log_in *op = arg;
    op->fault.err = err;
    forget(op);
    op->done(op->done_arg, &op->fault, op->verdict.allowed ? NULL : &op->verdict, op->secret,
             &op->stored, &op->login.account);
    pr_arena_fini(&op->sessions.arena);
    crypto_wipe(op, sizeof *op);
    free(op);
}

void log_in(const struct gateway_deps *deps, const struct log_in_cmd *cmd, log_in_done_fn done,
            void *arg)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(limit), FLOW_STEP(find),          FLOW_STEP(verify),
        FLOW_STEP(judge), FLOW_STEP(find_replaced), FLOW_STEP(end_replaced),
        FLOW_STEP(add),   FLOW_STEP(list_sessions), FLOW_STEP(end_stalest),
        FLOW_STEP(add),   FLOW_STEP(settle),        FLOW_STEPS_END,
    };
    struct log_in *op = PR_NEW(struct log_in);
    op->deps = deps;
    op->cmd = *cmd;
    op->done = done;
    op->done_arg = arg;
    flow_start(&op->flow, "log_in", steps, finish, op);
}
