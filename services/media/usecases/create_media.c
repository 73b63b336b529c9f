/* POST /media: announces an upload and hands out the URL for it.
 *
 *     announce -> sign -> insert -> finish
 *
 * Signing comes before the insert: once the row is there, the answer can no longer fail. */
#include "services/media/usecases/usecases.h"

#include "shared/base/alloc.h"
#include "shared/flow/flow.h"

struct create_media {
    struct flow flow;
    const struct media_deps *deps;
    struct create_media_cmd cmd;
    struct media media;          /* announce fills it */
    struct signed_upload upload; /* sign fills it */
    struct pr_arena arena;
    struct pr_fault fault;
    create_media_done_fn done;
    void *done_arg;
};

static enum pr_err announce(void *arg)
{
    struct create_media *op = arg;
    int64_t now_ms = pr_now_ms(op->deps->clock);
    op->media = (struct media){
        .id = pr_uuid_v7(now_ms),
        .owner_id = op->cmd.caller,
        .version = 1,
        .state = MEDIA_CREATED,
        .created_at_ms = now_ms,
        .upload_expires_at_ms = now_ms + op->deps->upload_ttl_s * 1000,
    };
    enum pr_err err =
        media_announce(&op->media, &op->cmd.announcement, &op->deps->limits, &op->fault);
    if (!err)
        media_set_object_key(&op->media);
    return err;
}

static enum pr_err sign(void *arg)
{
    struct create_media *op = arg;
    return op->deps->store->sign_upload(op->deps->store, &op->media, op->deps->upload_ttl_s,
                                        &op->arena, &op->upload);
}

static enum pr_err insert(void *arg)
{
    struct create_media *op = arg;
    op->deps->repo->insert(op->deps->repo, &op->media, flow_wait(&op->flow));
    return PR_OK;
}

static void finish(void *arg, enum pr_err err)
{
    struct create_media *op = arg;
    op->fault.err = err;
    op->done(op->done_arg, &op->fault, &op->media, &op->upload);
    pr_arena_fini(&op->arena);
    free(op);
}

void create_media(const struct media_deps *deps, const struct create_media_cmd *cmd,
                  create_media_done_fn done, void *arg)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(announce),
        FLOW_STEP(sign),
        FLOW_STEP(insert),
        FLOW_STEPS_END,
    };
    struct create_media *op = PR_NEW(struct create_media);
    op->deps = deps;
    op->cmd = *cmd;
    op->done = done;
    op->done_arg = arg;
    flow_start(&op->flow, "create_media", steps, finish, op);
}
