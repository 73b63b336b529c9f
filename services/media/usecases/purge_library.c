/* The job behind the end of an account: removes its media, in whatever state they are, and has each of
 * its events purged by a job of its own.
 *
 *     close_events -> list -> remove_batch -> commit -> finish
 *
 * Batch after batch, until a list comes back empty: only then is the job over. Each batch is one
 * transaction, so an attempt that is cut off anywhere leaves the rest to the next one. */
#include "services/media/usecases/event_ports.h"
#include "services/media/usecases/usecases.h"

#include "shared/base/alloc.h"
#include "shared/flow/flow.h"

#define BATCH 100

struct purge_library {
    struct flow flow;
    const struct media_deps *deps;
    struct job_claim job;
    struct media_query query;
    struct media_page page; /* list fills it */
    size_t removed;         /* of this batch */
    struct pr_done done;
};

static enum pr_err close_events(void *arg)
{
    struct purge_library *op = arg;
    op->deps->events->close_all(op->deps->events, &op->query.owner_id, flow_wait(&op->flow));
    return PR_OK;
}

static enum pr_err list(void *arg)
{
    struct purge_library *op = arg;
    op->deps->repo->list(op->deps->repo, &op->query, &op->page, flow_wait(&op->flow));
    return PR_OK;
}

static enum pr_err remove_batch(void *arg)
{
    struct purge_library *op = arg;
    if (op->page.items_n > 0)
        op->deps->repo->remove(op->deps->repo, op->page.items, op->page.items_n,
                               pr_now_ms(op->deps->clock), &op->removed, flow_wait(&op->flow));
    return PR_OK;
}

static enum pr_err commit(void *arg)
{
    struct purge_library *op = arg;
    if (op->page.items_n == 0)
        op->deps->repo->finish_job(op->deps->repo, &op->job, flow_wait(&op->flow));
    return PR_OK;
}

static void start(struct purge_library *op);

static void finish(void *arg, enum pr_err err)
{
    struct purge_library *op = arg;
    bool again = !err && op->page.items_n > 0;
    if (again)
        log_at(LOG_INFO, "removed media of a deleted account", LOG_INT("count", op->removed));
    pr_arena_fini(&op->page.arena);
    if (again) {
        start(op);
        return;
    }
    pr_done_call(op->done, err);
    free(op);
}

static void start(struct purge_library *op)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(close_events), FLOW_STEP(list), FLOW_STEP(remove_batch),
        FLOW_STEP(commit),       FLOW_STEPS_END,
    };
    op->page = (struct media_page){0};
    flow_start(&op->flow, "purge_library", steps, finish, op);
}

void purge_library(const struct media_deps *deps, const struct job_claim *job,
                   const struct pr_uuid *owner_id, struct pr_done done)
{
    struct purge_library *op = PR_NEW(struct purge_library);
    op->deps = deps;
    op->job = *job;
    op->query =
        (struct media_query){.owner_id = *owner_id, .state = -1, .kind = -1, .limit = BATCH};
    op->done = done;
    start(op);
}
