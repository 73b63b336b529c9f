#include "services/gateway/adapters/creation_pg.h"

#include "shared/base/alloc.h"

static const struct {
    const char *name;
    enum creation creation;
    enum pr_err err;
} verdicts[] = {
    {"new", CREATION_NEW, PR_OK},
    {"replay", CREATION_REPLAYED, PR_OK},
    {"running", CREATION_RUNNING, PR_OK},
    {"mismatch", CREATION_MISMATCH, PR_OK},
    {"name_taken", CREATION_NAME_TAKEN, PR_OK},
    {"email_taken", CREATION_EMAIL_TAKEN, PR_OK},
    {"not_invited", CREATION_NOT_INVITED, PR_OK},
    {"limited", CREATION_NEW, PR_ERR_LIMITED},
    {"unauthorized", CREATION_NEW, PR_ERR_UNAUTHORIZED},
};

struct creation_op {
    struct creation_lookup lookup;
    struct pr_uuid subject;
    enum creation *out;
    struct pr_done done;
};

static enum pr_err read_verdict(void *arg, const struct pg_result *result)
{
    struct creation_op *op = arg;
    struct pr_str verdict = pg_text(result, 0, 0);
    for (size_t i = 0; i < PR_COUNT(verdicts); i++) {
        if (!pr_str_is(verdict, verdicts[i].name))
            continue;
        *op->out = verdicts[i].creation;
        if (*op->out == CREATION_REPLAYED)
            op->subject = pg_uuid(result, 0, 1);
        return verdicts[i].err;
    }
    return PR_ERR_INTERNAL;
}

static void finish(struct creation_op *op, enum pr_err err)
{
    pr_done_call(op->done, err);
    free(op);
}

static void looked_up(void *arg, enum pr_err err)
{
    struct creation_op *op = arg;
    if (err == PR_ERR_NOT_FOUND)
        *op->out = CREATION_GONE;
    finish(op, err == PR_ERR_NOT_FOUND ? PR_OK : err);
}

/* What was created then may be younger than what the first statement saw. */
static void judged(void *arg, enum pr_err err)
{
    struct creation_op *op = arg;
    if (err || *op->out != CREATION_REPLAYED) {
        finish(op, err);
        return;
    }
    struct pg_query *query = pg_query_new(op->lookup.pg);
    pg_query_add(query, op->lookup.stmt);
    pg_bind_uuid(query, &op->subject);
    pg_query_rows(query, op->lookup.read, op->lookup.stored);
    pg_query_run(query, (struct pr_done){looked_up, op});
}

void creation_run(struct pg_query *query, const struct creation_lookup *lookup, enum creation *out,
                  struct pr_done done)
{
    struct creation_op *op = PR_NEW(struct creation_op);
    *op = (struct creation_op){.lookup = *lookup, .out = out, .done = done};
    pg_query_rows(query, read_verdict, op);
    pg_query_run(query, (struct pr_done){judged, op});
}
