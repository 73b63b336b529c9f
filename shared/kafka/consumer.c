/* The consumer's states:
 *
 *     JOINING ──assigned──▶ ASSIGNED ──revoked──▶ SETTLING ──settled──▶ JOINING
 *        │                     │
 *        └──────close──────────┴──▶ ENDING ──settled──▶ LEAVING ──left──▶ CLOSING ──▶ freed
 *
 * SETTLING and ENDING hand out no more messages, wait for the handlers that run (SETTLING for a
 * while only: the group waits for us) and commit what they did. An assignment that is already lost
 * is given back at once and nothing is committed: somebody else may own it.
 *
 * tick() does what can be done in the present state and sets the timer for what cannot yet. It runs
 * after every event, completion and pause. */
#include "shared/base/alloc.h"
#include "shared/kafka/partition.h"

#include <assert.h>

#define COMMIT_MS 100        /* offsets are committed together, this long after the first */
#define COMMIT_AGAIN_MS 1000 /* after a commit that failed */
#define SETTLE_MS 2000
#define LEAVE_MS 2000
#define POLL_MS 10000 /* librdkafka leaves the group when nobody has polled for 5 minutes */

enum consumer_state {
    CONSUMER_JOINING,
    CONSUMER_ASSIGNED,
    CONSUMER_SETTLING,
    CONSUMER_ENDING,
    CONSUMER_LEAVING,
    CONSUMER_CLOSING,
};

#define BIT(state) (1u << (state))
static const unsigned moves[] = {
    [CONSUMER_JOINING] = BIT(CONSUMER_ASSIGNED) | BIT(CONSUMER_ENDING),
    [CONSUMER_ASSIGNED] = BIT(CONSUMER_SETTLING) | BIT(CONSUMER_JOINING) | BIT(CONSUMER_ENDING),
    [CONSUMER_SETTLING] = BIT(CONSUMER_JOINING) | BIT(CONSUMER_ENDING),
    [CONSUMER_ENDING] = BIT(CONSUMER_LEAVING),
    [CONSUMER_LEAVING] = BIT(CONSUMER_CLOSING),
    [CONSUMER_CLOSING] = 0,
};

struct kafka_consumer {
    struct partition_shared shared;
    enum consumer_state state;
    uint64_t
        until_ms; /* of the loop's clock: end of SETTLING or LEAVING, of the wait for a commit */
    struct partitions partitions;
    bool ticking;
    bool committing;        /* a commit is under way */
    bool last_commit;       /* of this assignment: it was sent */
    uint64_t commit_due_ms; /* 0: nothing to commit */
    uv_timer_t timer;
    void (*closed)(void *arg);
    void *closed_arg;
};

static void tick(void *arg);

static uint64_t now_ms(const struct kafka_consumer *consumer)
{
    return uv_now(consumer->shared.loop);
}

static void move(struct kafka_consumer *consumer, enum consumer_state to)
{
    assert(moves[consumer->state] & BIT(to));
    consumer->state = to;
}

static void on_changed(struct partition_shared *shared)
{
    tick(PR_CONTAINER(shared, struct kafka_consumer, shared));
}

static void on_timer(uv_timer_t *timer)
{
    tick(timer->data);
}

static bool commit(struct kafka_consumer *consumer)
{
    consumer->commit_due_ms = 0;
    consumer->committing = partitions_commit(&consumer->partitions, &consumer->shared.client);
    return consumer->committing;
}

static void on_committed(struct kafka_consumer *consumer, rd_kafka_event_t *event)
{
    rd_kafka_resp_err_t err = rd_kafka_event_error(event);
    consumer->committing = false;
    if (err) {
        log_at(LOG_WARN, "offsets not committed", LOG_TEXT("error", rd_kafka_err2name(err)));
        consumer->commit_due_ms = now_ms(consumer) + COMMIT_AGAIN_MS;
        return;
    }
    kafka_client_set_answers(&consumer->shared.client, true);
    partitions_committed(&consumer->partitions, rd_kafka_event_topic_partition_list(event));
}

static void free_partitions(struct kafka_consumer *consumer)
{
    struct partition *partition;
    while ((partition = TAILQ_FIRST(&consumer->partitions))) {
        TAILQ_REMOVE(&consumer->partitions, partition, link);
        partition_revoke(partition);
    }
    consumer->commit_due_ms = 0;
    consumer->last_commit = false;
}

static void assign(struct kafka_consumer *consumer, const rd_kafka_topic_partition_list_t *list)
{
    rd_kafka_resp_err_t err = rd_kafka_assign(consumer->shared.client.rk, list);
    if (err)
        log_at(LOG_ERROR, "cannot take the assignment", LOG_TEXT("error", rd_kafka_err2name(err)));
}

static void on_assigned(struct kafka_consumer *consumer,
                        const rd_kafka_topic_partition_list_t *list)
{
    if (consumer->state != CONSUMER_JOINING) {
        assign(consumer, NULL); /* on the way out */
        return;
    }
    for (int i = 0; i < list->cnt; i++) {
        struct partition *partition =
            partition_new(&consumer->shared, list->elems[i].topic, list->elems[i].partition);
        TAILQ_INSERT_TAIL(&consumer->partitions, partition, link);
    }
    assign(consumer, list); /* goes on behind what the group has committed */
    move(consumer, CONSUMER_ASSIGNED);
    kafka_client_set_answers(&consumer->shared.client, true);
    log_at(LOG_INFO, "partitions assigned", LOG_INT("count", list->cnt));
}

static void on_revoked(struct kafka_consumer *consumer)
{
    bool lost = rd_kafka_assignment_lost(consumer->shared.client.rk);
    log_at(lost ? LOG_WARN : LOG_INFO, lost ? "partitions lost" : "partitions revoked");
    if (consumer->state == CONSUMER_ENDING && !lost)
        return; /* given back when it is settled */
    if (consumer->state == CONSUMER_ASSIGNED && !lost) {
        consumer->until_ms = now_ms(consumer) + SETTLE_MS;
        move(consumer, CONSUMER_SETTLING);
        return;
    }
    free_partitions(consumer);
    assign(consumer, NULL);
    if (consumer->state == CONSUMER_ASSIGNED || consumer->state == CONSUMER_SETTLING)
        move(consumer, CONSUMER_JOINING);
}

static void on_event(struct kafka_consumer *consumer, rd_kafka_event_t *event)
{
    switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_REBALANCE:
        if (rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
            on_assigned(consumer, rd_kafka_event_topic_partition_list(event));
        else
            on_revoked(consumer);
        break;
    case RD_KAFKA_EVENT_OFFSET_COMMIT:
        on_committed(consumer, event);
        break;
    case RD_KAFKA_EVENT_ERROR:
        kafka_client_error(&consumer->shared.client, event);
        break;
    case RD_KAFKA_EVENT_LOG:
        kafka_client_log(&consumer->shared.client, event);
        break;
    case RD_KAFKA_EVENT_FETCH: /* of a partition that was taken away */
        break;
    }
}

/* True when there may be more. */
static bool serve_events(struct kafka_consumer *consumer)
{
    for (int i = 0; i < KAFKA_WAKE_BUDGET; i++) {
        rd_kafka_event_t *event = rd_kafka_queue_poll(consumer->shared.client.queue, 0);
        if (!event)
            return false;
        on_event(consumer, event);
        rd_kafka_event_destroy(event);
    }
    return true;
}

static bool advance_partitions(struct kafka_consumer *consumer)
{
    bool some = consumer->state == CONSUMER_ASSIGNED;
    for (int i = 0; i < KAFKA_WAKE_BUDGET && some && consumer->state == CONSUMER_ASSIGNED; i++) {
        struct partition *partition;
        some = false;
        TAILQ_FOREACH (partition, &consumer->partitions, link) {
            some |= partition_advance(partition);
            if (partition_owes(partition) && !consumer->commit_due_ms)
                consumer->commit_due_ms = now_ms(consumer) + COMMIT_MS;
        }
    }
    return some;
}

/* SETTLING and ENDING: true when no handler is waited for and what they did is committed, or time
 * is up for that. */
static bool settled(struct kafka_consumer *consumer)
{
    bool time_is_up = now_ms(consumer) >= consumer->until_ms;
    if (consumer->shared.handling > 0 && (consumer->state == CONSUMER_ENDING || !time_is_up))
        return false;
    if (consumer->committing)
        return time_is_up;
    /* librdkafka holds a commit back when no broker answers, and does not end while it does. */
    if (consumer->last_commit || !consumer->shared.client.answers)
        return true;
    consumer->last_commit = true;
    consumer->until_ms = now_ms(consumer) + SETTLE_MS;
    return !commit(consumer);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct kafka_consumer *consumer = handle->data;
    void (*closed)(void *arg) = consumer->closed;
    void *closed_arg = consumer->closed_arg;
    free(consumer->shared.dead_letters);
    free(consumer);
    closed(closed_arg);
}

static void on_client_closed(void *arg)
{
    struct kafka_consumer *consumer = arg;
    uv_close((uv_handle_t *)&consumer->timer, on_timer_closed);
}

static void leave(struct kafka_consumer *consumer)
{
    rd_kafka_error_t *error =
        rd_kafka_consumer_close_queue(consumer->shared.client.rk, consumer->shared.client.queue);
    consumer->until_ms = now_ms(consumer) + (error ? 0 : LEAVE_MS);
    if (error)
        rd_kafka_error_destroy(error);
    move(consumer, CONSUMER_LEAVING);
}

static void go_on(struct kafka_consumer *consumer)
{
    switch (consumer->state) {
    case CONSUMER_ASSIGNED:
        if (consumer->commit_due_ms && consumer->commit_due_ms <= now_ms(consumer) &&
            !consumer->committing)
            commit(consumer);
        break;
    case CONSUMER_SETTLING:
    case CONSUMER_ENDING:
        if (!settled(consumer))
            break;
        free_partitions(consumer);
        assign(consumer, NULL);
        if (consumer->state == CONSUMER_ENDING)
            leave(consumer);
        else
            move(consumer, CONSUMER_JOINING);
        break;
    case CONSUMER_LEAVING:
        if (!rd_kafka_consumer_closed(consumer->shared.client.rk) &&
            now_ms(consumer) < consumer->until_ms)
            break;
        move(consumer, CONSUMER_CLOSING);
        kafka_client_close(&consumer->shared.client, on_client_closed);
        break;
    case CONSUMER_JOINING:
    case CONSUMER_CLOSING:
        break;
    }
}

/* The next moment at which something is to be done without an event: what is due only while ASSIGNED,
 * or until_ms. Never at once: a timer of 0 that starts itself again holds the loop for ever. */
static void arm(struct kafka_consumer *consumer)
{
    uint64_t now = now_ms(consumer), next = now + POLL_MS;
    struct partition *partition;
    if (consumer->state == CONSUMER_CLOSING)
        return;
    if (consumer->until_ms > now && consumer->until_ms < next)
        next = consumer->until_ms;
    if (consumer->state == CONSUMER_ASSIGNED) {
        if (consumer->commit_due_ms && !consumer->committing && consumer->commit_due_ms < next)
            next = consumer->commit_due_ms;
        TAILQ_FOREACH (partition, &consumer->partitions, link) {
            if (partition->state == PARTITION_WAITING && partition->due_ms < next)
                next = partition->due_ms;
        }
    }
    uv_timer_start(&consumer->timer, on_timer, next > now ? next - now : 1, 0);
}

static void tick(void *arg)
{
    struct kafka_consumer *consumer = arg;
    if (consumer->ticking || consumer->state == CONSUMER_CLOSING)
        return; /* whoever runs looks again after each step */
    consumer->ticking = true;
    bool more = serve_events(consumer);
    more |= advance_partitions(consumer);
    go_on(consumer);
    if (more && consumer->state != CONSUMER_CLOSING)
        kafka_client_wake(&consumer->shared.client);
    arm(consumer);
    consumer->ticking = false;
}

static void subscribe(struct kafka_consumer *consumer, const struct kafka_consumer_options *options)
{
    rd_kafka_topic_partition_list_t *topics =
        rd_kafka_topic_partition_list_new((int)options->topics_count);
    for (size_t i = 0; i < options->topics_count; i++)
        rd_kafka_topic_partition_list_add(topics, options->topics[i], RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t err = rd_kafka_subscribe(consumer->shared.client.rk, topics);
    assert(!err); /* only for bad arguments */
    rd_kafka_topic_partition_list_destroy(topics);
}

struct kafka_consumer *kafka_consumer_create(uv_loop_t *loop,
                                             const struct kafka_consumer_options *options)
{
    static const char *const settings[][2] = {
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"auto.offset.reset", "earliest"},
        {"allow.auto.create.topics", "false"},
        {"partition.assignment.strategy", "range,roundrobin"},
        /* The shortest session a broker allows by default: after kill -9 the partitions are free.
         */
        {"session.timeout.ms", "6000"},
        {"heartbeat.interval.ms", "1000"},
        {"fetch.wait.max.ms", "500"},
        {"fetch.min.bytes", "1"},
        {"fetch.max.bytes", "1048576"},
        {"fetch.message.max.bytes", "262144"},
        {"queued.max.messages.kbytes", "512"}, /* for each partition, as each has its own queue */
        {"topic.metadata.refresh.interval.ms", "10000"}, /* finds a topic created after the start */
    };
    struct kafka_consumer *consumer = PR_NEW(struct kafka_consumer);
    rd_kafka_conf_t *conf = kafka_client_conf(&options->kafka);
    for (size_t i = 0; i < PR_COUNT(settings); i++)
        kafka_client_set(conf, settings[i][0], settings[i][1]);
    kafka_client_set(conf, "group.id", options->group);
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_OFFSET_COMMIT |
                                       RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG |
                                       RD_KAFKA_EVENT_FETCH);
    consumer->shared = (struct partition_shared){
        .loop = loop,
        .producer = options->producer,
        .dead_letters = pr_str_dup(pr_str(options->dead_letters)),
        .handler = options->handler,
        .handler_arg = options->arg,
        .paused = options->paused,
        .changed = on_changed,
    };
    TAILQ_INIT(&consumer->partitions);
    uv_timer_init(loop, &consumer->timer);
    consumer->timer.data = consumer;
    kafka_client_open(&consumer->shared.client, loop, RD_KAFKA_CONSUMER, conf, tick, consumer);
    subscribe(consumer, options);
    return consumer;
}

bool kafka_consumer_ready(const struct kafka_consumer *consumer)
{
    return consumer->state == CONSUMER_ASSIGNED || consumer->state == CONSUMER_SETTLING;
}

void kafka_consumer_pause(struct kafka_consumer *consumer, bool paused)
{
    consumer->shared.paused = paused;
    tick(consumer);
}

int64_t kafka_consumer_lag(const struct kafka_consumer *consumer)
{
    const struct partition *partition;
    int64_t sum = 0;
    if (!kafka_consumer_ready(consumer))
        return -1;
    TAILQ_FOREACH (partition, &consumer->partitions, link) {
        int64_t lag = partition_lag(partition);
        if (lag < 0)
            return -1;
        sum += lag;
    }
    return sum;
}

void kafka_consumer_close(struct kafka_consumer *consumer, void (*closed)(void *arg), void *arg)
{
    consumer->closed = closed;
    consumer->closed_arg = arg;
    consumer->until_ms = 0;
    move(consumer, CONSUMER_ENDING);
    tick(consumer);
}
