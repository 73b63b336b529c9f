/* POST /api/tokens: a program's credential, with no more rights than who makes it; when that is a
 * token itself, it does not outlast it.
 *
 *     check -> add -> settle -> finish
 *
 * The text is shown in the answer and kept nowhere. With an Idempotency-Key it is derived
 * (make_secret.h), so that settle can show a replay the one that was made then. */
#include "services/gateway/usecases/expect.h"
#include "services/gateway/usecases/faults.h"
#include "services/gateway/usecases/make_secret.h"
#include "services/gateway/usecases/usecases.h"

#include "shared/base/alloc.h"
#include "shared/crypto/crypto.h"
#include "shared/flow/flow.h"

#define EXPIRES_MIN_MS 1000
#define EXPIRES_MAX_MS (INT64_C(3650) * 24 * 3600 * 1000)

struct make_token {
    struct flow flow;
    const struct gateway_deps *deps;
    struct make_token_cmd cmd;
    struct credential token, stored; /* check fills token, add what was stored */
    char secret[SECRET_TEXT];
    uint8_t hash[SECRET_HASH_BYTES];
    enum creation creation; /* add fills it, unless */
    struct expected full;   /* the account has too many tokens */
    struct pr_fault fault;
    make_token_done_fn done;
    void *done_arg;
};

static int64_t end_of(const struct make_token_cmd *cmd, int64_t now_ms)
{
    const struct caller *caller = &cmd->caller;
    int64_t end_ms = now_ms + cmd->expires_in_ms;
    bool outlasts = caller->kind == CREDENTIAL_TOKEN && end_ms > caller->expires_at_ms;
    return outlasts ? caller->expires_at_ms : end_ms;
}

static enum pr_err check(void *arg)
{
    struct make_token *op = arg;
    const struct make_token_cmd *cmd = &op->cmd;
    int64_t now_ms = pr_now_ms(op->deps->clock);
    if (cmd->expires_in_ms < EXPIRES_MIN_MS || cmd->expires_in_ms > EXPIRES_MAX_MS)
        return pr_fault_set(&op->fault, PR_ERR_INVALID, "expires_in",
                            "must be 1 second to 10 years");
    op->token = (struct credential){
        .id = pr_uuid_v7(now_ms),
        .account_id = cmd->caller.identity.account_id,
        .kind = CREDENTIAL_TOKEN,
        .scopes = cmd->scopes,
        .created_at_ms = now_ms,
        .expires_at_ms = end_of(cmd, now_ms),
    };
    if (cmd->scopes & ~cmd->caller.scopes)
        return pr_fault_set(&op->fault, PR_ERR_FORBIDDEN, "scopes", "are more than yours");
    return credential_set_name(&op->token, cmd->name, &op->fault);
}

static void make_text(struct make_token *op, const struct pr_uuid *id)
{
    if (op->cmd.idempotency.given)
        derive_secret(SECRET_TOKEN, op->deps->identity_secret, id, op->cmd.key, op->secret,
                      op->hash);
    else
        make_secret(SECRET_TOKEN, op->secret, op->hash);
}

static enum pr_err add(void *arg)
{
    struct make_token *op = arg;
    struct credential_repo *repo = op->deps->credentials;
    make_text(op, &op->token.id);
    repo->add_token(repo, &op->token, op->hash, &op->cmd.idempotency, &op->stored, &op->creation,
                    expect(&op->full, PR_ERR_LIMITED, flow_wait(&op->flow)));
    return PR_OK;
}

static enum pr_err settle(void *arg)
{
    struct make_token *op = arg;
    if (op->full.came)
        return pr_fault_set(&op->fault, PR_ERR_CONFLICT, "",
                            "the account has %d tokens: revoke one first", CREDENTIALS_MAX);
    if (op->creation == CREATION_REPLAYED)
        make_text(op, &op->stored.id);
    return creation_fault(op->creation, &op->fault);
}

static void finish(void *arg, enum pr_err err)
{
    struct make_token *op = arg;
    op->fault.err = err;
    op->done(op->done_arg, &op->fault, op->secret, &op->stored, op->creation == CREATION_REPLAYED);
    crypto_wipe(op->secret, sizeof op->secret);
    free(op);
}

void make_token(const struct gateway_deps *deps, const struct make_token_cmd *cmd,
                make_token_done_fn done, void *arg)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(check),
        FLOW_STEP(add),
        FLOW_STEP(settle),
        FLOW_STEPS_END,
    };
    struct make_token *op = PR_NEW(struct make_token);
    op->deps = deps;
    op->cmd = *cmd;
    op->done = done;
    op->done_arg = arg;
    flow_start(&op->flow, "make_token", steps, finish, op);
}
