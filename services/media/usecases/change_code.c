/* PATCH /events/{id}/codes/{code_id}: its label, its expiry, what it opens, whether it is revoked.
 *
 *     plan -> save -> settle -> finish
 */
#include "services/media/usecases/code_usecases.h"

#include "shared/base/alloc.h"
#include "shared/flow/flow.h"

struct change_code {
    struct flow flow;
    const struct media_deps *deps;
    struct change_code_cmd cmd;
    struct code label; /* plan fills its label */
    struct code_change change;
    struct code_result result; /* save fills them */
    struct code_found found;
    struct pr_fault fault;
    code_done_fn done;
    void *done_arg;
};

static enum pr_err check_photos(struct change_code *op)
{
    const struct change_code_cmd *cmd = &op->cmd;
    if (cmd->opens_all == 1 && (cmd->photos.items || cmd->add.items || cmd->remove.items))
        return pr_fault_set(&op->fault, PR_ERR_INVALID, "all",
                            "leaves nothing for media_ids, add and remove");
    if (cmd->photos.items && (cmd->add.items || cmd->remove.items))
        return pr_fault_set(&op->fault, PR_ERR_INVALID, "media_ids",
                            "must not come with add or remove");
    return PR_OK;
}

/* Chosen photos are all it opens. */
static enum pr_err plan(void *arg)
{
    struct change_code *op = arg;
    const struct change_code_cmd *cmd = &op->cmd;
    int64_t now_ms = pr_now_ms(op->deps->clock);
    enum pr_err err = PR_OK;
    op->change = (struct code_change){
        .label = cmd->label.p ? op->label.label : NULL,
        .opens_all = cmd->photos.items ? 0 : cmd->opens_all,
        .revoked = cmd->revoked,
        .expires = cmd->expires_in_s >= 0,
        .expires_at_ms = cmd->expires_in_s > 0 ? now_ms + cmd->expires_in_s * 1000 : 0,
        .now_ms = now_ms,
        .photos = cmd->photos,
        .add = cmd->add,
        .remove = cmd->remove,
    };
    if (cmd->label.p)
        err = code_set_label(&op->label, cmd->label, &op->fault);
    return err ? err : check_photos(op);
}

static enum pr_err save(void *arg)
{
    struct change_code *op = arg;
    op->deps->codes->change(op->deps->codes, &op->cmd.key, &op->change, &op->result, &op->found,
                            flow_wait(&op->flow));
    return PR_OK;
}

static enum pr_err settle(void *arg)
{
    struct change_code *op = arg;
    if (op->result.outcome == CODES_NOT_PHOTOS)
        return pr_fault_set(&op->fault, PR_ERR_UNPROCESSABLE,
                            op->cmd.photos.items ? "media_ids" : "add",
                            "%zu of them are no photos of this event", op->result.wrong_n);
    if (op->result.outcome == CODES_OPEN_ALL)
        return pr_fault_set(&op->fault, PR_ERR_CONFLICT, op->cmd.add.items ? "add" : "remove",
                            "the code opens all photos: make all false first");
    return PR_OK;
}

static void finish(void *arg, enum pr_err err)
{
    struct change_code *op = arg;
    op->fault.err = err;
    op->done(op->done_arg, &op->fault, &op->found);
    pr_arena_fini(&op->found.arena);
    free(op);
}

void change_code(const struct media_deps *deps, const struct change_code_cmd *cmd,
                 code_done_fn done, void *arg)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(plan),
        FLOW_STEP(save),
        FLOW_STEP(settle),
        FLOW_STEPS_END,
    };
    struct change_code *op = PR_NEW(struct change_code);
    op->deps = deps;
    op->cmd = *cmd;
    op->done = done;
    op->done_arg = arg;
    flow_start(&op->flow, "change_code", steps, finish, op);
}
