/* `pierrot-gateway admin-token`: a token for the first administrator.
 *
 *     add -> finish
 */
#include "services/gateway/usecases/make_secret.h"
#include "services/gateway/usecases/usecases.h"

#include "shared/base/alloc.h"
#include "shared/flow/flow.h"

#define TTL_MS (INT64_C(365) * 24 * 3600 * 1000)

struct make_admin_token {
    struct flow flow;
    const struct gateway_deps *deps;
    struct credential token;
    uint8_t hash[SECRET_HASH_BYTES];
    struct pr_done done;
};

static enum pr_err add(void *arg)
{
    struct make_admin_token *op = arg;
    struct account_repo *repo = op->deps->accounts;
    repo->add_admin_token(repo, &op->token, op->hash, flow_wait(&op->flow));
    return PR_OK;
}

static void finish(void *arg, enum pr_err err)
{
    struct make_admin_token *op = arg;
    pr_done_call(op->done, err);
    free(op);
}

void make_admin_token(const struct gateway_deps *deps, char token[SECRET_TEXT], struct pr_done done)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(add),
        FLOW_STEPS_END,
    };
    struct make_admin_token *op = PR_NEW(struct make_admin_token);
    int64_t now_ms = pr_now_ms(deps->clock);
    op->deps = deps;
    op->token = (struct credential){
        .id = pr_uuid_v7(now_ms),
        .kind = CREDENTIAL_TOKEN,
        .name = "admin-token",
        .scopes = SCOPE_ALL,
        .created_at_ms = now_ms,
        .expires_at_ms = now_ms + TTL_MS,
    };
    make_secret(SECRET_TOKEN, token, op->hash);
    op->done = done;
    flow_start(&op->flow, "make_admin_token", steps, finish, op);
}
