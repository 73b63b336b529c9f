/* rig: a loop with a producer, topics of its own, and receivers that note what they get. */
#pragma once

#include "shared/base/time.h"
#include "shared/kafka/kafka.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct rig {
    uv_loop_t loop;
    const char *brokers;
    char topic[64], dead_letters[80], group[80]; /* new names each time; topic has 3 partitions */
    struct kafka_producer *producer;
};

/* With PIERROT_TEST_LOG set, librdkafka's own lines are shown too. */

/* cmocka's setup and teardown, with the broker of PIERROT_TEST_KAFKA_BROKERS: both topics are
 * there. The teardown checks that the loop closes clean. */
int rig_setup(void **state);
int rig_teardown(void **state);

/* The same with other brokers; nothing is waited for. */
struct rig *rig_new(const char *brokers);
void rig_free(struct rig *rig);
void rig_ensure_topics(struct rig *rig);
void rig_delete_topic(const struct rig *rig); /* the producer makes it anew when it needs it */

/* Turns the loop until the condition holds; the test fails after so many seconds. */
#define rig_until_within(rig, seconds, condition)                                                  \
    do {                                                                                           \
        int64_t until_ns_ = pr_monotonic_ns() + (seconds)*INT64_C(1000000000);                     \
        while (!(condition)) {                                                                     \
            if (pr_monotonic_ns() > until_ns_)                                                     \
                fail_msg("waited too long for: %s", #condition);                                   \
            rig_turn(rig);                                                                         \
        }                                                                                          \
    } while (0)
#define rig_until(rig, condition) rig_until_within(rig, 20, condition)
void rig_turn(struct rig *rig); /* one turn of the loop, 20 ms at most */
void rig_run_for(struct rig *rig, int64_t ms);

void set_true(void *arg); /* a bool: for closed callbacks */

/* Counts completions. */
struct tally {
    size_t ended, ok;
    enum pr_err err; /* the last that was not PR_OK */
};
struct pr_done tally_done(struct tally *tally);

/* A message number seq of a key, with every attribute set; ids differ. */
struct pr_uuid rig_send(struct rig *rig, int key, int seq, struct tally *tally);

/* What a consumer got. `answer` decides; without one every message is a success at once. */
struct note {
    struct pr_uuid id;
    int key, seq;
    int32_t partition;
    int64_t offset;
};
struct receiver {
    struct rig *rig;
    struct kafka_consumer *consumer;
    struct note *notes;
    size_t count;
    void (*answer)(struct receiver *receiver, const struct kafka_message *message,
                   struct pr_done done);
    struct pr_done held; /* for an answer that comes later */
    enum pr_err err;     /* for answers that want one */
};
void receiver_start(struct receiver *receiver, struct rig *rig, bool paused);
void receiver_stop(struct receiver *receiver); /* closes the consumer and waits; notes stay */
void receiver_free(struct receiver *receiver);

/* Every (key, seq) below the bounds was noted; the first of each in the order of seq per key. */
bool receiver_has_all(const struct receiver *receiver, int keys, int seqs);
void assert_in_order(const struct receiver *receiver, int keys);
