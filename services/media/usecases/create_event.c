/* POST /events: a new event, with the job that will delete it.
 *
 *     prepare -> insert -> name_anew -> … -> insert -> load_earlier -> finish
 *
 * A slug that was made from the name and is taken gets a random end, and is tried again; one that
 * the caller chose is refused (409). When the Idempotency-Key created one before, the answer is that
 * event as it is now; when it is gone, PR_ERR_GONE. */
#include "services/media/usecases/event_usecases.h"

#include "shared/base/alloc.h"
#include "shared/flow/flow.h"

#include <stdio.h>

struct create_event {
    struct flow flow;
    const struct media_deps *deps;
    struct create_event_cmd cmd;
    struct event event; /* prepare fills it; load_earlier puts the earlier one there */
    struct event_insertion insertion;
    bool settled; /* insert needs no other try */
    struct pr_fault fault;
    create_event_done_fn done;
    void *done_arg;
};

static enum pr_err prepare(void *arg)
{
    struct create_event *op = arg;
    const struct create_event_cmd *cmd = &op->cmd;
    int64_t now_ms = pr_now_ms(op->deps->clock);
    op->event = (struct event){
        .id = pr_uuid_v7(now_ms),
        .owner_id = cmd->caller,
        .version = 1,
        .created_at_ms = now_ms,
        .download = cmd->download,
        .originals = cmd->originals,
    };
    memcpy(op->event.owner_name, cmd->caller_name, sizeof op->event.owner_name);
    enum pr_err err = event_set_name(&op->event, cmd->name, &op->fault);
    if (!err)
        err = event_set_ttl(&op->event,
                            cmd->seconds_to_live ? cmd->seconds_to_live : EVENT_TTL_DEFAULT_S,
                            &op->fault);
    if (!err && cmd->slug.p)
        err = event_set_slug(&op->event, cmd->slug, &op->fault);
    else if (!err)
        event_make_slug(&op->event, pr_str(""));
    return err;
}

static enum pr_err insert(void *arg)
{
    struct create_event *op = arg;
    struct event_repo *events = op->deps->events;
    if (!op->settled)
        events->insert(events, &op->event, op->event.expires_at_ms + op->deps->event_grace_s * 1000,
                       &op->cmd.idempotency, &op->insertion, flow_wait(&op->flow));
    return PR_OK;
}

/* The last digits of an id are random. */
static enum pr_err name_anew(void *arg)
{
    struct create_event *op = arg;
    char text[PR_UUID_TEXT];
    op->settled = op->insertion.outcome != EVENT_SLUG_TAKEN || op->cmd.slug.p;
    if (!op->settled) {
        struct pr_uuid id = pr_uuid_v7(op->event.created_at_ms);
        event_make_slug(&op->event, pr_str(pr_uuid_format(&id, text) + PR_UUID_TEXT - 1 - 6));
    }
    return PR_OK;
}

static enum pr_err load_earlier(void *arg)
{
    static const char key[] = "idempotency-key";
    struct create_event *op = arg;
    struct event_repo *events = op->deps->events;
    switch (op->insertion.outcome) {
    case EVENT_NEW:
        break;
    case EVENT_REPLAYED:
        events->load(events, &op->cmd.caller, &op->insertion.event_id, &op->event,
                     flow_wait(&op->flow));
        break;
    case EVENT_RUNNING:
        return pr_fault_set(&op->fault, PR_ERR_CONFLICT, key,
                            "a request with this key is being worked on");
    case EVENT_MISMATCH:
        return pr_fault_set(&op->fault, PR_ERR_UNPROCESSABLE, key, "was used for another request");
    case EVENT_SLUG_TAKEN:
        return pr_fault_set(&op->fault, PR_ERR_CONFLICT, "slug", "is that of another event");
    case EVENT_TOO_MANY:
        return pr_fault_set(&op->fault, PR_ERR_CONFLICT, "", "there are %d events: no more fit",
                            EVENTS_MAX);
    }
    return PR_OK;
}

static void finish(void *arg, enum pr_err err)
{
    struct create_event *op = arg;
    bool replayed = op->insertion.outcome == EVENT_REPLAYED;
    if (replayed && err == PR_ERR_NOT_FOUND)
        err =
            pr_fault_set(&op->fault, PR_ERR_GONE, "idempotency-key", "what it created is no more");
    op->fault.err = err;
    op->done(op->done_arg, &op->fault, &op->event, replayed);
    free(op);
}

void create_event(const struct media_deps *deps, const struct create_event_cmd *cmd,
                  create_event_done_fn done, void *arg)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(prepare),   FLOW_STEP(insert), FLOW_STEP(name_anew),    FLOW_STEP(insert),
        FLOW_STEP(name_anew), FLOW_STEP(insert), FLOW_STEP(load_earlier), FLOW_STEPS_END,
    };
    struct create_event *op = PR_NEW(struct create_event);
    op->deps = deps;
    op->cmd = *cmd;
    op->done = done;
    op->done_arg = arg;
    flow_start(&op->flow, "create_event", steps, finish, op);
}
