/* GET /media/{id}: one media of the caller.
 *
 *     load -> check_owner -> finish
 */
#include "services/media/usecases/usecases.h"

#include "shared/base/alloc.h"
#include "shared/flow/flow.h"

struct get_media {
    struct flow flow;
    const struct media_deps *deps;
    struct pr_uuid caller, media_id;
    struct media media; /* load fills it */
    struct pr_arena arena;
    struct pr_fault fault;
    media_done_fn done;
    void *done_arg;
};

static enum pr_err load(void *arg)
{
    struct get_media *op = arg;
    op->deps->repo->load(op->deps->repo, &op->media_id, &op->media, flow_wait(&op->flow));
    return PR_OK;
}

static enum pr_err check_owner(void *arg)
{
    struct get_media *op = arg;
    return media_owned_by(&op->media, &op->caller) ? PR_OK : PR_ERR_NOT_FOUND;
}

static void finish(void *arg, enum pr_err err)
{
    struct get_media *op = arg;
    op->fault.err = err;
    op->done(op->done_arg, &op->fault, &op->media, &op->arena);
    pr_arena_fini(&op->arena);
    free(op);
}

void get_media(const struct media_deps *deps, const struct pr_uuid *caller,
               const struct pr_uuid *media_id, media_done_fn done, void *arg)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(load),
        FLOW_STEP(check_owner),
        FLOW_STEPS_END,
    };
    struct get_media *op = PR_NEW(struct get_media);
    op->deps = deps;
    op->caller = *caller;
    op->media_id = *media_id;
    op->done = done;
    op->done_arg = arg;
    flow_start(&op->flow, "get_media", steps, finish, op);
}
