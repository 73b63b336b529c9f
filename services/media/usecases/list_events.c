/* GET /events: a page of the caller's events, newest first.
 *
 *     list -> finish
 */
#include "services/media/usecases/event_usecases.h"

#include "shared/base/alloc.h"
#include "shared/flow/flow.h"

struct list_events {
    struct flow flow;
    const struct media_deps *deps;
    struct event_query query;
    struct event_page page; /* list fills it */
    list_events_done_fn done;
    void *done_arg;
};

static enum pr_err list(void *arg)
{
    struct list_events *op = arg;
    op->deps->events->list(op->deps->events, &op->query, &op->page, flow_wait(&op->flow));
    return PR_OK;
}

static void finish(void *arg, enum pr_err err)
{
    struct list_events *op = arg;
    op->done(op->done_arg, err, &op->page);
    pr_arena_fini(&op->page.arena);
    free(op);
}

void list_events(const struct media_deps *deps, const struct event_query *query,
                 list_events_done_fn done, void *arg)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(list),
        FLOW_STEPS_END,
    };
    struct list_events *op = PR_NEW(struct list_events);
    op->deps = deps;
    op->query = *query;
    op->done = done;
    op->done_arg = arg;
    flow_start(&op->flow, "list_events", steps, finish, op);
}
