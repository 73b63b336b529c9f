/* POST /events/{id}/codes: one code, or one for each of the labels somebody pasted.
 *
 *     label -> draw -> (draw again) -> settle -> finish
 *
 * draw makes codes of the system's random source and inserts them all at once. When the event has
 * one of them already, all are drawn anew: of 31^6 codes, 500 new ones meet one of 2,000 once in
 * 900 times, so five times in a row does not happen. A repeated Idempotency-Key adds nothing: the answer is what
 * it made, as that is now, or that nothing of it is left (PR_ERR_GONE). */
#include "services/media/usecases/code_usecases.h"

#include "services/media/domain/labels.h"
#include "shared/base/alloc.h"
#include "shared/crypto/crypto.h"
#include "shared/flow/flow.h"

struct make_codes {
    struct flow flow;
    const struct media_deps *deps;
    struct make_codes_cmd cmd;
    struct code_batch batch;   /* label fills it, draw its access codes */
    struct code_result result; /* draw fills them */
    struct code_page page;
    struct pr_arena arena;
    struct pr_fault fault;
    make_codes_done_fn done;
    void *done_arg;
};

static enum pr_err check_photos(struct make_codes *op)
{
    const struct make_codes_cmd *cmd = &op->cmd;
    bool one = cmd->label.p != NULL, all = cmd->opens_all == 1;
    if (all && cmd->photos.items)
        return pr_fault_set(&op->fault, PR_ERR_INVALID, "all", "leaves nothing for media_ids");
    if (one && !all && !cmd->photos.items)
        return pr_fault_set(&op->fault, PR_ERR_INVALID, "media_ids",
                            "is required, or all must be true");
    if (op->batch.n * cmd->photos.n > CODE_LINKS_AT_ONCE)
        return pr_fault_set(&op->fault, PR_ERR_INVALID, "media_ids",
                            "must be at most %zu for %zu codes at once",
                            CODE_LINKS_AT_ONCE / op->batch.n, op->batch.n);
    return PR_OK;
}

static int by_id(const void *a, const void *b)
{
    const struct code *first = a, *second = b;
    return memcmp(&first->id, &second->id, sizeof first->id);
}

/* Ids of one moment in the order of the labels, which is how lists are read. */
static void fill_batch(struct make_codes *op, const struct labels *labels)
{
    const struct make_codes_cmd *cmd = &op->cmd;
    int64_t now_ms = pr_now_ms(op->deps->clock);
    op->batch = (struct code_batch){
        .owner_id = cmd->caller,
        .event_id = cmd->event_id,
        .id = pr_uuid_v7(now_ms),
        .codes = pr_arena_alloc(&op->arena, labels->n * sizeof *op->batch.codes),
        .n = labels->n,
        .photos = cmd->photos,
    };
    for (size_t i = 0; i < labels->n; i++) {
        op->batch.codes[i] = (struct code){
            .id = pr_uuid_v7(now_ms),
            .event_id = cmd->event_id,
            .batch_id = op->batch.id,
            .opens_all = cmd->opens_all == 1,
            .created_at_ms = now_ms,
            .expires_at_ms = cmd->expires_in_s ? now_ms + cmd->expires_in_s * 1000 : 0,
        };
    }
    qsort(op->batch.codes, op->batch.n, sizeof *op->batch.codes, by_id);
}

static enum pr_err label(void *arg)
{
    struct make_codes *op = arg;
    struct labels labels = {.items = {op->cmd.label}, .n = 1};
    enum pr_err err = PR_OK;
    if (!op->cmd.label.p && !op->cmd.labels.p)
        return pr_fault_set(&op->fault, PR_ERR_INVALID, "label", "is required, or labels");
    if (op->cmd.label.p && op->cmd.labels.p)
        return pr_fault_set(&op->fault, PR_ERR_INVALID, "labels", "must not come with label");
    if (op->cmd.labels.p)
        err = labels_read(op->cmd.labels, &op->arena, &labels, &op->fault);
    if (err)
        return err;
    fill_batch(op, &labels);
    for (size_t i = 0; i < labels.n && !err; i++)
        err = code_set_label(&op->batch.codes[i], labels.items[i], &op->fault);
    return err ? err : check_photos(op);
}

static void draw_code(struct code *code, size_t length)
{
    uint8_t random[CODE_RANDOM_BYTES];
    do
        crypto_random(random, sizeof random);
    while (!code_from_random(random, sizeof random, length, code->access_code));
    crypto_wipe(random, sizeof random);
}

static enum pr_err draw(void *arg)
{
    struct make_codes *op = arg;
    if (op->result.outcome != CODES_TAKEN)
        return PR_OK;
    for (size_t i = 0; i < op->batch.n; i++)
        draw_code(&op->batch.codes[i], (size_t)op->cmd.length);
    op->deps->codes->insert(op->deps->codes, &op->batch, &op->cmd.idempotency, &op->result,
                            &op->page, flow_wait(&op->flow));
    return PR_OK;
}

static enum pr_err settle(void *arg)
{
    static const char key[] = "idempotency-key";
    struct make_codes *op = arg;
    switch (op->result.outcome) {
    case CODES_RUNNING:
        return pr_fault_set(&op->fault, PR_ERR_CONFLICT, key,
                            "a request with this key is being worked on");
    case CODES_MISMATCH:
        return pr_fault_set(&op->fault, PR_ERR_UNPROCESSABLE, key, "was used for another request");
    case CODES_TOO_MANY:
        return pr_fault_set(&op->fault, PR_ERR_CONFLICT, "", "an event has at most %d codes",
                            CODES_MAX);
    case CODES_NOT_PHOTOS:
        return pr_fault_set(&op->fault, PR_ERR_UNPROCESSABLE, "media_ids",
                            "%zu of them are no photos of this event", op->result.wrong_n);
    case CODES_REPLAYED:
        if (op->page.items_n == 0)
            return pr_fault_set(&op->fault, PR_ERR_GONE, key, "what it created is no more");
        return PR_OK;
    case CODES_DONE:
        return PR_OK;
    case CODES_TAKEN:
    case CODES_OPEN_ALL:
        break;
    }
    return PR_ERR_UNAVAILABLE;
}

static void finish(void *arg, enum pr_err err)
{
    struct make_codes *op = arg;
    op->fault.err = err;
    op->done(op->done_arg, &op->fault, &op->page, op->result.outcome == CODES_REPLAYED);
    pr_arena_fini(&op->page.arena);
    pr_arena_fini(&op->arena);
    free(op);
}

void make_codes(const struct media_deps *deps, const struct make_codes_cmd *cmd,
                make_codes_done_fn done, void *arg)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(label), FLOW_STEP(draw), FLOW_STEP(draw),   FLOW_STEP(draw),
        FLOW_STEP(draw),  FLOW_STEP(draw), FLOW_STEP(settle), FLOW_STEPS_END,
    };
    struct make_codes *op = PR_NEW(struct make_codes);
    op->deps = deps;
    op->cmd = *cmd;
    op->result.outcome = CODES_TAKEN;
    op->done = done;
    op->done_arg = arg;
    flow_start(&op->flow, "make_codes", steps, finish, op);
}
