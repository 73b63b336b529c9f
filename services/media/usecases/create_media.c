/* POST /media: announces an upload and hands out the URL for it.
 *
 *     announce -> sign -> insert -> load_earlier -> sign_again -> finish
 *
 * An upload in parts has a week and no URL yet: those come from sign_parts, which also begins it in
 * the store.
 * Signing comes before the insert: once the row is there, the answer can no longer fail. A new
 * media is answered after insert. When the Idempotency-Key created one before, nothing is added:
 * the answer is that media as it is now, with a new URL for what is left of its time when it still
 * waits for its upload. When it is gone, or too late for its upload, that is told (PR_ERR_GONE):
 * only another key begins anew. An event that is not the caller's, or is being deleted, takes
 * nothing: the insert itself looks. */
#include "services/media/domain/event.h"
#include "services/media/usecases/usecases.h"

#include "shared/base/alloc.h"
#include "shared/flow/flow.h"

struct create_media {
    struct flow flow;
    const struct media_deps *deps;
    struct create_media_cmd cmd;
    struct media media;          /* announce fills it; load_earlier puts the earlier one there */
    struct signed_upload upload; /* sign fills it */
    struct insertion insertion;  /* insert fills it */
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
        .event_id = op->cmd.event_id,
        .version = 1,
        .state = MEDIA_CREATED,
        .created_at_ms = now_ms,
        .upload_expires_at_ms = now_ms + op->deps->upload_ttl_s * 1000,
    };
    enum pr_err err =
        media_announce(&op->media, &op->cmd.announcement, &op->deps->limits, &op->fault);
    if (op->media.part_size_bytes)
        op->media.upload_expires_at_ms = now_ms + (int64_t)MEDIA_MULTIPART_TTL_S * 1000;
    if (!err)
        media_set_object_key(&op->media);
    return err;
}

static enum pr_err sign(void *arg)
{
    struct create_media *op = arg;
    if (op->media.part_size_bytes)
        return PR_OK;
    return op->deps->store->sign_upload(op->deps->store, &op->media, op->deps->upload_ttl_s,
                                        &op->arena, &op->upload);
}

static enum pr_err insert(void *arg)
{
    struct create_media *op = arg;
    op->deps->repo->insert(op->deps->repo, &op->media, &op->cmd.idempotency, &op->insertion,
                           flow_wait(&op->flow));
    return PR_OK;
}

static enum pr_err load_earlier(void *arg)
{
    static const char field[] = "idempotency-key";
    struct create_media *op = arg;
    switch (op->insertion.outcome) {
    case INSERTION_NEW:
        return flow_stop(&op->flow);
    case INSERTION_RUNNING:
        return pr_fault_set(&op->fault, PR_ERR_CONFLICT, field,
                            "a request with this key is being worked on");
    case INSERTION_MISMATCH:
        return pr_fault_set(&op->fault, PR_ERR_UNPROCESSABLE, field,
                            "was used for another request");
    case INSERTION_NO_EVENT:
        return pr_fault_set(&op->fault, PR_ERR_NOT_FOUND, "event_id", "is no event of yours");
    case INSERTION_FULL:
        return pr_fault_set(&op->fault, PR_ERR_CONFLICT, "event_id", "has %d photos: no more fit",
                            EVENT_PHOTOS_MAX);
    case INSERTION_REPLAYED:
        op->deps->repo->load(op->deps->repo, &op->insertion.media_id, &op->media,
                             flow_wait(&op->flow));
    }
    return PR_OK;
}

/* For the rest of its time, after which the reaper takes it. */
static enum pr_err sign_again(void *arg)
{
    struct create_media *op = arg;
    int64_t left_s = (op->media.upload_expires_at_ms - pr_now_ms(op->deps->clock)) / 1000;
    if (op->media.state != MEDIA_CREATED)
        return PR_OK;
    if (left_s < 1)
        return PR_ERR_GONE;
    if (op->media.part_size_bytes)
        return PR_OK;
    return op->deps->store->sign_upload(op->deps->store, &op->media, left_s, &op->arena,
                                        &op->upload);
}

static void finish(void *arg, enum pr_err err)
{
    struct create_media *op = arg;
    bool waits = op->media.state == MEDIA_CREATED && !op->media.part_size_bytes;
    bool replayed = op->insertion.outcome == INSERTION_REPLAYED;
    if (replayed && (err == PR_ERR_NOT_FOUND || err == PR_ERR_GONE)) /* load_earlier, sign_again */
        err = pr_fault_set(&op->fault, PR_ERR_GONE, "idempotency-key",
                           "what it created is no more, or too late for its upload");
    op->fault.err = err;
    op->done(op->done_arg, &op->fault, &op->media, waits ? &op->upload : NULL, replayed);
    pr_arena_fini(&op->arena);
    free(op);
}

void create_media(const struct media_deps *deps, const struct create_media_cmd *cmd,
                  create_media_done_fn done, void *arg)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(announce),     FLOW_STEP(sign),       FLOW_STEP(insert),
        FLOW_STEP(load_earlier), FLOW_STEP(sign_again), FLOW_STEPS_END,
    };
    struct create_media *op = PR_NEW(struct create_media);
    op->deps = deps;
    op->cmd = *cmd;
    op->done = done;
    op->done_arg = arg;
    flow_start(&op->flow, "create_media", steps, finish, op);
}
