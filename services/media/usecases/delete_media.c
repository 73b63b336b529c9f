/* DELETE /media/{id}: the row goes now, its object by a job, its renditions by media.deleted.
 *
 *     load -> remove -> settle -> finish
 *
 * When somebody changed the media between load and remove (it became ready, say), both are done
 * again. */
#include "services/media/usecases/usecases.h"

#include "shared/base/alloc.h"
#include "shared/flow/flow.h"

struct delete_media {
    struct flow flow;
    const struct media_deps *deps;
    struct pr_uuid caller, media_id;
    struct media media; /* load fills it */
    size_t removed;     /* 1: it was us */
    struct pr_arena arena;
    struct pr_fault fault;
    media_done_fn done;
    void *done_arg;
};

static enum pr_err load(void *arg)
{
    struct delete_media *op = arg;
    if (op->removed)
        return PR_OK;
    op->deps->repo->load(op->deps->repo, &op->media_id, &op->media, flow_wait(&op->flow));
    return PR_OK;
}

static enum pr_err remove_row(void *arg)
{
    struct delete_media *op = arg;
    if (op->removed)
        return PR_OK;
    if (!media_owned_by(&op->media, &op->caller))
        return PR_ERR_NOT_FOUND;
    op->deps->repo->remove(op->deps->repo, &op->media, 1, pr_now_ms(op->deps->clock), &op->removed,
                           flow_wait(&op->flow));
    return PR_OK;
}

/* A media changes at most twice more (finalized, ready), so a third try can only lose to a fourth
 * writer that does not exist. */
static enum pr_err settle(void *arg)
{
    struct delete_media *op = arg;
    return op->removed ? PR_OK : PR_ERR_UNAVAILABLE;
}

static void finish(void *arg, enum pr_err err)
{
    struct delete_media *op = arg;
    op->fault.err = err;
    op->done(op->done_arg, &op->fault, &op->media, &op->arena);
    pr_arena_fini(&op->arena);
    free(op);
}

void delete_media(const struct media_deps *deps, const struct pr_uuid *caller,
                  const struct pr_uuid *media_id, media_done_fn done, void *arg)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(load), FLOW_STEP(remove_row), FLOW_STEP(load),   FLOW_STEP(remove_row),
        FLOW_STEP(load), FLOW_STEP(remove_row), FLOW_STEP(settle), FLOW_STEPS_END,
    };
    struct delete_media *op = PR_NEW(struct delete_media);
    op->deps = deps;
    op->caller = *caller;
    op->media_id = *media_id;
    op->done = done;
    op->done_arg = arg;
    flow_start(&op->flow, "delete_media", steps, finish, op);
}
