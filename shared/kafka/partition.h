/* partition (of shared/kafka alone): one assigned partition, and the one message of it that is
 * being handled. Each has librdkafka's queue of fetched messages to itself, so that a partition
 * that waits holds back only itself, and fetching stops when its queue is full. States:
 * partition.c. */
#pragma once

#include "shared/kafka/client.h"

#include <sys/queue.h>

enum partition_state {
    PARTITION_EMPTY,    /* wants the next message */
    PARTITION_LOADED,   /* has one */
    PARTITION_HANDLING, /* the handler has it */
    PARTITION_BURYING,  /* the dead letters have it */
    PARTITION_WAITING,  /* until it is tried again */
};

/* What a consumer's partitions have in common; borrowed from the consumer. */
struct partition_shared {
    struct kafka_client client;
    uv_loop_t *loop;
    struct kafka_producer *producer;
    char *dead_letters;
    kafka_handler_fn handler;
    void *handler_arg;
    unsigned handling; /* handlers under way, those of partitions that were taken away included */
    bool paused;
    void (*changed)(struct partition_shared *shared); /* a partition may go on */
};

struct partition {
    TAILQ_ENTRY(partition) link;
    struct partition_shared *shared;
    enum partition_state state;
    bool revoked; /* only waits for a completion to be freed */
    char *topic;
    int32_t id;
    rd_kafka_queue_t *queue;

    rd_kafka_event_t *event;       /* holds the message */
    const rd_kafka_message_t *raw; /* NULL while EMPTY */
    struct kafka_message message;
    struct log_context context;
    enum pr_err err;    /* why it is buried, else PR_OK */
    const char *detail; /* static text */
    unsigned failures;
    uint64_t due_ms; /* of the loop's clock, while WAITING */

    /* Offsets; -1 not known. */
    int64_t position;  /* of the message to be handled next or now */
    int64_t handled;   /* after the last one handled, what is to be committed */
    int64_t committed; /* as the broker has confirmed */
};
TAILQ_HEAD(partitions, partition);

/* Before rd_kafka_assign: takes the partition's queue for ours. */
struct partition *partition_new(struct partition_shared *shared, const char *topic, int32_t id);

/* Does what can be done now; true when something was done, so that there may be more. */
bool partition_advance(struct partition *partition);

/* Free as soon as nobody holds its message. */
void partition_revoke(struct partition *partition);

/* Messages behind the end of the partition, -1 when it is not known. */
int64_t partition_lag(const struct partition *partition);

/* Something was handled that is not yet committed. Not "more than": a topic that was made anew counts
 * from 0 again. */
static inline bool partition_owes(const struct partition *partition)
{
    return partition->handled >= 0 && partition->handled != partition->committed;
}

/* Sends what was handled and is not yet committed, as one request that ends with an event; false
 * when there is nothing to send, or no group to send it to. */
bool partitions_commit(const struct partitions *partitions, struct kafka_client *client);
void partitions_committed(struct partitions *partitions,
                          const rd_kafka_topic_partition_list_t *confirmed);
