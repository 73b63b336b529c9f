/* GET /events/{id}/codes: a page of the codes of the caller's event; or all of them, for an export.
 *
 *     list -> finish
 */
#include "services/media/usecases/code_usecases.h"

#include "shared/base/alloc.h"
#include "shared/flow/flow.h"

struct list_codes {
    struct flow flow;
    const struct media_deps *deps;
    struct code_query query;
    struct code_page page; /* list fills it */
    code_page_done_fn done;
    void *done_arg;
};

static enum pr_err list(void *arg)
{
    struct list_codes *op = arg;
    op->deps->codes->list(op->deps->codes, &op->query, &op->page, flow_wait(&op->flow));
    return PR_OK;
}

static void finish(void *arg, enum pr_err err)
{
    struct list_codes *op = arg;
    op->done(op->done_arg, err, &op->page);
    pr_arena_fini(&op->page.arena);
    free(op);
}

void list_codes(const struct media_deps *deps, const struct code_query *query,
                code_page_done_fn done, void *arg)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(list),
        FLOW_STEPS_END,
    };
    struct list_codes *op = PR_NEW(struct list_codes);
    op->deps = deps;
    op->query = *query;
    op->done = done;
    op->done_arg = arg;
    flow_start(&op->flow, "list_codes", steps, finish, op);
}
