/* The photos a guest's code opens now: for the page (GET /guest/{account}/{slug}), for one of them
 * and for a ZIP of some or all.
 *
 *     check_token -> load -> check_ids -> count -> finish
 *
 * The code is asked for each time, so that what was revoked, taken away or is over is so at once. */
#include "services/media/usecases/guest_fault.h"
#include "services/media/usecases/guest_seal.h"

#include "shared/base/alloc.h"
#include "shared/flow/flow.h"

struct list_guest_photos {
    struct flow flow;
    const struct media_deps *deps;
    struct pr_str token;
    bool saves, counts;
    struct guest_query query;   /* check_token fills its code */
    struct guest_photos photos; /* load fills it */
    guest_photos_done_fn done;
    void *done_arg;
};

static enum pr_err check_token(void *arg)
{
    struct list_guest_photos *op = arg;
    return guest_seal_check(op->deps, op->token, &op->query.code_id) ? PR_OK : PR_ERR_UNAUTHORIZED;
}

static enum pr_err load(void *arg)
{
    struct list_guest_photos *op = arg;
    op->deps->guests->load(op->deps->guests, &op->query, pr_now_ms(op->deps->clock), &op->photos,
                           flow_wait(&op->flow));
    return PR_OK;
}

static enum pr_err check_ids(void *arg)
{
    struct list_guest_photos *op = arg;
    if (op->photos.items_n != op->photos.wanted_n)
        return PR_ERR_NOT_FOUND;
    return op->saves && !op->photos.event.download ? PR_ERR_FORBIDDEN : PR_OK;
}

static enum pr_err count(void *arg)
{
    struct list_guest_photos *op = arg;
    if (op->counts)
        op->deps->guests->count_download(op->deps->guests, &op->query.code_id,
                                         pr_now_ms(op->deps->clock), flow_wait(&op->flow));
    return PR_OK;
}

static void finish(void *arg, enum pr_err err)
{
    struct list_guest_photos *op = arg;
    struct pr_fault fault;
    guest_fault_set(&fault, err);
    op->done(op->done_arg, &fault, &op->photos);
    pr_arena_fini(&op->photos.arena);
    free(op);
}

void list_guest_photos(const struct media_deps *deps, const struct guest_photos_cmd *cmd,
                       guest_photos_done_fn done, void *arg)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(check_token), FLOW_STEP(load), FLOW_STEP(check_ids),
        FLOW_STEP(count),       FLOW_STEPS_END,
    };
    struct list_guest_photos *op = PR_NEW(struct list_guest_photos);
    op->deps = deps;
    op->token = cmd->token;
    op->query = (struct guest_query){
        .account = cmd->account,
        .slug = cmd->slug,
        .ids = cmd->ids,
        .ids_n = cmd->ids_n,
        .selection_id = cmd->selection_id,
    };
    op->saves = cmd->saves;
    op->counts = cmd->counts;
    op->done = done;
    op->done_arg = arg;
    flow_start(&op->flow, "list_guest_photos", steps, finish, op);
}
