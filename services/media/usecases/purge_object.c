/* The job behind a deletion: removes the original's object, and what is there of its parts.
 *
 *     remove_object -> [abort_upload -> abort_others] -> commit -> finish
 *
 * What is in brackets is for an upload in parts. Its own upload is aborted whether the store lists it
 * or not, as parts may have come after it was aborted before; others for its key are those that were
 * begun and never kept.
 *
 * A temporary fault leaves the job to its next attempt; removing twice is harmless. */
#include "services/media/usecases/usecases.h"

#include "shared/base/alloc.h"
#include "shared/flow/flow.h"

struct purge_object {
    struct flow flow;
    const struct media_deps *deps;
    struct job_claim job;
    char key[MEDIA_OBJECT_KEY_MAX + 1];
    bool in_parts;
    char upload_id[MEDIA_UPLOAD_ID_MAX + 1]; /* of its parts; empty: not known */
    struct pr_done done;
};

static enum pr_err remove_object(void *arg)
{
    struct purge_object *op = arg;
    op->deps->store->remove(op->deps->store, op->key, flow_wait(&op->flow));
    return PR_OK;
}

static enum pr_err abort_upload(void *arg)
{
    struct purge_object *op = arg;
    if (op->upload_id[0])
        op->deps->store->abort_upload(op->deps->store, op->key, op->upload_id,
                                      flow_wait(&op->flow));
    return PR_OK;
}

static enum pr_err abort_others(void *arg)
{
    struct purge_object *op = arg;
    if (op->in_parts)
        op->deps->store->abort_upload(op->deps->store, op->key, NULL, flow_wait(&op->flow));
    return PR_OK;
}

static enum pr_err commit(void *arg)
{
    struct purge_object *op = arg;
    op->deps->repo->finish_job(op->deps->repo, &op->job, flow_wait(&op->flow));
    return PR_OK;
}

static void finish(void *arg, enum pr_err err)
{
    struct purge_object *op = arg;
    pr_done_call(op->done, err);
    free(op);
}

void purge_object(const struct media_deps *deps, const struct job_claim *job, struct pr_str what,
                  struct pr_done done)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(remove_object), FLOW_STEP(abort_upload), FLOW_STEP(abort_others),
        FLOW_STEP(commit),        FLOW_STEPS_END,
    };
    struct pr_str key, upload_id;
    struct purge_object *op = PR_NEW(struct purge_object);
    op->deps = deps;
    op->job = *job;
    op->done = done;
    op->in_parts = pr_str_cut(what, '\n', &key, &upload_id);
    if (!pr_str_copy(key, op->key, sizeof op->key) ||
        !pr_str_copy(upload_id, op->upload_id, sizeof op->upload_id)) {
        free(op);
        pr_done_call(done, PR_ERR_INTERNAL);
        return;
    }
    flow_start(&op->flow, "purge_object", steps, finish, op);
}
