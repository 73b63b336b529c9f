/* POST /guest/{account}/{slug}/access: a guest types an access code.
 *
 *     attempt -> judge -> finish
 *
 * Also what can be no code, or no event's address, is tried: it costs a guess and takes its time
 * like any other, and the answer is the same. */
#include "services/media/usecases/guest_seal.h"

#include "shared/base/alloc.h"
#include "shared/flow/flow.h"

struct enter_event {
    struct flow flow;
    const struct media_deps *deps;
    struct guest_attempt guest_attempt;
    struct guest_entry entry; /* attempt fills it */
    int64_t now_ms, retry_after_s;
    char token[GUEST_TOKEN_TEXT]; /* judge fills it */
    struct pr_fault fault;
    enter_event_done_fn done;
    void *done_arg;
};

static enum pr_err attempt(void *arg)
{
    struct enter_event *op = arg;
    op->deps->guests->enter(op->deps->guests, &op->guest_attempt, op->now_ms, &op->entry,
                            flow_wait(&op->flow));
    return PR_OK;
}

static enum pr_err judge(void *arg)
{
    struct enter_event *op = arg;
    switch (op->entry.outcome) {
    case GUEST_REFUSED:
        return pr_fault_set(&op->fault, PR_ERR_UNAUTHORIZED, "access_code",
                            "opens nothing here, or no more");
    case GUEST_BLOCKED:
        op->retry_after_s = (op->entry.blocked_until_ms - op->now_ms + 999) / 1000;
        return pr_fault_set(&op->fault, PR_ERR_LIMITED, "access_code",
                            "too many wrong codes lately");
    case GUEST_TOO_LATE:
        return pr_fault_set(&op->fault, PR_ERR_GONE, "", "the event is over");
    case GUEST_LET_IN:
        guest_seal_token(op->deps, &op->entry.code_id, op->token);
    }
    return PR_OK;
}

static void finish(void *arg, enum pr_err err)
{
    struct enter_event *op = arg;
    op->fault.err = err;
    op->done(op->done_arg, &op->fault, &(struct entered){op->token, &op->entry.event},
             op->retry_after_s);
    free(op);
}

void enter_event(const struct media_deps *deps, const struct enter_event_cmd *cmd,
                 enter_event_done_fn done, void *arg)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(attempt),
        FLOW_STEP(judge),
        FLOW_STEPS_END,
    };
    struct enter_event *op = PR_NEW(struct enter_event);
    op->deps = deps;
    op->now_ms = pr_now_ms(deps->clock);
    op->guest_attempt.account = cmd->account;
    op->guest_attempt.slug = cmd->slug;
    if (!code_normalize(cmd->access_code, op->guest_attempt.access_code))
        op->guest_attempt.access_code[0] = 0;
    guest_seal_guess(deps, "client", cmd->client, pr_str(""), op->guest_attempt.client_key);
    guest_seal_guess(deps, "event", cmd->account, cmd->slug, op->guest_attempt.event_key);
    op->done = done;
    op->done_arg = arg;
    flow_start(&op->flow, "enter_event", steps, finish, op);
}
