/* PUT /events/{id}/media: photos of the library are in the event too, all of them or none.
 *
 *     link_all -> settle -> finish
 *
 * Those that are in it already are no fault. */
#include "services/media/usecases/event_usecases.h"

#include "shared/base/alloc.h"
#include "shared/flow/flow.h"

struct link_media {
    struct flow flow;
    const struct media_deps *deps;
    struct pr_uuid caller, event_id;
    const struct pr_uuid *media_ids;
    size_t n;
    struct event_linking linking; /* link_all fills it */
    struct pr_fault fault;
    link_media_done_fn done;
    void *done_arg;
};

static enum pr_err link_all(void *arg)
{
    struct link_media *op = arg;
    struct event_repo *events = op->deps->events;
    events->link(events, &op->caller, &op->event_id, op->media_ids, op->n,
                 pr_now_ms(op->deps->clock), &op->linking, flow_wait(&op->flow));
    return PR_OK;
}

static enum pr_err settle(void *arg)
{
    struct link_media *op = arg;
    if (!op->linking.found)
        return PR_ERR_NOT_FOUND;
    if (op->linking.refused > 0)
        return pr_fault_set(&op->fault, PR_ERR_UNPROCESSABLE, "media_ids",
                            "%zu are no photos of your library", op->linking.refused);
    if (op->linking.full)
        return pr_fault_set(&op->fault, PR_ERR_CONFLICT, "media_ids",
                            "an event holds at most %d photos", EVENT_PHOTOS_MAX);
    return PR_OK;
}

static void finish(void *arg, enum pr_err err)
{
    struct link_media *op = arg;
    op->fault.err = err;
    op->done(op->done_arg, &op->fault, op->linking.linked);
    free(op);
}

void link_media(const struct media_deps *deps, const struct pr_uuid *caller,
                const struct pr_uuid *event_id, const struct pr_uuid *media_ids, size_t n,
                link_media_done_fn done, void *arg)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(link_all),
        FLOW_STEP(settle),
        FLOW_STEPS_END,
    };
    struct link_media *op = PR_NEW(struct link_media);
    op->deps = deps;
    op->caller = *caller;
    op->event_id = *event_id;
    op->media_ids = media_ids;
    op->n = n;
    op->done = done;
    op->done_arg = arg;
    flow_start(&op->flow, "link_media", steps, finish, op);
}
