/* A partition's states:
 *
 *     EMPTY ─▶ LOADED ─▶ HANDLING ─ PR_OK ─▶ EMPTY
 *                │  ▲       │ └─ any other error ─▶ BURYING ─▶ EMPTY
 *       not ours │  │       │ temporary error         │ ▲
 *                │  │       ▼                         ▼ │
 *                │  └──── WAITING ◀───────────────────┘ │
 *                ▼           └───── to be buried ───────┘
 *             BURYING
 *
 * A message stays until its effect, or its dead letter, is safe; only then its offset counts as
 * handled. When the partition is taken away, a handler that still runs finds its completion here
 * and the offset is left to the next owner. */
#include "shared/kafka/partition.h"

#include "shared/base/alloc.h"
#include "shared/kafka/backoff.h"
#include "shared/kafka/dead_letter.h"
#include "shared/kafka/headers.h"

#include <assert.h>

#define BIT(state) (1u << (state))
static const unsigned moves[] = {
    [PARTITION_EMPTY] = BIT(PARTITION_LOADED),
    [PARTITION_LOADED] = BIT(PARTITION_HANDLING) | BIT(PARTITION_BURYING),
    [PARTITION_HANDLING] = BIT(PARTITION_EMPTY) | BIT(PARTITION_BURYING) | BIT(PARTITION_WAITING),
    [PARTITION_BURYING] = BIT(PARTITION_EMPTY) | BIT(PARTITION_WAITING),
    [PARTITION_WAITING] = BIT(PARTITION_LOADED),
};

static void move(struct partition *partition, enum partition_state to)
{
    assert(moves[partition->state] & BIT(to));
    partition->state = to;
}

struct partition *partition_new(struct partition_shared *shared, const char *topic, int32_t id)
{
    struct partition *partition = PR_NEW(struct partition);
    partition->shared = shared;
    partition->topic = pr_str_dup(pr_str(topic));
    partition->id = id;
    partition->position = partition->handled = partition->committed = -1;
    partition->queue = rd_kafka_queue_get_partition(shared->client.rk, topic, id);
    assert(partition->queue);
    /* Forwarded to nowhere: an assignment leaves a queue alone that the application has forwarded.
     */
    rd_kafka_queue_forward(partition->queue, NULL);
    kafka_client_watch(&shared->client, partition->queue);
    return partition;
}

static void drop_message(struct partition *partition)
{
    if (partition->event)
        rd_kafka_event_destroy(partition->event);
    partition->event = NULL;
    partition->raw = NULL;
}

static void free_partition(struct partition *partition)
{
    drop_message(partition);
    free(partition->topic);
    free(partition);
}

/* What is still in the queue goes to the consumer's, which throws it away: left where it is, it would
 * hold the partition, and that the client, for ever when the topic is deleted. */
void partition_revoke(struct partition *partition)
{
    rd_kafka_queue_io_event_enable(partition->queue, -1, NULL, 0);
    rd_kafka_queue_forward(partition->queue, partition->shared->client.queue);
    rd_kafka_queue_destroy(partition->queue);
    partition->queue = NULL;
    partition->revoked = true;
    if (partition->state == PARTITION_BURYING)
        drop_message(partition); /* copied: the client may end before the dead letter arrives */
    else if (partition->state != PARTITION_HANDLING)
        free_partition(partition);
}

static void log_trouble(struct partition *partition, enum log_level level, const char *msg,
                        const char *detail)
{
    const struct log_context *outer = log_context_enter(&partition->context);
    log_at(level, msg, LOG_STR("type", partition->message.type),
           LOG_TEXT("topic", partition->topic), LOG_INT("partition", partition->id),
           LOG_INT("offset", partition->raw->offset), LOG_INT("failures", partition->failures),
           LOG_TEXT("error", pr_err_name(partition->err)), LOG_TEXT("detail", detail));
    log_context_enter(outer);
}

static void load(struct partition *partition, rd_kafka_event_t *event)
{
    partition->event = event;
    partition->raw = rd_kafka_event_message_next(event);
    partition->detail = kafka_headers_read(partition->raw, &partition->message);
    partition->err = partition->detail ? PR_ERR_DECODE : PR_OK;
    partition->context = log_context_of_trace(partition->message.traceparent);
    partition->failures = 0;
    partition->position = partition->raw->offset;
    move(partition, PARTITION_LOADED);
    if (partition->err)
        log_trouble(partition, LOG_ERROR, "message goes to the dead letters", partition->detail);
}

static bool poll_next(struct partition *partition)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(partition->queue, 0);
    if (!event)
        return false;
    if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_FETCH) {
        load(partition, event);
        return true;
    }
    if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR)
        kafka_client_error(&partition->shared->client, event);
    rd_kafka_event_destroy(event);
    return true;
}

static void finish_message(struct partition *partition)
{
    partition->position = partition->handled = partition->raw->offset + 1;
    drop_message(partition);
    move(partition, PARTITION_EMPTY);
}

static void try_later(struct partition *partition)
{
    partition->failures++;
    partition->due_ms = uv_now(partition->shared->loop) + kafka_backoff_ms(partition->failures);
    move(partition, PARTITION_WAITING);
}

static void on_buried(void *arg, enum pr_err err)
{
    struct partition *partition = arg;
    if (partition->revoked) {
        free_partition(partition);
        return;
    }
    if (err && pr_err_class(err) == PR_CLASS_TEMPORARY) {
        try_later(partition);
    } else {
        if (err)
            log_trouble(partition, LOG_ERROR,
                        "the dead letters refuse a message; it stays only where it is",
                        pr_err_text(err));
        finish_message(partition);
    }
    partition->shared->changed(partition->shared);
}

static void bury(struct partition *partition)
{
    move(partition, PARTITION_BURYING);
    kafka_dead_letter(partition->shared->producer, partition->shared->dead_letters, partition->raw,
                      partition->err, partition->detail, (struct pr_done){on_buried, partition});
}

static void conclude(struct partition *partition, enum pr_err err)
{
    if (!err) {
        finish_message(partition);
        return;
    }
    partition->err = err;
    if (pr_err_class(err) == PR_CLASS_TEMPORARY) {
        try_later(partition);
        if (kafka_backoff_tell(partition->failures))
            log_trouble(partition, LOG_WARN, "message is tried again", pr_err_text(err));
        partition->err = PR_OK;
    } else {
        partition->detail = pr_err_text(err);
        log_trouble(partition, LOG_ERROR, "message goes to the dead letters", partition->detail);
        bury(partition);
    }
}

static void on_handled(void *arg, enum pr_err err)
{
    struct partition *partition = arg;
    struct partition_shared *shared = partition->shared;
    assert(partition->state == PARTITION_HANDLING);
    shared->handling--;
    if (partition->revoked)
        free_partition(partition);
    else
        conclude(partition, err);
    shared->changed(shared);
}

static void handle(struct partition *partition)
{
    struct partition_shared *shared = partition->shared;
    const struct log_context *outer = log_context_enter(&partition->context);
    move(partition, PARTITION_HANDLING);
    shared->handling++;
    shared->handler(shared->handler_arg, &partition->message,
                    (struct pr_done){on_handled, partition});
    log_context_enter(outer);
}

bool partition_advance(struct partition *partition)
{
    switch (partition->state) {
    case PARTITION_EMPTY:
        return poll_next(partition);
    case PARTITION_LOADED:
        if (partition->shared->paused)
            return false;
        if (partition->err)
            bury(partition);
        else
            handle(partition);
        return true;
    case PARTITION_WAITING:
        if (uv_now(partition->shared->loop) < partition->due_ms)
            return false;
        move(partition, PARTITION_LOADED);
        return true;
    case PARTITION_HANDLING:
    case PARTITION_BURYING:
        break;
    }
    return false;
}

int64_t partition_lag(const struct partition *partition)
{
    int64_t low, high;
    if (rd_kafka_get_watermark_offsets(partition->shared->client.rk, partition->topic,
                                       partition->id, &low, &high) ||
        high < 0)
        return -1;
    /* Without a position nothing has come since the assignment, although a fetch told the end. */
    if (partition->position < 0 || partition->position > high)
        return 0;
    return high - partition->position;
}

bool partitions_commit(const struct partitions *partitions, struct kafka_client *client)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(8);
    const struct partition *partition;
    TAILQ_FOREACH (partition, partitions, link) {
        if (partition_owes(partition))
            rd_kafka_topic_partition_list_add(list, partition->topic, partition->id)->offset =
                partition->handled;
    }
    bool sent =
        list->cnt > 0 && !rd_kafka_commit_queue(client->rk, list, client->queue, NULL, NULL);
    rd_kafka_topic_partition_list_destroy(list);
    return sent;
}

void partitions_committed(struct partitions *partitions,
                          const rd_kafka_topic_partition_list_t *confirmed)
{
    struct partition *partition;
    for (int i = 0; confirmed && i < confirmed->cnt; i++) {
        const rd_kafka_topic_partition_t *one = &confirmed->elems[i];
        TAILQ_FOREACH (partition, partitions, link) {
            if (!one->err && partition->id == one->partition &&
                strcmp(partition->topic, one->topic) == 0)
                partition->committed = one->offset;
        }
    }
}
