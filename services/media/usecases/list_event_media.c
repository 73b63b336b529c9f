/* GET /events/{id}/media: a page of the photos of an event, newest first.
 *
 *     load_event -> list -> finish
 */
#include "services/media/usecases/event_usecases.h"

#include "shared/base/alloc.h"
#include "shared/flow/flow.h"

struct list_event_media {
    struct flow flow;
    const struct media_deps *deps;
    struct pr_uuid caller;
    struct event_media_query query;
    struct event event;     /* load_event fills it */
    struct media_page page; /* list fills it */
    list_media_done_fn done;
    void *done_arg;
};

static enum pr_err load_event(void *arg)
{
    struct list_event_media *op = arg;
    op->deps->events->load(op->deps->events, &op->caller, &op->query.event_id, &op->event,
                           flow_wait(&op->flow));
    return PR_OK;
}

static enum pr_err list(void *arg)
{
    struct list_event_media *op = arg;
    op->deps->events->list_media(op->deps->events, &op->query, &op->page, flow_wait(&op->flow));
    return PR_OK;
}

static void finish(void *arg, enum pr_err err)
{
    struct list_event_media *op = arg;
    op->done(op->done_arg, err, &op->page);
    pr_arena_fini(&op->page.arena);
    free(op);
}

void list_event_media(const struct media_deps *deps, const struct pr_uuid *caller,
                      const struct event_media_query *query, list_media_done_fn done, void *arg)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(load_event),
        FLOW_STEP(list),
        FLOW_STEPS_END,
    };
    struct list_event_media *op = PR_NEW(struct list_event_media);
    op->deps = deps;
    op->caller = *caller;
    op->query = *query;
    op->done = done;
    op->done_arg = arg;
    flow_start(&op->flow, "list_event_media", steps, finish, op);
}
