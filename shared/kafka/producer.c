/* The producer's states:
 *
 *     OPEN ──close──▶ DRAINING ──all acknowledged, or time is up──▶ CLOSING ──▶ freed
 *      │  ▲                                                            ▲
 *    fatal └──────────── the client is gone, a new one opened          │
 *      ▼        │                                                      │
 *     RENEWING ─┴──close───────────────────────────────────────────────┘
 *
 * A fatal error is librdkafka's word for "idempotence can no longer be promised": the only cure is
 * a new client. What was under way may or may not have arrived; it completes with
 * PR_ERR_UNAVAILABLE, and whoever sent it sends it again under the same id. */
#include "shared/kafka/producer.h"

#include "shared/base/alloc.h"
#include "shared/kafka/client.h"
#include "shared/kafka/headers.h"
#include "shared/kafka/topics.h"

#include <assert.h>
#include <sys/queue.h>

#define DRAIN_MS 2000
#define TOPIC_TEXT 250 /* Kafka's bound is 249 characters */

enum producer_state { PRODUCER_OPEN, PRODUCER_DRAINING, PRODUCER_RENEWING, PRODUCER_CLOSING };

#define BIT(state) (1u << (state))
static const unsigned moves[] = {
    [PRODUCER_OPEN] = BIT(PRODUCER_DRAINING) | BIT(PRODUCER_RENEWING),
    [PRODUCER_DRAINING] = BIT(PRODUCER_CLOSING),
    [PRODUCER_RENEWING] = BIT(PRODUCER_OPEN) | BIT(PRODUCER_CLOSING),
    [PRODUCER_CLOSING] = 0,
};

struct delivery {
    TAILQ_ENTRY(delivery) link;
    struct pr_done done;
};
TAILQ_HEAD(deliveries, delivery);

struct kafka_producer {
    uv_loop_t *loop;
    enum producer_state state;
    struct kafka_client client;
    struct kafka_topics topics;
    char *brokers, *client_id;
    struct deliveries deliveries; /* handed to librdkafka, not yet reported */
    uv_timer_t drain;
    unsigned timers; /* still to be closed */
    void (*closed)(void *arg);
    void *closed_arg;
};

static void open_client(struct kafka_producer *producer);

static void move(struct kafka_producer *producer, enum producer_state to)
{
    assert(moves[producer->state] & BIT(to));
    producer->state = to;
}

/* The deliveries are taken off the list first: their owners may produce again at once. */
static void give_up_all(struct kafka_producer *producer)
{
    struct deliveries lost = TAILQ_HEAD_INITIALIZER(lost);
    struct delivery *delivery;
    TAILQ_CONCAT(&lost, &producer->deliveries, link);
    while ((delivery = TAILQ_FIRST(&lost))) {
        TAILQ_REMOVE(&lost, delivery, link);
        pr_done_call(delivery->done, PR_ERR_UNAVAILABLE);
        free(delivery);
    }
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct kafka_producer *producer = handle->data;
    if (--producer->timers > 0)
        return;
    void (*closed)(void *arg) = producer->closed;
    void *closed_arg = producer->closed_arg;
    kafka_topics_fini(&producer->topics);
    free(producer->brokers);
    free(producer->client_id);
    free(producer);
    closed(closed_arg);
}

/* The client is gone: because it was to be made anew, or for good. */
static void on_client_closed(void *arg)
{
    struct kafka_producer *producer = arg;
    if (producer->state == PRODUCER_RENEWING) {
        move(producer, PRODUCER_OPEN);
        open_client(producer);
        give_up_all(producer);
        return;
    }
    give_up_all(producer);
    producer->timers = 2;
    producer->topics.timer.data = producer;
    uv_close((uv_handle_t *)&producer->topics.timer, on_timer_closed);
    uv_close((uv_handle_t *)&producer->drain, on_timer_closed);
}

static void close_client(struct kafka_producer *producer, enum producer_state why)
{
    move(producer, why);
    kafka_topics_stop(&producer->topics);
    kafka_client_close(&producer->client, on_client_closed);
}

static enum pr_err outcome(rd_kafka_resp_err_t err)
{
    switch (err) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
        return PR_OK;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
        return PR_ERR_TOO_LARGE;
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
        return PR_ERR_INVALID;
    default:
        return PR_ERR_UNAVAILABLE;
    }
}

static bool topic_is_gone(rd_kafka_resp_err_t err)
{
    return err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC || err == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION ||
           err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
}

static void report(struct kafka_producer *producer, rd_kafka_event_t *event)
{
    const rd_kafka_message_t *message;
    while ((message = rd_kafka_event_message_next(event))) {
        struct delivery *delivery = message->_private;
        TAILQ_REMOVE(&producer->deliveries, delivery, link);
        if (!message->err)
            kafka_client_set_answers(&producer->client, true);
        else if (topic_is_gone(message->err))
            kafka_topics_check(&producer->topics);
        pr_done_call(delivery->done, outcome(message->err));
        free(delivery);
    }
}

static void on_error(struct kafka_producer *producer, rd_kafka_event_t *event)
{
    if (rd_kafka_event_error_is_fatal(event)) {
        log_at(LOG_ERROR, "the Kafka producer failed and is made anew",
               LOG_TEXT("error", rd_kafka_err2name(rd_kafka_event_error(event))),
               LOG_TEXT("detail", rd_kafka_event_error_string(event)));
        if (producer->state == PRODUCER_OPEN)
            close_client(producer, PRODUCER_RENEWING);
        else if (producer->state == PRODUCER_DRAINING)
            close_client(producer, PRODUCER_CLOSING);
        return;
    }
    kafka_client_error(&producer->client, event);
    if (!producer->client.answers)
        kafka_topics_check(&producer->topics);
}

static void on_event(struct kafka_producer *producer, rd_kafka_event_t *event)
{
    switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_DR:
        report(producer, event);
        break;
    case RD_KAFKA_EVENT_ERROR:
        on_error(producer, event);
        break;
    case RD_KAFKA_EVENT_LOG:
        kafka_client_log(&producer->client, event);
        break;
    case RD_KAFKA_EVENT_CREATETOPICS_RESULT:
        kafka_topics_answer(&producer->topics, event);
        break;
    }
}

static bool serving(const struct kafka_producer *producer)
{
    return producer->state == PRODUCER_OPEN || producer->state == PRODUCER_DRAINING;
}

static void on_wake(void *arg)
{
    struct kafka_producer *producer = arg;
    rd_kafka_event_t *event = NULL;
    for (int i = 0; i < KAFKA_WAKE_BUDGET && serving(producer); i++) {
        event = rd_kafka_queue_poll(producer->client.queue, 0);
        if (!event)
            break;
        on_event(producer, event);
        rd_kafka_event_destroy(event);
    }
    if (producer->state == PRODUCER_DRAINING && TAILQ_EMPTY(&producer->deliveries))
        close_client(producer, PRODUCER_CLOSING);
    else if (event && serving(producer))
        kafka_client_wake(&producer->client);
}

static void open_client(struct kafka_producer *producer)
{
    static const char *const settings[][2] = {
        {"enable.idempotence", "true"},
        {"acks", "all"},
        /* A broker that knows nothing of a producer yet takes any first number. So with more in
         * flight, the first may be refused (a new topic, a new leader), the second accepted, and
         * librdkafka then takes the first for delivered as well: it would be lost. */
        {"max.in.flight.requests.per.connection", "1"},
        {"message.timeout.ms", "0"}, /* never: what waits is bounded by what the outbox sends */
        {"linger.ms", "0"},
        {"request.timeout.ms", "10000"},
        {"partitioner", "murmur2_random"}, /* as the Java clients do */
        {"queue.buffering.max.messages", "10000"},
        {"queue.buffering.max.kbytes", "65536"}, /* a whole batch of the relay always fits */
    };
    const struct kafka_options options = {producer->brokers, producer->client_id};
    rd_kafka_conf_t *conf = kafka_client_conf(&options);
    for (size_t i = 0; i < PR_COUNT(settings); i++)
        kafka_client_set(conf, settings[i][0], settings[i][1]);
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG);
    kafka_client_open(&producer->client, producer->loop, RD_KAFKA_PRODUCER, conf, on_wake,
                      producer);
    kafka_topics_start(&producer->topics, &producer->client);
}

struct kafka_producer *kafka_producer_create(uv_loop_t *loop, const struct kafka_options *options)
{
    struct kafka_producer *producer = PR_NEW(struct kafka_producer);
    producer->loop = loop;
    producer->brokers = pr_str_dup(pr_str(options->brokers));
    producer->client_id = pr_str_dup(pr_str(options->client_id));
    TAILQ_INIT(&producer->deliveries);
    uv_timer_init(loop, &producer->drain);
    producer->drain.data = producer;
    kafka_topics_init(&producer->topics, loop);
    open_client(producer);
    return producer;
}

void kafka_produce_raw(struct kafka_producer *producer, struct pr_str topic, struct pr_str key,
                       struct pr_str value, rd_kafka_headers_t *headers, struct pr_done done)
{
    char name[TOPIC_TEXT];
    if (producer->state != PRODUCER_OPEN || !pr_str_copy(topic, name, sizeof name)) {
        rd_kafka_headers_destroy(headers);
        pr_done_call(done, producer->state != PRODUCER_OPEN ? PR_ERR_UNAVAILABLE : PR_ERR_INVALID);
        return;
    }
    struct delivery *delivery = PR_NEW(struct delivery);
    const rd_kafka_vu_t parts[] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = name},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {(void *)(uintptr_t)key.p, key.n}},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {(void *)(uintptr_t)value.p, value.n}},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers},
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = delivery},
    };
    delivery->done = done;
    rd_kafka_error_t *error = rd_kafka_produceva(producer->client.rk, parts, PR_COUNT(parts));
    if (!error) {
        TAILQ_INSERT_TAIL(&producer->deliveries, delivery, link);
        return;
    }
    rd_kafka_resp_err_t err = rd_kafka_error_code(error);
    log_at(LOG_DEBUG, "not produced", LOG_TEXT("detail", rd_kafka_error_string(error)));
    rd_kafka_error_destroy(error);
    rd_kafka_headers_destroy(headers);
    free(delivery);
    if (topic_is_gone(err))
        kafka_topics_check(&producer->topics);
    pr_done_call(done, outcome(err));
}

void kafka_produce(struct kafka_producer *producer, const struct kafka_message *message,
                   struct pr_done done)
{
    kafka_produce_raw(producer, message->topic, message->key, message->value,
                      kafka_headers_new(message), done);
}

void kafka_ensure_topics(struct kafka_producer *producer, const char *const *topics, size_t count,
                         int partitions, struct pr_done done)
{
    kafka_topics_add(&producer->topics, topics, count, partitions, done);
}

bool kafka_producer_ready(const struct kafka_producer *producer)
{
    return producer->state == PRODUCER_OPEN && producer->client.answers;
}

rd_kafka_t *kafka_producer_handle(struct kafka_producer *producer)
{
    return producer->client.rk;
}

static void on_drain_over(uv_timer_t *timer)
{
    struct kafka_producer *producer = timer->data;
    if (producer->state == PRODUCER_DRAINING)
        close_client(producer, PRODUCER_CLOSING);
}

void kafka_producer_close(struct kafka_producer *producer, void (*closed)(void *arg), void *arg)
{
    producer->closed = closed;
    producer->closed_arg = arg;
    if (producer->state == PRODUCER_RENEWING) {
        move(producer, PRODUCER_CLOSING);
        return;
    }
    move(producer, PRODUCER_DRAINING);
    bool nothing = TAILQ_EMPTY(&producer->deliveries);
    uv_timer_start(&producer->drain, on_drain_over, nothing ? 0 : DRAIN_MS, 0);
}
