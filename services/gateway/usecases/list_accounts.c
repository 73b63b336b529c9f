/* GET /api/accounts: a page of all accounts, newest first.
 *
 *     list -> finish
 */
#include "services/gateway/usecases/usecases.h"

#include "shared/base/alloc.h"
#include "shared/base/utf8.h"
#include "shared/flow/flow.h"

struct list_accounts {
    struct flow flow;
    const struct gateway_deps *deps;
    struct account_query query;
    struct account_page page; /* list fills it */
    list_accounts_done_fn done;
    void *done_arg;
};

static enum pr_err list(void *arg)
{
    struct list_accounts *op = arg;
    struct account_repo *repo = op->deps->accounts;
    if (!pr_utf8_valid(op->query.search) || pr_utf8_has_control(op->query.search))
        return PR_ERR_INVALID;
    repo->list(repo, &op->query, &op->page, flow_wait(&op->flow));
    return PR_OK;
}

static void finish(void *arg, enum pr_err err)
{
    struct list_accounts *op = arg;
    op->done(op->done_arg, err, &op->page);
    pr_arena_fini(&op->page.arena);
    free(op);
}

void list_accounts(const struct gateway_deps *deps, const struct account_query *query,
                   list_accounts_done_fn done, void *arg)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(list),
        FLOW_STEPS_END,
    };
    struct list_accounts *op = PR_NEW(struct list_accounts);
    op->deps = deps;
    op->query = *query;
    op->done = done;
    op->done_arg = arg;
    flow_start(&op->flow, "list_accounts", steps, finish, op);
}
