/* kafka: messages out and in, on the loop (librdkafka's queues behind an eventfd).
 *
 * Producer: idempotent, acks=all, never gives a message up by itself; a fatal error makes it anew
 * and what was under way completes with PR_ERR_UNAVAILABLE (the relay sends it again).
 *
 * Consumer: one message of a partition at a time, partitions side by side; the handler's completion
 * decides:
 *   PR_OK             the offset is stored and committed soon (explicitly, taken from the message)
 *   temporary error   the same message again after a backoff; its partition waits, the others go on
 *   anything else     the raw message goes to the dead letters with its cause, its partition goes
 *                     on
 * Delivery is at least once: the handler's transaction makes the effect once (inbox). A message
 * without the headers of a CloudEvent goes to the dead letters unseen. Progress starts at the
 * oldest message. */
#pragma once

#include "shared/base/done.h"
#include "shared/base/uuid.h"
#include "shared/log/log.h"

#include <uv.h>

/* What crosses Kafka: CloudEvents 1.0, Kafka protocol binding, binary mode. Views are borrowed. */
struct kafka_message {
    struct pr_uuid id;         /* ce_id */
    struct pr_str type;        /* ce_type: "pierrot.media.finalized.v1" */
    struct pr_str source;      /* ce_source: "pierrot/media" */
    struct pr_str subject;     /* ce_subject: the id the message is about */
    struct pr_str traceparent; /* W3C; may be empty */
    struct pr_str topic, key, value;
    int64_t time_ms; /* ce_time */
    int32_t partition;
    int64_t offset;
};

struct kafka_options {
    const char *brokers;   /* bootstrap list; copied */
    const char *client_id; /* copied */
};

struct kafka_producer;
struct kafka_producer *kafka_producer_create(uv_loop_t *loop, const struct kafka_options *options);

/* Copies the message (id to value, and topic); done when the broker has acknowledged it, or with
 *   PR_ERR_UNAVAILABLE  it may or may not have arrived: send it again, under the same id
 *   PR_ERR_TOO_LARGE, PR_ERR_INVALID  it will never be taken */
void kafka_produce(struct kafka_producer *producer, const struct kafka_message *message,
                   struct pr_done done);

/* A broker answers. Known from the topics that kafka_ensure_topics asked for, and from deliveries.
 */
bool kafka_producer_ready(const struct kafka_producer *producer);

/* Gives what is under way two seconds, fails what is left with PR_ERR_UNAVAILABLE, then calls
 * closed; the memory is gone by then. */
void kafka_producer_close(struct kafka_producer *producer, void (*closed)(void *arg), void *arg);

/* Creates the topics that are missing (partitions each, replicas as the broker's default says);
 * done when they are all there. Tries for ever, with backoff: PR_OK or, at close,
 * PR_ERR_UNAVAILABLE. The names are copied and remembered: a topic that vanishes later is created
 * again. */
void kafka_ensure_topics(struct kafka_producer *producer, const char *const *topics, size_t count,
                         int partitions, struct pr_done done);

/* Handles one message; done exactly once, now or later; message is borrowed until then. The current
 * log context names the message's trace while it runs. */
typedef void (*kafka_handler_fn)(void *arg, const struct kafka_message *message,
                                 struct pr_done done);

struct kafka_consumer_options {
    struct kafka_options kafka;
    const char *group;         /* "pierrot-media"; copied */
    const char *const *topics; /* copied */
    size_t topics_count;
    const char *dead_letters;        /* topic "media.dead-letters"; copied */
    struct kafka_producer *producer; /* for the dead letters; outlives the consumer */
    bool paused;                     /* joins the group, reads nothing */
    kafka_handler_fn handler;
    void *arg;
};

struct kafka_consumer;
struct kafka_consumer *kafka_consumer_create(uv_loop_t *loop,
                                             const struct kafka_consumer_options *options);
bool kafka_consumer_ready(const struct kafka_consumer *consumer); /* member of the group */

/* Holds all partitions, also those assigned later; what is being handled ends. */
void kafka_consumer_pause(struct kafka_consumer *consumer, bool paused);

/* Messages between what is being handled and the end of its partitions, as the last fetch saw it;
 * -1 when it is not known. Asks nobody. */
int64_t kafka_consumer_lag(const struct kafka_consumer *consumer);

/* Waits for what is being handled, without a limit; commits and leaves the group, which takes some
 * ten seconds at most when no broker answers; then calls closed. The memory is gone by then. */
void kafka_consumer_close(struct kafka_consumer *consumer, void (*closed)(void *arg), void *arg);
