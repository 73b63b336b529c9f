/* Now and then: credentials and invitations that have expired go, a bounded number at a time. They
 * were good for nothing before already.
 *
 *     reap -> finish
 */
#include "services/gateway/usecases/usecases.h"

#include "shared/base/alloc.h"
#include "shared/flow/flow.h"

#define REAP_MAX 1000

struct reap_credentials {
    struct flow flow;
    const struct gateway_deps *deps;
    struct pr_done done;
};

static enum pr_err reap(void *arg)
{
    struct reap_credentials *op = arg;
    struct credential_repo *repo = op->deps->credentials;
    repo->reap(repo, pr_now_ms(op->deps->clock), REAP_MAX, flow_wait(&op->flow));
    return PR_OK;
}

static void finish(void *arg, enum pr_err err)
{
    struct reap_credentials *op = arg;
    pr_done_call(op->done, err);
    free(op);
}

void reap_credentials(const struct gateway_deps *deps, struct pr_done done)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(reap),
        FLOW_STEPS_END,
    };
    struct reap_credentials *op = PR_NEW(struct reap_credentials);
    op->deps = deps;
    op->done = done;
    flow_start(&op->flow, "reap_credentials", steps, finish, op);
}
