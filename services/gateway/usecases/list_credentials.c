/* GET /api/sessions, GET /api/tokens: an account's credentials that have not expired.
 *
 *     list -> finish
 */
#include "services/gateway/usecases/usecases.h"

#include "shared/base/alloc.h"
#include "shared/flow/flow.h"

struct list_credentials {
    struct flow flow;
    const struct gateway_deps *deps;
    struct pr_uuid account_id;
    enum credential_kind kind;
    struct credential_list list; /* list fills it */
    list_credentials_done_fn done;
    void *done_arg;
};

static enum pr_err list(void *arg)
{
    struct list_credentials *op = arg;
    struct credential_repo *repo = op->deps->credentials;
    repo->list(repo, &op->account_id, op->kind, pr_now_ms(op->deps->clock), &op->list,
               flow_wait(&op->flow));
    return PR_OK;
}

static void finish(void *arg, enum pr_err err)
{
    struct list_credentials *op = arg;
    op->done(op->done_arg, err, &op->list);
    pr_arena_fini(&op->list.arena);
    free(op);
}

void list_credentials(const struct gateway_deps *deps, const struct pr_uuid *account_id,
                      enum credential_kind kind, list_credentials_done_fn done, void *arg)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(list),
        FLOW_STEPS_END,
    };
    struct list_credentials *op = PR_NEW(struct list_credentials);
    op->deps = deps;
    op->account_id = *account_id;
    op->kind = kind;
    op->done = done;
    op->done_arg = arg;
    flow_start(&op->flow, "list_credentials", steps, finish, op);
}
