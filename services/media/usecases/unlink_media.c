/* DELETE /events/{id}/media/{media_id}: a photo leaves an event. One that was linked from the
 * library stays there; one that was uploaded to this event is deleted.
 *
 *     load_event -> load -> take -> settle -> (twice more: load -> take -> settle) -> give_up -> finish
 *
 * What is deleted goes by its version, as in delete_media: a change in between means another try. */
#include "services/media/usecases/event_usecases.h"

#include "shared/base/alloc.h"
#include "shared/flow/flow.h"

struct unlink_media {
    struct flow flow;
    const struct media_deps *deps;
    struct pr_uuid caller, event_id, media_id;
    struct event event; /* load_event fills it */
    struct media media; /* load fills it */
    bool unlinked;
    size_t removed;
    struct pr_fault fault;
    event_fault_fn done;
    void *done_arg;
};

static enum pr_err load_event(void *arg)
{
    struct unlink_media *op = arg;
    op->deps->events->load(op->deps->events, &op->caller, &op->event_id, &op->event,
                           flow_wait(&op->flow));
    return PR_OK;
}

static enum pr_err load(void *arg)
{
    struct unlink_media *op = arg;
    op->deps->repo->load(op->deps->repo, &op->media_id, &op->media, flow_wait(&op->flow));
    return PR_OK;
}

static enum pr_err take(void *arg)
{
    struct unlink_media *op = arg;
    struct event_repo *events = op->deps->events;
    if (!media_owned_by(&op->media, &op->caller))
        return PR_ERR_NOT_FOUND;
    if (pr_uuid_eq(&op->media.event_id, &op->event_id))
        op->deps->repo->remove(op->deps->repo, &op->media, 1, pr_now_ms(op->deps->clock),
                               &op->removed, flow_wait(&op->flow));
    else
        events->unlink(events, &op->caller, &op->event_id, &op->media_id, &op->unlinked,
                       flow_wait(&op->flow));
    return PR_OK;
}

static enum pr_err settle(void *arg)
{
    struct unlink_media *op = arg;
    if (op->removed || op->unlinked)
        return flow_stop(&op->flow);
    /* A linked one needs no other try: it is not in the event. */
    return pr_uuid_eq(&op->media.event_id, &op->event_id) ? PR_OK : PR_ERR_NOT_FOUND;
}

/* As in delete_media: a fourth writer does not exist. */
static enum pr_err give_up(void *arg)
{
    (void)arg;
    return PR_ERR_UNAVAILABLE;
}

static void finish(void *arg, enum pr_err err)
{
    struct unlink_media *op = arg;
    op->fault.err = err;
    op->done(op->done_arg, &op->fault);
    free(op);
}

void unlink_media(const struct media_deps *deps, const struct pr_uuid *caller,
                  const struct pr_uuid *event_id, const struct pr_uuid *media_id,
                  event_fault_fn done, void *arg)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(load_event), FLOW_STEP(load),   FLOW_STEP(take),    FLOW_STEP(settle),
        FLOW_STEP(load),       FLOW_STEP(take),   FLOW_STEP(settle),  FLOW_STEP(load),
        FLOW_STEP(take),       FLOW_STEP(settle), FLOW_STEP(give_up), FLOW_STEPS_END,
    };
    struct unlink_media *op = PR_NEW(struct unlink_media);
    op->deps = deps;
    op->caller = *caller;
    op->event_id = *event_id;
    op->media_id = *media_id;
    op->done = done;
    op->done_arg = arg;
    flow_start(&op->flow, "unlink_media", steps, finish, op);
}
