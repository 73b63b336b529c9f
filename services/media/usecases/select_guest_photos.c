/* POST /guest/{account}/{slug}/selections: photos that will be asked for together.
 *
 *     check_token -> keep -> finish */
#include "services/media/usecases/guest_fault.h"
#include "services/media/usecases/guest_seal.h"

#include "shared/base/alloc.h"
#include "shared/flow/flow.h"

struct select_guest_photos {
    struct flow flow;
    const struct media_deps *deps;
    struct pr_str token;
    struct guest_query query; /* check_token fills its code */
    struct pr_uuid id;
    guest_selection_done_fn done;
    void *done_arg;
};

static enum pr_err check_token(void *arg)
{
    struct select_guest_photos *op = arg;
    return guest_seal_check(op->deps, op->token, &op->query.code_id) ? PR_OK : PR_ERR_UNAUTHORIZED;
}

static enum pr_err keep(void *arg)
{
    struct select_guest_photos *op = arg;
    int64_t now_ms = pr_now_ms(op->deps->clock);
    op->id = pr_uuid_v7(now_ms);
    op->deps->guests->select(op->deps->guests, &op->query, now_ms, &op->id, flow_wait(&op->flow));
    return PR_OK;
}

static void finish(void *arg, enum pr_err err)
{
    struct select_guest_photos *op = arg;
    struct pr_fault fault;
    guest_fault_set(&fault, err);
    op->done(op->done_arg, &fault, err ? NULL : &op->id);
    free(op);
}

void select_guest_photos(const struct media_deps *deps, const struct guest_photos_cmd *cmd,
                         guest_selection_done_fn done, void *arg)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(check_token),
        FLOW_STEP(keep),
        FLOW_STEPS_END,
    };
    struct select_guest_photos *op = PR_NEW(struct select_guest_photos);
    op->deps = deps;
    op->token = cmd->token;
    op->query = (struct guest_query){
        .account = cmd->account,
        .slug = cmd->slug,
        .ids = cmd->ids,
        .ids_n = cmd->ids_n,
    };
    op->done = done;
    op->done_arg = arg;
    flow_start(&op->flow, "select_guest_photos", steps, finish, op);
}
