/* DELETE /api/sessions/{id}, DELETE /api/tokens/{id}: one is good for nothing any more.
 *
 *     revoke_one -> finish
 */
#include "services/gateway/usecases/usecases.h"

#include "shared/base/alloc.h"
#include "shared/flow/flow.h"

struct revoke_credential {
    struct flow flow;
    const struct gateway_deps *deps;
    struct pr_uuid account_id, id;
    enum credential_kind kind;
    struct pr_done done;
};

static enum pr_err revoke_one(void *arg)
{
    struct revoke_credential *op = arg;
    struct credential_repo *repo = op->deps->credentials;
    repo->revoke(repo, &op->account_id, op->kind, &op->id, flow_wait(&op->flow));
    return PR_OK;
}

static void finish(void *arg, enum pr_err err)
{
    struct revoke_credential *op = arg;
    /* Also when that failed: the answer may be lost, and the credential gone nevertheless. */
    credential_cache_drop_account(op->deps->cache, &op->account_id);
    pr_done_call(op->done, err);
    free(op);
}

void revoke_credential(const struct gateway_deps *deps, const struct pr_uuid *account_id,
                       enum credential_kind kind, const struct pr_uuid *id, struct pr_done done)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(revoke_one),
        FLOW_STEPS_END,
    };
    struct revoke_credential *op = PR_NEW(struct revoke_credential);
    op->deps = deps;
    op->account_id = *account_id;
    op->kind = kind;
    op->id = *id;
    op->done = done;
    flow_start(&op->flow, "revoke_credential", steps, finish, op);
}
