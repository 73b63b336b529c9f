/* relay: carries the outbox to Kafka.
 *
 * A usecase's transaction calls `select outbox_add(event_id, topic, key, type, subject,
 * traceparent, body)` after it has locked and changed its row. One relay for each schema (an
 * advisory lock; the others stand by) sends what is not marked sent, in order of seq, and marks
 * what the broker acknowledged: a message may be sent twice, with the same id, and is never lost.
 * Sent rows stay 72 hours for `republish`, then go, with inbox rows of 14 days and idempotency
 * rows of 24 hours. */
#pragma once

#include "shared/kafka/kafka.h"
#include "shared/pg/pg.h"

struct relay_options {
    const char *source; /* ce_source: "pierrot/media"; borrowed for the relay's life */
    int64_t poll_ms;    /* how often to look when not poked; jittered */
    struct pg *pg;
    const struct pg_options *lock; /* for the connection that holds the lock */
    struct kafka_producer *producer;
};

struct relay;
struct relay *relay_create(uv_loop_t *loop, const struct relay_options *options);
void relay_poke(struct relay *relay);         /* a transaction with an outbox row was committed */
bool relay_active(const struct relay *relay); /* has the lock */

/* Waits for what is under way, two seconds at most, then calls closed; the memory is gone by then.
 * What was not marked in time is sent again by the next relay. */
void relay_close(struct relay *relay, void (*closed)(void *arg), void *arg);

/* Marks what was written since then as unsent, so that a relay sends it again, with the same ids;
 * *count gets how many. For the day a broker loses its disk. */
void relay_republish(struct pg *pg, int64_t since_ms, int64_t *count, struct pr_done done);
