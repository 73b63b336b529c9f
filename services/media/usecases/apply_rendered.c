/* media.rendered: a finalized media becomes ready.
 *
 *     apply -> finish
 *
 * Renditions that a media has no room for are a permanent error: the catalogue's bounds are wider.
 */
#include "services/media/usecases/usecases.h"

#include "shared/base/alloc.h"
#include "shared/flow/flow.h"

struct apply_rendered {
    struct flow flow;
    const struct media_deps *deps;
    const struct message_origin *origin;
    const struct media_rendered_msg *msg;
    struct pr_done done;
};

static bool has_room(const struct media_rendered_msg *msg)
{
    struct media_rendition room;
    for (size_t i = 0; i < msg->renditions_count; i++) {
        const struct rendition_msg *r = &msg->renditions[i];
        if (!pr_str_copy(r->name, room.name, sizeof room.name) ||
            !pr_str_copy(r->object_key, room.object_key, sizeof room.object_key) ||
            !pr_str_copy(r->content_type, room.content_type, sizeof room.content_type))
            return false;
    }
    return true;
}

static enum pr_err apply(void *arg)
{
    struct apply_rendered *op = arg;
    if (!has_room(op->msg))
        return PR_ERR_DECODE;
    op->deps->repo->apply_rendered(op->deps->repo, op->origin, op->msg, flow_wait(&op->flow));
    return PR_OK;
}

static void finish(void *arg, enum pr_err err)
{
    struct apply_rendered *op = arg;
    pr_done_call(op->done, err);
    free(op);
}

void apply_rendered(const struct media_deps *deps, const struct message_origin *origin,
                    const struct media_rendered_msg *msg, struct pr_done done)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(apply),
        FLOW_STEPS_END,
    };
    struct apply_rendered *op = PR_NEW(struct apply_rendered);
    op->deps = deps;
    op->origin = origin;
    op->msg = msg;
    op->done = done;
    flow_start(&op->flow, "apply_rendered", steps, finish, op);
}
