#include "shared/service/outbox.h"

#include "shared/base/alloc.h"

#include <stdio.h>

struct pr_str current_traceparent(char out[TRACEPARENT_TEXT])
{
    const struct log_context *ctx = log_context_current();
    if (!ctx || !ctx->trace_id[0] || !ctx->span_id[0])
        return pr_str_n(out, 0);
    snprintf(out, TRACEPARENT_TEXT, "00-%s-%s-01", ctx->trace_id, ctx->span_id);
    return pr_str(out);
}

static void bind_message(struct pg_query *query, enum message_kind kind,
                         const struct pr_uuid *subject, int64_t now_ms, struct pr_str body)
{
    const struct message_info *info = &message_infos[kind];
    struct pr_uuid id = pr_uuid_v7(now_ms);
    char text[PR_UUID_TEXT], trace[TRACEPARENT_TEXT];
    struct pr_str key = pr_str(pr_uuid_format(subject, text));
    pg_bind_uuid(query, &id);
    pg_bind_text(query, pr_str(info->topic));
    pg_bind_bytes(query, key);
    pg_bind_text(query, pr_str(info->type));
    pg_bind_text(query, key);
    pg_bind_text(query, current_traceparent(trace));
    pg_bind_bytes(query, body);
}

struct pr_buf outbox_body(void)
{
    struct pr_buf body;
    pr_buf_init(&body, MESSAGE_MAX_BYTES);
    return body;
}

enum pr_err outbox_query_add(struct pg_query *query, const struct pg_stmt *stmt,
                             enum message_kind kind, const struct pr_uuid *subject, int64_t now_ms,
                             struct pr_buf *body, enum pr_err err)
{
    if (!err) {
        pg_query_add(query, stmt);
        bind_message(query, kind, subject, now_ms, pr_buf_str(body));
    }
    pr_buf_fini(body);
    return err;
}

struct pg_query *outbox_query(struct pg *pg, const struct pg_stmt *stmt, enum message_kind kind,
                              const struct pr_uuid *subject, int64_t now_ms, struct pr_buf *body,
                              enum pr_err err, struct pr_done done)
{
    struct pg_query *query = pg_query_new(pg);
    err = outbox_query_add(query, stmt, kind, subject, now_ms, body, err);
    if (!err)
        return query;
    pg_query_drop(query);
    pr_done_call(done, err);
    return NULL;
}

struct outbox_op {
    struct relay *const *relay;
    struct pr_done done;
};

static void committed(void *arg, enum pr_err err)
{
    struct outbox_op *op = arg;
    if (!err && *op->relay)
        relay_poke(*op->relay);
    pr_done_call(op->done, err);
    free(op);
}

struct pr_done outbox_done(struct relay *const *relay, struct pr_done done)
{
    struct outbox_op *op = PR_NEW(struct outbox_op);
    *op = (struct outbox_op){relay, done};
    return (struct pr_done){committed, op};
}

struct jobs_op {
    struct jobs *const *jobs;
    struct pr_done done;
};

static void jobs_added(void *arg, enum pr_err err)
{
    struct jobs_op *op = arg;
    if (!err && *op->jobs)
        jobs_poke(*op->jobs);
    pr_done_call(op->done, err);
    free(op);
}

struct pr_done jobs_done(struct jobs *const *jobs, struct pr_done done)
{
    struct jobs_op *op = PR_NEW(struct jobs_op);
    *op = (struct jobs_op){jobs, done};
    return (struct pr_done){jobs_added, op};
}

void idempotency_bind(struct pg_query *query, const struct idempotency *idempotency)
{
    size_t n = sizeof idempotency->key_hash;
    pg_bind_bytes(query, pr_str_n(idempotency->given ? idempotency->key_hash : NULL, n));
    pg_bind_bytes(query, pr_str_n(idempotency->given ? idempotency->request_hash : NULL, n));
}

void inbox_bind(struct pg_query *query, const struct message_origin *origin)
{
    pg_bind_uuid(query, &origin->id);
    pg_bind_text(query, origin->topic);
    pg_bind_int(query, origin->partition);
    pg_bind_int(query, origin->offset);
}

struct message_origin message_origin_of(const struct kafka_message *message)
{
    return (struct message_origin){message->id, message->topic, message->partition,
                                   message->offset};
}
