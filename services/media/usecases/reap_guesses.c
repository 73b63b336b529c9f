/* Now and then: forgets wrong codes that are too long ago to count.
 *
 *     forget -> finish
 *
 * Batch after batch, until there are no more: whoever guesses must not fill the table faster than
 * it is emptied. */
#include "services/media/usecases/guest_usecases.h"

#include "shared/base/alloc.h"
#include "shared/flow/flow.h"

#define BATCH 5000

struct reap_guesses {
    struct flow flow;
    const struct media_deps *deps;
    size_t forgotten; /* of this batch */
    struct pr_done done;
};

static enum pr_err forget(void *arg)
{
    struct reap_guesses *op = arg;
    op->deps->guests->forget_guesses(op->deps->guests,
                                     pr_now_ms(op->deps->clock) - GUESS_FORGOTTEN_MS, BATCH,
                                     &op->forgotten, flow_wait(&op->flow));
    return PR_OK;
}

static void start(struct reap_guesses *op);

static void finish(void *arg, enum pr_err err)
{
    struct reap_guesses *op = arg;
    if (!err && op->forgotten == BATCH) {
        start(op);
        return;
    }
    pr_done_call(op->done, err);
    free(op);
}

static void start(struct reap_guesses *op)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(forget),
        FLOW_STEPS_END,
    };
    op->forgotten = 0;
    flow_start(&op->flow, "reap_guesses", steps, finish, op);
}

void reap_guesses(const struct media_deps *deps, struct pr_done done)
{
    struct reap_guesses *op = PR_NEW(struct reap_guesses);
    op->deps = deps;
    op->done = done;
    start(op);
}
