/* POST /api/invites: an administrator makes a link that lets one person sign up.
 *
 *     check -> add -> settle -> finish
 *
 * The text is shown in the answer and kept nowhere; a replay derives it again (make_secret.h). */
#include "services/gateway/usecases/faults.h"
#include "services/gateway/usecases/make_secret.h"
#include "services/gateway/usecases/usecases.h"

#include "shared/base/alloc.h"
#include "shared/crypto/crypto.h"
#include "shared/flow/flow.h"

#define EXPIRES_MIN_MS (INT64_C(60) * 1000)
#define EXPIRES_MAX_MS (INT64_C(365) * 24 * 3600 * 1000)

struct make_invite {
    struct flow flow;
    const struct gateway_deps *deps;
    struct make_invite_cmd cmd;
    struct invite invite, stored; /* check fills invite, add what was stored */
    char secret[SECRET_TEXT];
    uint8_t hash[SECRET_HASH_BYTES];
    enum creation creation; /* add fills it */
    struct pr_fault fault;
    make_invite_done_fn done;
    void *done_arg;
};

static enum pr_err check(void *arg)
{
    struct make_invite *op = arg;
    const struct make_invite_cmd *cmd = &op->cmd;
    int64_t now_ms = pr_now_ms(op->deps->clock);
    if (cmd->expires_in_ms < EXPIRES_MIN_MS || cmd->expires_in_ms > EXPIRES_MAX_MS)
        return pr_fault_set(&op->fault, PR_ERR_INVALID, "expires_in", "must be 1 minute to 1 year");
    op->invite = (struct invite){
        .id = pr_uuid_v7(now_ms),
        .tier = cmd->tier,
        .role = cmd->role,
        .created_at_ms = now_ms,
        .expires_at_ms = now_ms + cmd->expires_in_ms,
    };
    return PR_OK;
}

static void make_text(struct make_invite *op, const struct pr_uuid *id)
{
    if (op->cmd.idempotency.given)
        derive_secret(SECRET_INVITE, op->deps->identity_secret, id, op->cmd.key, op->secret,
                      op->hash);
    else
        make_secret(SECRET_INVITE, op->secret, op->hash);
}

static enum pr_err add(void *arg)
{
    struct make_invite *op = arg;
    struct invite_repo *repo = op->deps->invites;
    make_text(op, &op->invite.id);
    repo->add(repo, &op->invite, op->hash, &op->cmd.caller, &op->cmd.idempotency, &op->stored,
              &op->creation, flow_wait(&op->flow));
    return PR_OK;
}

static enum pr_err settle(void *arg)
{
    struct make_invite *op = arg;
    if (op->creation == CREATION_REPLAYED)
        make_text(op, &op->stored.id);
    return creation_fault(op->creation, &op->fault);
}

static void finish(void *arg, enum pr_err err)
{
    struct make_invite *op = arg;
    op->fault.err = err;
    op->done(op->done_arg, &op->fault, op->secret, &op->stored, op->creation == CREATION_REPLAYED);
    crypto_wipe(op->secret, sizeof op->secret);
    free(op);
}

void make_invite(const struct gateway_deps *deps, const struct make_invite_cmd *cmd,
                 make_invite_done_fn done, void *arg)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(check),
        FLOW_STEP(add),
        FLOW_STEP(settle),
        FLOW_STEPS_END,
    };
    struct make_invite *op = PR_NEW(struct make_invite);
    op->deps = deps;
    op->cmd = *cmd;
    op->done = done;
    op->done_arg = arg;
    flow_start(&op->flow, "make_invite", steps, finish, op);
}
