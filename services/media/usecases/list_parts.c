/* GET /media/{id}/parts: which parts of an upload the store has, so that a client goes on where it
 * was, or where another one was.
 *
 *     load -> list -> [head -> all_there] -> finish
 *
 * What is in brackets is for an upload that has no parts: when a finalize was cut off after the store
 * had made the object of them, they are all there still, as far as anybody needs to know. */
#include "services/media/usecases/usecases.h"

#include "shared/base/alloc.h"
#include "shared/flow/flow.h"

struct list_parts {
    struct flow flow;
    const struct media_deps *deps;
    struct pr_uuid caller, media_id;
    struct media media;          /* load fills it */
    struct stored_parts parts;   /* list fills it, or all_there */
    struct stored_object object; /* head fills it */
    struct pr_fault fault;
    list_parts_done_fn done;
    void *done_arg;
};

static enum pr_err load(void *arg)
{
    struct list_parts *op = arg;
    op->deps->repo->load(op->deps->repo, &op->media_id, &op->media, flow_wait(&op->flow));
    return PR_OK;
}

static enum pr_err list(void *arg)
{
    struct list_parts *op = arg;
    enum pr_err err = check_takes_parts(op->deps, &op->media, &op->caller, &op->fault);
    if (!err && op->media.upload_id[0])
        op->deps->store->list_parts(op->deps->store, &op->media, &op->parts, flow_wait(&op->flow));
    return err;
}

static enum pr_err head(void *arg)
{
    struct list_parts *op = arg;
    if (op->media.upload_id[0] && op->parts.n == 0)
        op->deps->store->head(op->deps->store, op->media.object_key, &op->object,
                              flow_wait(&op->flow));
    return PR_OK;
}

static enum pr_err all_there(void *arg)
{
    struct list_parts *op = arg;
    if (!op->object.found || op->object.size_bytes != op->media.size_bytes)
        return PR_OK;
    op->parts.n = (size_t)media_parts(&op->media);
    op->parts.items = pr_arena_alloc(&op->parts.arena, op->parts.n * sizeof *op->parts.items);
    for (size_t i = 0; i < op->parts.n; i++) {
        op->parts.items[i].number = (int64_t)i + 1;
        op->parts.items[i].size_bytes = media_part_bytes(&op->media, (int64_t)i + 1);
    }
    return PR_OK;
}

static void finish(void *arg, enum pr_err err)
{
    struct list_parts *op = arg;
    op->fault.err = err;
    op->done(op->done_arg, &op->fault, &op->media, &op->parts);
    pr_arena_fini(&op->parts.arena);
    free(op);
}

void list_parts(const struct media_deps *deps, const struct pr_uuid *caller,
                const struct pr_uuid *media_id, list_parts_done_fn done, void *arg)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(load), FLOW_STEP(list), FLOW_STEP(head), FLOW_STEP(all_there), FLOW_STEPS_END,
    };
    struct list_parts *op = PR_NEW(struct list_parts);
    op->deps = deps;
    op->caller = *caller;
    op->media_id = *media_id;
    op->done = done;
    op->done_arg = arg;
    flow_start(&op->flow, "list_parts", steps, finish, op);
}
