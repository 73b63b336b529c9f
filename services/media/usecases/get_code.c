/* GET /events/{id}/codes/{code_id}: one code of the caller's event, and the photos chosen for it.
 *
 *     load -> finish
 */
#include "services/media/usecases/code_usecases.h"

#include "shared/base/alloc.h"
#include "shared/flow/flow.h"

struct get_code {
    struct flow flow;
    const struct media_deps *deps;
    struct code_key key;
    struct code_found found; /* load fills it */
    code_done_fn done;
    void *done_arg;
};

static enum pr_err load(void *arg)
{
    struct get_code *op = arg;
    op->deps->codes->load(op->deps->codes, &op->key, &op->found, flow_wait(&op->flow));
    return PR_OK;
}

static void finish(void *arg, enum pr_err err)
{
    struct get_code *op = arg;
    op->done(op->done_arg, &(struct pr_fault){.err = err}, &op->found);
    pr_arena_fini(&op->found.arena);
    free(op);
}

void get_code(const struct media_deps *deps, const struct code_key *key, code_done_fn done,
              void *arg)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(load),
        FLOW_STEPS_END,
    };
    struct get_code *op = PR_NEW(struct get_code);
    op->deps = deps;
    op->key = *key;
    op->done = done;
    op->done_arg = arg;
    flow_start(&op->flow, "get_code", steps, finish, op);
}
