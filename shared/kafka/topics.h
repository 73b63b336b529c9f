/* topics (of shared/kafka alone): sees to it that topics exist, and by that whether a broker
 * answers.
 *
 * All that were ever asked for are created again whenever the producer starts, no broker answers,
 * or a topic turns out to be gone (a broker that lost its disk); that they exist already is a
 * success. The topics are made known to librdkafka at the same time, so that the first message to
 * one does not wait for its metadata. */
#pragma once

#include "shared/kafka/client.h"

struct kafka_topic;

struct kafka_topics {
    struct kafka_client *client; /* NULL while there is none */
    struct kafka_topic *list;
    size_t count;
    struct pr_done *waiting;
    size_t waiting_count;
    uv_timer_t timer; /* until the next attempt */
    unsigned attempts;
    size_t asked; /* topics in the request that is under way; 0: none is */
};

void kafka_topics_init(struct kafka_topics *topics, uv_loop_t *loop);
void kafka_topics_add(struct kafka_topics *topics, const char *const *names, size_t count,
                      int partitions, struct pr_done done);

void kafka_topics_start(struct kafka_topics *topics, struct kafka_client *client);
void kafka_topics_check(struct kafka_topics *topics); /* something is missing: ask again, soon */
void kafka_topics_answer(struct kafka_topics *topics, rd_kafka_event_t *event);
void kafka_topics_stop(struct kafka_topics *topics); /* before the client is closed */

/* Who waits gets PR_ERR_UNAVAILABLE; the timer is the caller's to close before. */
void kafka_topics_fini(struct kafka_topics *topics);
