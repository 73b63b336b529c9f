/* The job behind a deletion: removes a media's renditions from the store and its preview from the
 * cache.
 *
 *     parse -> remove_all -> commit -> finish
 *
 * A temporary fault leaves the job to its next attempt; removing twice is harmless. */
#include "services/thumbnailer/usecases/usecases.h"

#include "shared/base/alloc.h"
#include "shared/flow/flow.h"

struct purge_renditions {
    struct flow flow;
    const struct render_deps *deps;
    struct job_claim job;
    struct pr_str args;
    struct media_deleted_msg msg;             /* parse fills it, with views of args */
    char keys[RENDITIONS][RENDITION_KEY_MAX]; /* and these */
    char cache_key[PREVIEW_CACHE_KEY];
    struct pr_fault fault;
    struct pr_done done;
};

static enum pr_err parse(void *arg)
{
    struct purge_renditions *op = arg;
    enum pr_err err = media_deleted_decode(op->args, &op->msg, &op->fault);
    for (enum rendition_name name = 0; !err && name < RENDITIONS; name++) {
        if (!rendition_key(op->msg.object_key, name, op->keys[name]))
            err = PR_ERR_DECODE;
    }
    return err;
}

static enum pr_err remove_all(void *arg)
{
    struct purge_renditions *op = arg;
    const struct render_deps *deps = op->deps;
    for (enum rendition_name name = 0; name < RENDITIONS; name++)
        deps->store->remove(deps->store, op->keys[name], flow_wait(&op->flow));
    deps->cache->remove(deps->cache, preview_cache_key(&op->msg.media_id, op->cache_key),
                        flow_wait(&op->flow));
    return PR_OK;
}

static enum pr_err commit(void *arg)
{
    struct purge_renditions *op = arg;
    op->deps->repo->finish_purge(op->deps->repo, &op->job, flow_wait(&op->flow));
    return PR_OK;
}

static void finish(void *arg, enum pr_err err)
{
    struct purge_renditions *op = arg;
    pr_done_call(op->done, err);
    free(op);
}

void purge_renditions(const struct render_deps *deps, const struct job_claim *job,
                      struct pr_str args, struct pr_done done)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(parse),
        FLOW_STEP(remove_all),
        FLOW_STEP(commit),
        FLOW_STEPS_END,
    };
    struct purge_renditions *op = PR_NEW(struct purge_renditions);
    op->deps = deps;
    op->job = *job;
    op->args = args;
    op->done = done;
    flow_start(&op->flow, "purge_renditions", steps, finish, op);
}
