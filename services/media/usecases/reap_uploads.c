/* Now and then: deletes media that were announced and never uploaded, an hour after their URL died.
 *
 *     list_abandoned -> remove_all -> finish
 *
 * Batch after batch, until there are no more. Copies of the service may meet here: each row is
 * removed by its version, so by one of them, and who removes none leaves the rest to the other. What
 * was finalized meanwhile has another version and stays. */
#include "services/media/usecases/usecases.h"

#include "shared/base/alloc.h"
#include "shared/flow/flow.h"

#define GRACE_MS ((int64_t)3600 * 1000)
#define BATCH 100

struct reap_uploads {
    struct flow flow;
    const struct media_deps *deps;
    struct media_page page; /* list_abandoned fills it */
    size_t removed;         /* of this batch */
    size_t total;
    struct pr_done done;
};

static enum pr_err list_abandoned(void *arg)
{
    struct reap_uploads *op = arg;
    op->deps->repo->list_abandoned(op->deps->repo, pr_now_ms(op->deps->clock) - GRACE_MS, BATCH,
                                   &op->page, flow_wait(&op->flow));
    return PR_OK;
}

static enum pr_err remove_all(void *arg)
{
    struct reap_uploads *op = arg;
    if (op->page.items_n > 0)
        op->deps->repo->remove(op->deps->repo, op->page.items, op->page.items_n,
                               pr_now_ms(op->deps->clock), &op->removed, flow_wait(&op->flow));
    return PR_OK;
}

static void start(struct reap_uploads *op);

static void finish(void *arg, enum pr_err err)
{
    struct reap_uploads *op = arg;
    bool more = !err && op->page.items_n == BATCH && op->removed > 0;
    pr_arena_fini(&op->page.arena);
    op->total += err ? 0 : op->removed;
    if (more) {
        start(op);
        return;
    }
    if (op->total > 0)
        log_at(LOG_INFO, "reaped abandoned uploads", LOG_INT("count", op->total));
    pr_done_call(op->done, err);
    free(op);
}

static void start(struct reap_uploads *op)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(list_abandoned),
        FLOW_STEP(remove_all),
        FLOW_STEPS_END,
    };
    op->page = (struct media_page){0};
    op->removed = 0;
    flow_start(&op->flow, "reap_uploads", steps, finish, op);
}

void reap_uploads(const struct media_deps *deps, struct pr_done done)
{
    struct reap_uploads *op = PR_NEW(struct reap_uploads);
    op->deps = deps;
    op->done = done;
    start(op);
}
