/* The job behind the end of an event, due when the time to bring it back is over, or at once when
 * its owner deletes it.
 *
 *     begin -> clear -> list -> remove_batch -> commit -> finish
 *
 * From begin on nothing can be added to it. Then codes and links go, then the media that were
 * uploaded to it, batch after batch, each one transaction; the event's row goes last, together with
 * the job. An attempt that is cut off anywhere leaves the rest to the next one. An event that was
 * prolonged meanwhile stays: begin ends the job. */
#include "services/media/usecases/event_usecases.h"

#include "shared/base/alloc.h"
#include "shared/flow/flow.h"

#define BATCH 100

struct purge_event {
    struct flow flow;
    const struct media_deps *deps;
    struct job_claim job;
    struct pr_uuid event_id;
    bool purging;           /* begin fills it */
    bool links_left;        /* clear fills it */
    struct media_page page; /* list fills it */
    size_t removed;         /* of this batch */
    struct pr_done done;
};

static enum pr_err begin(void *arg)
{
    struct purge_event *op = arg;
    struct event_repo *events = op->deps->events;
    events->begin_purge(events, &op->event_id, op->deps->event_grace_s, &op->job, &op->purging,
                        flow_wait(&op->flow));
    return PR_OK;
}

static enum pr_err clear(void *arg)
{
    struct purge_event *op = arg;
    if (!op->purging)
        return flow_stop(&op->flow);
    op->deps->events->clear(op->deps->events, &op->event_id, &op->links_left, flow_wait(&op->flow));
    return PR_OK;
}

static enum pr_err list(void *arg)
{
    struct purge_event *op = arg;
    if (!op->links_left)
        op->deps->events->list_uploads(op->deps->events, &op->event_id, BATCH, &op->page,
                                       flow_wait(&op->flow));
    return PR_OK;
}

static enum pr_err remove_batch(void *arg)
{
    struct purge_event *op = arg;
    if (op->page.items_n > 0)
        op->deps->repo->remove(op->deps->repo, op->page.items, op->page.items_n,
                               pr_now_ms(op->deps->clock), &op->removed, flow_wait(&op->flow));
    return PR_OK;
}

static bool has_more(const struct purge_event *op)
{
    return op->links_left || op->page.items_n > 0;
}

static enum pr_err commit(void *arg)
{
    struct purge_event *op = arg;
    if (!has_more(op))
        op->deps->events->finish_purge(op->deps->events, &op->event_id, &op->job,
                                       flow_wait(&op->flow));
    return PR_OK;
}

static void start(struct purge_event *op);

static void finish(void *arg, enum pr_err err)
{
    struct purge_event *op = arg;
    bool again = !err && op->purging && has_more(op);
    if (!err && op->page.items_n > 0)
        log_at(LOG_INFO, "removed media of an event", LOG_INT("count", op->removed));
    pr_arena_fini(&op->page.arena);
    if (again) {
        start(op);
        return;
    }
    pr_done_call(op->done, err);
    free(op);
}

static void start(struct purge_event *op)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(begin),        FLOW_STEP(clear),  FLOW_STEP(list),
        FLOW_STEP(remove_batch), FLOW_STEP(commit), FLOW_STEPS_END,
    };
    op->page = (struct media_page){0};
    op->links_left = false;
    flow_start(&op->flow, "purge_event", steps, finish, op);
}

void purge_event(const struct media_deps *deps, const struct job_claim *job,
                 const struct pr_uuid *event_id, struct pr_done done)
{
    struct purge_event *op = PR_NEW(struct purge_event);
    op->deps = deps;
    op->job = *job;
    op->event_id = *event_id;
    op->done = done;
    start(op);
}
