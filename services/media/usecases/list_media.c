/* GET /media: a page of the caller's media, newest first.
 *
 *     list -> finish
 */
#include "services/media/usecases/usecases.h"

#include "shared/base/alloc.h"
#include "shared/flow/flow.h"

struct list_media {
    struct flow flow;
    const struct media_deps *deps;
    struct media_query query;
    struct media_page page; /* list fills it */
    list_media_done_fn done;
    void *done_arg;
};

static enum pr_err list(void *arg)
{
    struct list_media *op = arg;
    op->deps->repo->list(op->deps->repo, &op->query, &op->page, flow_wait(&op->flow));
    return PR_OK;
}

static void finish(void *arg, enum pr_err err)
{
    struct list_media *op = arg;
    op->done(op->done_arg, err, &op->page);
    pr_arena_fini(&op->page.arena);
    free(op);
}

void list_media(const struct media_deps *deps, const struct media_query *query,
                list_media_done_fn done, void *arg)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(list),
        FLOW_STEPS_END,
    };
    struct list_media *op = PR_NEW(struct list_media);
    op->deps = deps;
    op->query = *query;
    op->done = done;
    op->done_arg = arg;
    flow_start(&op->flow, "list_media", steps, finish, op);
}
