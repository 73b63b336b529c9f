/* outbox: binds what the tables outbox, inbox, job and idempotency want, for the statements that
 * write them. The macros take the first parameters of a statement; its own follow. */
#pragma once

#include "proto/messages.h"
#include "shared/base/work.h"
#include "shared/kafka/relay.h"
#include "shared/pg/jobs.h"
#include "shared/pg/pg.h"

/* One message, about the change the statement makes: `with m as (update …) select OUTBOX_ADD from
 * m`. */
#define OUTBOX_ADD "outbox_add($1, $2, $3, $4, $5, $6, $7)"

/* What a message is encoded into: every one fits, as proto/messages.def bounds its fields. */
struct pr_buf outbox_body(void);

/* A change that sends one message: body is what it was encoded into, err how that went. On PR_OK a
 * new query of stmt with $1..$7 bound (a new id, the kind's topic and type, the subject as key, the
 * current trace, body); otherwise done is called and NULL returned. Frees body. */
struct pg_query *outbox_query(struct pg *pg, const struct pg_stmt *stmt, enum message_kind kind,
                              const struct pr_uuid *subject, int64_t now_ms, struct pr_buf *body,
                              enum pr_err err, struct pr_done done);

/* One more such change in the same transaction. On an error, which is err, the query is as it was. */
enum pr_err outbox_query_add(struct pg_query *query, const struct pg_stmt *stmt,
                             enum message_kind kind, const struct pr_uuid *subject, int64_t now_ms,
                             struct pr_buf *body, enum pr_err err) PR_CHECK;

/* A completion that wakes *relay when the transaction was committed, then calls done. A command has
 * none (NULL), nor a process at its end: another one finds the message by its slow poll. */
struct pr_done outbox_done(struct relay *const *relay, struct pr_done done);

/* The same for a transaction that added a job: wakes *jobs, unless they do not run (NULL). */
struct pr_done jobs_done(struct jobs *const *jobs, struct pr_done done);

/* True the first time a message is seen: `with i as (select INBOX_ADD as first) update … from i
 * where i.first`. */
#define INBOX_ADD "inbox_add($1, $2, $3::int, $4)"
void inbox_bind(struct pg_query *query, const struct message_origin *origin);

/* key_hash and request_hash of idempotency_claim; null without a key. */
void idempotency_bind(struct pg_query *query, const struct idempotency *idempotency);

/* Of a message from Kafka; views are borrowed from it. */
struct message_origin message_origin_of(const struct kafka_message *message);

/* The current context as a traceparent (W3C), for rows that are worked on later; empty when there
 * is no trace. */
#define TRACEPARENT_TEXT 56
struct pr_str current_traceparent(char out[TRACEPARENT_TEXT]);
