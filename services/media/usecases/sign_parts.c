/* POST /media/{id}/parts: URLs for parts of an upload; the first time the upload is begun.
 *
 *     load -> check -> begin_upload -> save_upload -> settle -> sign -> finish
 *
 * Begun before: begin_upload, save_upload and settle have nothing to do. Two that begin at the same
 * moment may begin two uploads in the store: the row keeps one id, settle aborts the other. Killed
 * between begin_upload and save_upload: the next begin_upload finds that upload and takes it. When
 * the media is deleted meanwhile, its late job aborts whatever there is for its key. */
#include "services/media/usecases/usecases.h"

#include "shared/base/alloc.h"
#include "shared/flow/flow.h"

struct sign_parts {
    struct flow flow;
    const struct media_deps *deps;
    struct sign_parts_cmd cmd;
    struct media media;                  /* load fills it */
    char begun[MEDIA_UPLOAD_ID_MAX + 1]; /* begin_upload fills it */
    struct signed_upload uploads[WANTED_PARTS_MAX];
    int64_t expires_at_ms;
    struct pr_arena arena;
    struct pr_fault fault;
    sign_parts_done_fn done;
    void *done_arg;
};

static enum pr_err load(void *arg)
{
    struct sign_parts *op = arg;
    op->deps->repo->load(op->deps->repo, &op->cmd.media_id, &op->media, flow_wait(&op->flow));
    return PR_OK;
}

enum pr_err check_takes_parts(const struct media_deps *deps, const struct media *media,
                              const struct pr_uuid *caller, struct pr_fault *fault)
{
    static const char field[] = "id";
    if (!media_owned_by(media, caller))
        return PR_ERR_NOT_FOUND; /* a stranger does not learn that it exists */
    if (!media->part_size_bytes)
        return pr_fault_set(fault, PR_ERR_CONFLICT, field, "was not announced with multipart");
    if (media->state != MEDIA_CREATED)
        return pr_fault_set(fault, PR_ERR_CONFLICT, field, "is %s: it takes no parts any more",
                            media_state_name(media->state));
    if (media->upload_expires_at_ms - pr_now_ms(deps->clock) < 1000)
        return pr_fault_set(fault, PR_ERR_GONE, field, "its time to be uploaded is over");
    return PR_OK;
}

static enum pr_err check(void *arg)
{
    struct sign_parts *op = arg;
    enum pr_err err = check_takes_parts(op->deps, &op->media, &op->cmd.caller, &op->fault);
    if (err)
        return err;
    for (size_t i = 0; i < op->cmd.parts_n; i++) {
        int64_t number = op->cmd.parts[i].number;
        if (number < 1 || number > media_parts(&op->media))
            return pr_fault_set(&op->fault, PR_ERR_INVALID, "parts", "have numbers from 1 to %lld",
                                (long long)media_parts(&op->media));
    }
    return PR_OK;
}

static enum pr_err begin_upload(void *arg)
{
    struct sign_parts *op = arg;
    if (!op->media.upload_id[0])
        op->deps->store->begin_upload(op->deps->store, &op->media, op->begun, flow_wait(&op->flow));
    return PR_OK;
}

static enum pr_err save_upload(void *arg)
{
    struct sign_parts *op = arg;
    if (op->begun[0])
        op->deps->repo->save_upload(op->deps->repo, &op->media.id, op->begun, op->media.upload_id,
                                    flow_wait(&op->flow));
    return PR_OK;
}

static enum pr_err settle(void *arg)
{
    struct sign_parts *op = arg;
    if (op->begun[0] && strcmp(op->begun, op->media.upload_id) != 0)
        op->deps->store->abort_upload(op->deps->store, op->media.object_key, op->begun,
                                      flow_wait(&op->flow));
    return PR_OK;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static enum pr_err sign(void *arg)
{
    struct sign_parts *op = arg;
    int64_t now_ms = pr_now_ms(op->deps->clock);
    int64_t life_s = least((op->media.upload_expires_at_ms - now_ms) / 1000,
                           least(op->deps->upload_ttl_s, MEDIA_PART_URL_TTL_S));
    if (life_s < 1)
        return PR_ERR_GONE; /* just now */
    op->expires_at_ms = now_ms + life_s * 1000;
    for (size_t i = 0; i < op->cmd.parts_n; i++) {
        const struct wanted_part *part = &op->cmd.parts[i];
        enum pr_err err =
            op->deps->store->sign_part(op->deps->store, &op->media, part->number, part->sha256,
                                       life_s, &op->arena, &op->uploads[i]);
        if (err)
            return err;
    }
    return PR_OK;
}

static void finish(void *arg, enum pr_err err)
{
    struct sign_parts *op = arg;
    op->fault.err = err;
    op->done(op->done_arg, &op->fault, &op->cmd, op->uploads, op->expires_at_ms);
    pr_arena_fini(&op->arena);
    free(op);
}

void sign_parts(const struct media_deps *deps, const struct sign_parts_cmd *cmd,
                sign_parts_done_fn done, void *arg)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(load),   FLOW_STEP(check), FLOW_STEP(begin_upload), FLOW_STEP(save_upload),
        FLOW_STEP(settle), FLOW_STEP(sign),  FLOW_STEPS_END,
    };
    struct sign_parts *op = PR_NEW(struct sign_parts);
    op->deps = deps;
    op->cmd = *cmd;
    op->done = done;
    op->done_arg = arg;
    flow_start(&op->flow, "sign_parts", steps, finish, op);
}
