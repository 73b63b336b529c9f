/* The job behind a deletion: removes the original's object.
 *
 *     remove_object -> commit -> finish
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
    struct pr_done done;
};

static enum pr_err remove_object(void *arg)
{
    struct purge_object *op = arg;
    op->deps->store->remove(op->deps->store, op->key, flow_wait(&op->flow));
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

void purge_object(const struct media_deps *deps, const struct job_claim *job, struct pr_str key,
                  struct pr_done done)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(remove_object),
        FLOW_STEP(commit),
        FLOW_STEPS_END,
    };
    struct purge_object *op = PR_NEW(struct purge_object);
    op->deps = deps;
    op->job = *job;
    op->done = done;
    if (!pr_str_copy(key, op->key, sizeof op->key)) {
        free(op);
        pr_done_call(done, PR_ERR_INTERNAL);
        return;
    }
    flow_start(&op->flow, "purge_object", steps, finish, op);
}
