/* DELETE /events/{id}/codes/{code_id}: the code and its counters go; whoever holds it is out at once.
 *
 *     remove -> finish
 */
#include "services/media/usecases/code_usecases.h"

#include "shared/base/alloc.h"
#include "shared/flow/flow.h"

struct delete_code {
    struct flow flow;
    const struct media_deps *deps;
    struct code_key key;
    struct pr_done done;
};

static enum pr_err remove_code(void *arg)
{
    struct delete_code *op = arg;
    op->deps->codes->remove(op->deps->codes, &op->key, flow_wait(&op->flow));
    return PR_OK;
}

static void finish(void *arg, enum pr_err err)
{
    struct delete_code *op = arg;
    pr_done_call(op->done, err);
    free(op);
}

void delete_code(const struct media_deps *deps, const struct code_key *key, struct pr_done done)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(remove_code),
        FLOW_STEPS_END,
    };
    struct delete_code *op = PR_NEW(struct delete_code);
    op->deps = deps;
    op->key = *key;
    op->done = done;
    flow_start(&op->flow, "delete_code", steps, finish, op);
}
