/* PATCH /events/{id}: another name, slug, end, cover; download and originals on or off.
 *
 *     check -> change -> finish
 *
 * The end counts from the creation, so that asking twice prolongs nothing. It may lie in the past:
 * then the event is closed at once. One that is closed and not yet being deleted is opened again by
 * a later end. */
#include "services/media/usecases/event_usecases.h"

#include "shared/base/alloc.h"
#include "shared/flow/flow.h"

struct change_event {
    struct flow flow;
    const struct media_deps *deps;
    struct change_event_cmd cmd;
    struct event checked; /* check puts the new name and slug there */
    struct event_change wanted;
    struct event event; /* change fills it */
    struct pr_fault fault;
    event_done_fn done;
    void *done_arg;
};

static enum pr_err check(void *arg)
{
    struct change_event *op = arg;
    const struct change_event_cmd *cmd = &op->cmd;
    enum pr_err err = PR_OK;
    if (cmd->name.p)
        err = event_set_name(&op->checked, cmd->name, &op->fault);
    if (!err && cmd->slug.p)
        err = event_set_slug(&op->checked, cmd->slug, &op->fault);
    if (!err && cmd->seconds_to_live)
        err = event_set_ttl(&op->checked, cmd->seconds_to_live, &op->fault);
    op->wanted = (struct event_change){
        .name = cmd->name.p ? op->checked.name : NULL,
        .slug = cmd->slug.p ? op->checked.slug : NULL,
        .seconds_to_live = cmd->seconds_to_live,
        .download = cmd->download,
        .originals = cmd->originals,
        .has_cover = cmd->has_cover,
        .cover_id = cmd->cover_id,
    };
    return err;
}

static enum pr_err change(void *arg)
{
    struct change_event *op = arg;
    struct event_repo *events = op->deps->events;
    events->change(events, &op->cmd.caller, &op->cmd.event_id, &op->wanted, op->deps->event_grace_s,
                   &op->event, flow_wait(&op->flow));
    return PR_OK;
}

static void finish(void *arg, enum pr_err err)
{
    struct change_event *op = arg;
    if (err == PR_ERR_CONFLICT)
        err = pr_fault_set(&op->fault, err, "slug", "is that of another event");
    else if (err == PR_ERR_UNPROCESSABLE)
        err = pr_fault_set(&op->fault, err, "cover_id", "is no photo of this event");
    op->fault.err = err;
    op->done(op->done_arg, &op->fault, &op->event);
    free(op);
}

void change_event(const struct media_deps *deps, const struct change_event_cmd *cmd,
                  event_done_fn done, void *arg)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(check),
        FLOW_STEP(change),
        FLOW_STEPS_END,
    };
    struct change_event *op = PR_NEW(struct change_event);
    op->deps = deps;
    op->cmd = *cmd;
    op->done = done;
    op->done_arg = arg;
    flow_start(&op->flow, "change_event", steps, finish, op);
}
