/* tail: what comes from now on, to every process that looks.
 *
 * A tail belongs to no group and commits nothing: it reads all partitions of its topics from the
 * ends they had when it began. Partitions and topics that are made later, or anew, are read from
 * their first message. For whoever shows what happens: what came before is to be looked up where it
 * is kept, and so is what came while the process did not run.
 *
 * A message comes at least once, in order per partition, while the broker keeps it. One without the
 * headers of a CloudEvent is passed over: it is in the dead letters of those who live by it. */
#pragma once

#include "shared/kafka/kafka.h"

/* The message is borrowed for the call. */
typedef void (*kafka_tail_fn)(void *arg, const struct kafka_message *message);

struct kafka_tail_options {
    struct kafka_options kafka;
    const char *const *topics; /* copied */
    size_t topics_count;
    kafka_tail_fn handler;
    void (*began)(void *arg); /* once: from here on nothing is missed. NULL: nobody wants to know */
    void *arg;
};

struct kafka_tail;

/* Begins as soon as a broker answers, tries for ever, and stays when all brokers are away. */
struct kafka_tail *kafka_tail_create(uv_loop_t *loop, const struct kafka_tail_options *options);
bool kafka_tail_has_begun(const struct kafka_tail *tail);

/* Nothing is handed out any more; calls closed after a question to the broker that is under way has
 * ended, two seconds at most. The memory is gone by then. */
void kafka_tail_close(struct kafka_tail *tail, void (*closed)(void *arg), void *arg);
