/* POST /media/finalize: a created media becomes finalized once its bytes are in the store.
 *
 *     load -> head_object -> [list_parts -> complete -> head_again] -> verify -> settle -> answer
 *          -> finish
 *
 * What is in brackets is for an upload in parts whose object is not there yet. Killed behind
 * complete: the object is there, and the next time head_object finds it. Two that complete at the
 * same moment: the later one finds no upload, or no parts, and in head_again the object.
 *
 * Nothing uploaded yet: conflict, and it may be asked again. Bytes that are not what was announced:
 * the media becomes rejected, unprocessable. Asking twice is harmless: what is finalized or ready
 * stops at head_object. Two at the same moment: one of them saves; the other sees that in settle,
 * loads again and answers what it finds. */
#include "services/media/usecases/usecases.h"

#include "shared/base/alloc.h"
#include "shared/flow/flow.h"

#include <stdio.h>

struct finalize_media {
    struct flow flow;
    const struct media_deps *deps;
    struct pr_uuid caller, media_id;
    struct media media;          /* load fills it */
    struct stored_object object; /* head_object fills it, and head_again */
    struct stored_parts parts;   /* list_parts_there fills it */
    int64_t missing;             /* complete: the first part that is not there; 0: all are */
    bool changed;                /* verify: our save won */
    struct pr_arena arena;
    struct pr_fault fault;
    media_done_fn done;
    void *done_arg;
};

static enum pr_err load(void *arg)
{
    struct finalize_media *op = arg;
    op->deps->repo->load(op->deps->repo, &op->media_id, &op->media, flow_wait(&op->flow));
    return PR_OK;
}

static enum pr_err refuse(struct finalize_media *op)
{
    return pr_fault_set(&op->fault, PR_ERR_UNPROCESSABLE, "media_id", "the upload was rejected: %s",
                        op->media.reject_reason);
}

static enum pr_err head_object(void *arg)
{
    struct finalize_media *op = arg;
    if (!media_owned_by(&op->media, &op->caller))
        return PR_ERR_NOT_FOUND; /* a stranger does not learn that it exists */
    if (op->media.state == MEDIA_REJECTED)
        return refuse(op);
    if (op->media.state != MEDIA_CREATED)
        return flow_stop(&op->flow);
    op->deps->store->head(op->deps->store, op->media.object_key, &op->object, flow_wait(&op->flow));
    return PR_OK;
}

static bool in_parts(const struct finalize_media *op)
{
    return op->media.part_size_bytes && !op->object.found;
}

static enum pr_err list_parts_there(void *arg)
{
    struct finalize_media *op = arg;
    if (in_parts(op) && op->media.upload_id[0])
        op->deps->store->list_parts(op->deps->store, &op->media, &op->parts, flow_wait(&op->flow));
    return PR_OK;
}

/* The number of the first part that is not there with its size; 0: all are. What else is there comes
 * after them, as nobody can have signed it, and is left out. */
static int64_t first_missing(const struct finalize_media *op)
{
    int64_t wanted = media_parts(&op->media), number = 1;
    while (number <= wanted && (size_t)number <= op->parts.n &&
           op->parts.items[number - 1].number == number &&
           op->parts.items[number - 1].size_bytes == media_part_bytes(&op->media, number))
        number++;
    return number <= wanted ? number : 0;
}

static enum pr_err complete(void *arg)
{
    struct finalize_media *op = arg;
    if (!in_parts(op))
        return PR_OK;
    op->missing = first_missing(op);
    if (!op->missing)
        op->deps->store->complete_upload(op->deps->store, &op->media, op->parts.items,
                                         (size_t)media_parts(&op->media), flow_wait(&op->flow));
    pr_arena_fini(&op->parts.arena); /* they would be held for as long as the store takes */
    op->parts = (struct stored_parts){0};
    return PR_OK;
}

static enum pr_err head_again(void *arg)
{
    struct finalize_media *op = arg;
    if (in_parts(op))
        op->deps->store->head(op->deps->store, op->media.object_key, &op->object,
                              flow_wait(&op->flow));
    return PR_OK;
}

/* Why the stored bytes are not the announced ones; NULL when they are, as far as the store can
 * tell. */
static const char *mismatch(const struct finalize_media *op)
{
    if (op->object.size_bytes != op->media.size_bytes)
        return "size_mismatch";
    if (op->object.has_sha256 &&
        memcmp(op->object.sha256, op->media.sha256, sizeof op->media.sha256) != 0)
        return "checksum_mismatch";
    return NULL;
}

static enum pr_err verify(void *arg)
{
    struct finalize_media *op = arg;
    struct media_repo *repo = op->deps->repo;
    if (!op->object.found && op->missing)
        return pr_fault_set(&op->fault, PR_ERR_CONFLICT, "media_id",
                            "part %lld of %lld was not uploaded yet", (long long)op->missing,
                            (long long)media_parts(&op->media));
    if (!op->object.found)
        return pr_fault_set(&op->fault, PR_ERR_CONFLICT, "media_id", "nothing was uploaded yet");
    const char *reason = mismatch(op);
    op->media.version++;
    if (reason) {
        op->media.state = MEDIA_REJECTED;
        snprintf(op->media.reject_reason, sizeof op->media.reject_reason, "%s", reason);
        repo->save_rejected(repo, &op->media, &op->changed, flow_wait(&op->flow));
    } else {
        op->media.state = MEDIA_FINALIZED;
        op->media.finalized_at_ms = pr_now_ms(op->deps->clock);
        repo->save_finalized(repo, &op->media, &op->changed, flow_wait(&op->flow));
    }
    return PR_OK;
}

static enum pr_err settle(void *arg)
{
    struct finalize_media *op = arg;
    if (!op->changed)
        op->deps->repo->load(op->deps->repo, &op->media_id, &op->media, flow_wait(&op->flow));
    return PR_OK;
}

static enum pr_err answer(void *arg)
{
    struct finalize_media *op = arg;
    return op->media.state == MEDIA_REJECTED ? refuse(op) : PR_OK;
}

static void finish(void *arg, enum pr_err err)
{
    struct finalize_media *op = arg;
    if (err == PR_ERR_CONFLICT && !op->fault.detail[0]) /* the store's word in complete */
        err = pr_fault_set(&op->fault, err, "media_id", "a part was uploaded anew meanwhile");
    op->fault.err = err;
    op->done(op->done_arg, &op->fault, &op->media, &op->arena);
    pr_arena_fini(&op->arena);
    pr_arena_fini(&op->parts.arena);
    free(op);
}

void finalize_media(const struct media_deps *deps, const struct pr_uuid *caller,
                    const struct pr_uuid *media_id, media_done_fn done, void *arg)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(load),     FLOW_STEP(head_object), FLOW_STEP(list_parts_there),
        FLOW_STEP(complete), FLOW_STEP(head_again),  FLOW_STEP(verify),
        FLOW_STEP(settle),   FLOW_STEP(answer),      FLOW_STEPS_END,
    };
    struct finalize_media *op = PR_NEW(struct finalize_media);
    op->deps = deps;
    op->caller = *caller;
    op->media_id = *media_id;
    op->done = done;
    op->done_arg = arg;
    flow_start(&op->flow, "finalize_media", steps, finish, op);
}
