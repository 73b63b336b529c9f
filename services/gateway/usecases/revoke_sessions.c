/* DELETE /api/sessions: every browser is logged out.
 *
 *     revoke_all -> finish
 */
#include "services/gateway/usecases/usecases.h"

#include "shared/base/alloc.h"
#include "shared/flow/flow.h"

struct revoke_sessions {
    struct flow flow;
    const struct gateway_deps *deps;
    struct pr_uuid account_id;
    struct pr_done done;
};

static enum pr_err revoke_all(void *arg)
{
    struct revoke_sessions *op = arg;
    struct credential_repo *repo = op->deps->credentials;
    repo->revoke_sessions(repo, &op->account_id, flow_wait(&op->flow));
    return PR_OK;
}

static void finish(void *arg, enum pr_err err)
{
    struct revoke_sessions *op = arg;
    /* Also when that failed: the answer may be lost, and the sessions gone nevertheless. */
    credential_cache_drop_account(op->deps->cache, &op->account_id);
    pr_done_call(op->done, err);
    free(op);
}

void revoke_sessions(const struct gateway_deps *deps, const struct pr_uuid *account_id,
                     struct pr_done done)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(revoke_all),
        FLOW_STEPS_END,
    };
    struct revoke_sessions *op = PR_NEW(struct revoke_sessions);
    op->deps = deps;
    op->account_id = *account_id;
    op->done = done;
    flow_start(&op->flow, "revoke_sessions", steps, finish, op);
}
