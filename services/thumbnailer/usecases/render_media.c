/* The job of the thumbnailer: an original becomes its renditions, or is rejected.
 *
 *     parse -> fetch -> verify -> render -> store -> commit -> finish
 *
 * A file that is not what was announced, or that cannot be decoded, is rejected: the steps that
 * follow are passed over, commit says so to the others. A temporary fault leaves the job to another
 * time: a store or a database that is away, slow or refuses us costs it no attempt, a worker killed
 * from outside does. After the last attempt the media is rejected as well, so that nobody waits for
 * ever. A job whose lease was lost commits nothing: its successor writes the same objects under the
 * same keys. */
#include "services/thumbnailer/usecases/usecases.h"

#include "shared/base/alloc.h"
#include "shared/flow/flow.h"

#include <stdio.h>

struct render_media {
    struct flow flow;
    const struct render_deps *deps;
    struct job_claim job;
    bool exhausted;
    struct pr_str args;
    struct media_finalized_msg msg;           /* parse fills it, with views of args */
    char keys[RENDITIONS][RENDITION_KEY_MAX]; /* and these */
    char content_type[65];                    /* a copy, terminated */
    struct fetched_object original;           /* fetch fills it */
    struct pr_done fetch_done;
    struct render_outcome outcome; /* render fills it */
    const char *reject_reason;     /* static; not NULL: the media is rejected */
    char reject_detail[160];
    char cache_key[PREVIEW_CACHE_KEY];
    struct media_rendered_msg rendered; /* commit fills one of the two */
    struct media_rejected_msg rejected;
    struct pr_fault fault;
    struct pr_done done;
};

static enum pr_err reject(struct render_media *op, const char *reason, const char *detail)
{
    op->reject_reason = reason;
    snprintf(op->reject_detail, sizeof op->reject_detail, "%s", detail);
    return PR_OK;
}

static enum pr_err parse(void *arg)
{
    struct render_media *op = arg;
    enum pr_err err = media_finalized_decode(op->args, &op->msg, &op->fault);
    for (enum rendition_name name = 0; !err && name < RENDITIONS; name++) {
        if (!rendition_key(op->msg.object_key, name, op->keys[name]))
            err = PR_ERR_DECODE;
    }
    if (!err && !pr_str_copy(op->msg.content_type, op->content_type, sizeof op->content_type))
        err = PR_ERR_DECODE;
    if (!err && op->exhausted)
        return reject(op, "worker_died", "rendering was tried too often and never ended");
    return err;
}

static void fetched(void *arg, enum pr_err err)
{
    struct render_media *op = arg;
    if (err == PR_ERR_NOT_FOUND)
        err = reject(op, "object_missing", "the uploaded object is gone");
    else if (err == PR_ERR_TOO_LARGE)
        err = reject(op, "size_mismatch", "the object is larger than announced");
    pr_done_call(op->fetch_done, err);
}

static enum pr_err fetch(void *arg)
{
    struct render_media *op = arg;
    if (op->reject_reason)
        return PR_OK;
    /* Waited for through fetched: an object that is missing or too large is a verdict, not a fault.
     */
    op->fetch_done = flow_wait(&op->flow);
    op->deps->store->fetch(op->deps->store, op->msg.object_key, op->msg.size_bytes, &op->original,
                           (struct pr_done){fetched, op});
    return PR_OK;
}

static enum pr_err verify(void *arg)
{
    struct render_media *op = arg;
    if (op->reject_reason)
        return PR_OK;
    if (op->original.file.size_bytes != op->msg.size_bytes)
        return reject(op, "size_mismatch", "the object is smaller than announced");
    if (memcmp(op->original.sha256, op->msg.sha256.p, op->msg.sha256.n) != 0)
        return reject(op, "checksum_mismatch", "the object's SHA-256 is not the announced one");
    return PR_OK;
}

static enum pr_err render(void *arg)
{
    struct render_media *op = arg;
    if (op->reject_reason)
        return PR_OK;
    op->deps->renderer->render(op->deps->renderer, op->content_type, &op->original.file,
                               &op->outcome, flow_wait(&op->flow));
    return PR_OK;
}

static enum pr_err store(void *arg)
{
    struct render_media *op = arg;
    const struct render_deps *deps = op->deps;
    if (op->reject_reason)
        return PR_OK;
    if (op->outcome.verdict == RENDER_LOST)
        return PR_ERR_UPSTREAM;
    if (op->outcome.verdict == RENDER_REFUSED)
        return reject(op, op->outcome.reason, op->outcome.detail);
    for (enum rendition_name name = 0; name < RENDITIONS; name++)
        deps->store->put(deps->store, op->keys[name], rendition_content_type(name),
                         &op->outcome.pictures[name].file, &op->outcome.pictures[name].crc32,
                         flow_wait(&op->flow));
    deps->cache->put(deps->cache, preview_cache_key(&op->msg.media_id, op->cache_key),
                     &op->outcome.pictures[RENDITION_PREVIEW].file, flow_wait(&op->flow));
    return PR_OK;
}

static void commit_rejected(struct render_media *op)
{
    op->rejected = (struct media_rejected_msg){
        .media_id = op->msg.media_id,
        .owner_id = op->msg.owner_id,
        .version = op->msg.version,
        .reason = pr_str(op->reject_reason),
        .detail = pr_str(op->reject_detail),
        .rejected_at_ms = pr_now_ms(op->deps->clock),
    };
    op->deps->repo->save_rejected(op->deps->repo, &op->job, &op->rejected, flow_wait(&op->flow));
}

static void commit_rendered(struct render_media *op)
{
    const struct render_outcome *outcome = &op->outcome;
    op->rendered = (struct media_rendered_msg){
        .media_id = op->msg.media_id,
        .owner_id = op->msg.owner_id,
        .version = op->msg.version,
        .width = outcome->width,
        .height = outcome->height,
        .has_duration_ms = outcome->duration_ms > 0,
        .duration_ms = outcome->duration_ms,
        .degraded = outcome->degraded,
        .sha256 = pr_str_n(op->original.sha256, sizeof op->original.sha256),
        .crc32 = op->original.crc32,
        .placeholder = pr_str_n(outcome->placeholder, outcome->placeholder_n),
        .renditions_count = RENDITIONS,
        .rendered_at_ms = pr_now_ms(op->deps->clock),
    };
    for (enum rendition_name name = 0; name < RENDITIONS; name++) {
        const struct render_picture *picture = &outcome->pictures[name];
        op->rendered.renditions[name] = (struct rendition_msg){
            .name = pr_str(rendition_text(name)),
            .object_key = pr_str(op->keys[name]),
            .content_type = pr_str(rendition_content_type(name)),
            .width = picture->width,
            .height = picture->height,
            .size_bytes = picture->file.size_bytes,
            .has_crc32 = true,
            .crc32 = picture->crc32,
        };
    }
    op->deps->repo->save_rendered(op->deps->repo, &op->job, &op->rendered, flow_wait(&op->flow));
}

static enum pr_err commit(void *arg)
{
    struct render_media *op = arg;
    if (op->reject_reason)
        commit_rejected(op);
    else
        commit_rendered(op);
    return PR_OK;
}

/* Of what fails for a while, only the end of a worker may be the file's doing. */
static enum pr_err blame(const struct render_media *op, enum pr_err err)
{
    bool temporary = pr_err_class(err) == PR_CLASS_TEMPORARY;
    return temporary && op->outcome.verdict != RENDER_LOST ? PR_ERR_UNAVAILABLE : err;
}

static void finish(void *arg, enum pr_err err)
{
    struct render_media *op = arg;
    if (!err && op->reject_reason)
        log_at(LOG_INFO, "media rejected", LOG_TEXT("reason", op->reject_reason),
               LOG_TEXT("detail", op->reject_detail));
    op->deps->store->drop(op->deps->store, &op->original.file);
    for (enum rendition_name name = 0; name < RENDITIONS; name++)
        op->deps->store->drop(op->deps->store, &op->outcome.pictures[name].file);
    pr_done_call(op->done, blame(op, err));
    free(op);
}

void render_media(const struct render_deps *deps, const struct job_claim *job, bool exhausted,
                  struct pr_str args, struct pr_done done)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(parse), FLOW_STEP(fetch),  FLOW_STEP(verify), FLOW_STEP(render),
        FLOW_STEP(store), FLOW_STEP(commit), FLOW_STEPS_END,
    };
    struct render_media *op = PR_NEW(struct render_media);
    op->deps = deps;
    op->job = *job;
    op->exhausted = exhausted;
    op->args = args;
    op->done = done;
    op->original.file.fd = -1;
    for (enum rendition_name name = 0; name < RENDITIONS; name++)
        op->outcome.pictures[name].file.fd = -1;
    flow_start(&op->flow, "render_media", steps, finish, op);
}
