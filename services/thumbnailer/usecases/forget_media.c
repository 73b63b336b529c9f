/* media.deleted: remembers that the media is gone, and adds the job that removes its renditions.
 *
 *     mark -> finish
 */
#include "services/thumbnailer/usecases/usecases.h"

#include "shared/base/alloc.h"
#include "shared/flow/flow.h"

struct forget_media {
    struct flow flow;
    const struct render_deps *deps;
    const struct message_origin *origin;
    const struct media_deleted_msg *msg;
    struct pr_str value;
    struct pr_done done;
};

static enum pr_err mark(void *arg)
{
    struct forget_media *op = arg;
    op->deps->repo->mark_deleted(op->deps->repo, op->origin, op->msg, op->value,
                                 flow_wait(&op->flow));
    return PR_OK;
}

static void finish(void *arg, enum pr_err err)
{
    struct forget_media *op = arg;
    pr_done_call(op->done, err);
    free(op);
}

void forget_media(const struct render_deps *deps, const struct message_origin *origin,
                  const struct media_deleted_msg *msg, struct pr_str value, struct pr_done done)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(mark),
        FLOW_STEPS_END,
    };
    struct forget_media *op = PR_NEW(struct forget_media);
    op->deps = deps;
    op->origin = origin;
    op->msg = msg;
    op->value = value;
    op->done = done;
    flow_start(&op->flow, "forget_media", steps, finish, op);
}
