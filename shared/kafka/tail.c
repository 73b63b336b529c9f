/* The tail's states:
 *
 *     WAITING ──timer──▶ ASKING ──answer──▶ WAITING
 *        │                 │
 *        └─────close───────┴──▶ CLOSING ──answer, if one is awaited──▶ freed
 *
 * Messages are handed out in WAITING and ASKING alike. The question is which partitions there are,
 * and, until the tail has begun, where they end. librdkafka asks such things blocking: it is done on
 * libuv's thread pool, with a limit. The answer is all that crosses: a list of partitions, each with
 * the offset to begin at.
 *
 *     first answer   each partition at its end as it was then: the tail has begun
 *     later ones     partitions that are not read yet, at their first message
 *
 * Positions are librdkafka's. They outlive brokers; one that is not in the log any more (the topic
 * was made anew, the oldest messages are gone) goes to the first message there is. */
#include "shared/kafka/tail.h"

#include "shared/base/alloc.h"
#include "shared/kafka/client.h"
#include "shared/kafka/headers.h"

#include <assert.h>

#define ASK_LIMIT_MS 2000
#define REACH_POLL_MS 100
#define SOON_MS 1000  /* not begun, or a topic is missing */
#define LOOK_MS 10000 /* for new partitions */

enum tail_state { TAIL_WAITING, TAIL_ASKING, TAIL_CLOSING };

#define BIT(state) (1u << (state))
static const unsigned moves[] = {
    [TAIL_WAITING] = BIT(TAIL_ASKING) | BIT(TAIL_CLOSING),
    [TAIL_ASKING] = BIT(TAIL_WAITING) | BIT(TAIL_CLOSING),
    [TAIL_CLOSING] = 0,
};

/* What is asked; the thread's own while asked. */
struct question {
    uv_work_t work;
    rd_kafka_t *rk;
    bool with_ends;
    rd_kafka_topic_partition_list_t *partitions; /* the answer; NULL: there was none */
    int topics;                                  /* those found */
};

struct kafka_tail {
    struct kafka_client client;
    enum tail_state state;
    bool begun;
    bool asked; /* the thread has the question */
    struct question question;
    rd_kafka_topic_t **topics; /* so that librdkafka asks about these and no others */
    size_t topics_count;
    rd_kafka_topic_partition_list_t *reading;
    uv_timer_t timer;
    kafka_tail_fn handler;
    void (*began)(void *arg);
    void *arg;
    void (*closed)(void *arg);
    void *closed_arg;
};

static void move(struct kafka_tail *tail, enum tail_state to)
{
    assert(moves[tail->state] & BIT(to));
    tail->state = to;
}

/* ---- what the thread does ---- */

static void list_partitions(struct question *question, const struct rd_kafka_metadata *metadata)
{
    question->partitions = rd_kafka_topic_partition_list_new(16);
    for (int t = 0; t < metadata->topic_cnt; t++) {
        const struct rd_kafka_metadata_topic *topic = &metadata->topics[t];
        if (topic->err || topic->partition_cnt == 0)
            continue;
        question->topics++;
        for (int p = 0; p < topic->partition_cnt; p++)
            rd_kafka_topic_partition_list_add(question->partitions, topic->topic,
                                              topic->partitions[p].id)
                ->offset = question->with_ends ? RD_KAFKA_OFFSET_END : RD_KAFKA_OFFSET_BEGINNING;
    }
}

/* The ends as numbers, so that it is known from when on nothing is missed. Of a partition without a
 * leader librdkafka finds the end when there is one. */
static void find_ends(struct question *question)
{
    rd_kafka_topic_partition_list_t *list = question->partitions;
    if (list->cnt == 0)
        return;
    rd_kafka_resp_err_t err = rd_kafka_offsets_for_times(question->rk, list, ASK_LIMIT_MS);
    for (int i = 0; i < list->cnt; i++) {
        if (list->elems[i].err || list->elems[i].offset < 0)
            list->elems[i].offset = RD_KAFKA_OFFSET_END;
    }
    if (!err)
        return;
    rd_kafka_topic_partition_list_destroy(list);
    question->partitions = NULL;
}

static void ask(uv_work_t *work)
{
    struct question *question = work->data;
    const struct rd_kafka_metadata *metadata;
    if (rd_kafka_metadata(question->rk, 0, NULL, &metadata, ASK_LIMIT_MS))
        return;
    list_partitions(question, metadata);
    rd_kafka_metadata_destroy(metadata);
    if (question->with_ends)
        find_ends(question);
}

/* ---- what the loop does ---- */

static void on_timer(uv_timer_t *timer);

static void on_timer_closed(uv_handle_t *handle)
{
    struct kafka_tail *tail = handle->data;
    void (*closed)(void *arg) = tail->closed;
    void *closed_arg = tail->closed_arg;
    rd_kafka_topic_partition_list_destroy(tail->reading);
    free((void *)tail->topics);
    free(tail);
    closed(closed_arg);
}

static void on_client_closed(void *arg)
{
    struct kafka_tail *tail = arg;
    uv_close((uv_handle_t *)&tail->timer, on_timer_closed);
}

static void close_client(struct kafka_tail *tail)
{
    rd_kafka_assign(tail->client.rk, NULL);
    for (size_t i = 0; i < tail->topics_count; i++)
        rd_kafka_topic_destroy(tail->topics[i]);
    kafka_client_close(&tail->client, on_client_closed);
}

/* Those of the answer that are not read yet; the caller destroys it. */
static rd_kafka_topic_partition_list_t *pick_new(struct kafka_tail *tail,
                                                 const rd_kafka_topic_partition_list_t *answer)
{
    rd_kafka_topic_partition_list_t *new = rd_kafka_topic_partition_list_new(answer->cnt);
    for (int i = 0; i < answer->cnt; i++) {
        const rd_kafka_topic_partition_t *one = &answer->elems[i];
        if (!rd_kafka_topic_partition_list_find(tail->reading, one->topic, one->partition))
            rd_kafka_topic_partition_list_add(new, one->topic, one->partition)->offset =
                one->offset;
    }
    return new;
}

static bool read_more(struct kafka_tail *tail, const rd_kafka_topic_partition_list_t *answer)
{
    rd_kafka_topic_partition_list_t *new = pick_new(tail, answer);
    rd_kafka_error_t *error =
        new->cnt > 0 ? rd_kafka_incremental_assign(tail->client.rk, new) : NULL;
    bool good = !error;
    if (error) {
        log_at(LOG_ERROR, "cannot read partitions",
               LOG_TEXT("detail", rd_kafka_error_string(error)));
        rd_kafka_error_destroy(error);
    } else if (new->cnt > 0) {
        log_at(LOG_INFO, "more partitions are read", LOG_INT("count", new->cnt));
        for (int i = 0; i < new->cnt; i++)
            rd_kafka_topic_partition_list_add(tail->reading, new->elems[i].topic,
                                              new->elems[i].partition);
    }
    rd_kafka_topic_partition_list_destroy(new);
    return good;
}

/* Milliseconds until the next question. */
static uint64_t take_answer(struct kafka_tail *tail)
{
    struct question *question = &tail->question;
    bool good = question->partitions && read_more(tail, question->partitions);
    bool all = good && (size_t)question->topics == tail->topics_count;
    if (question->partitions)
        rd_kafka_topic_partition_list_destroy(question->partitions);
    if (!good)
        return SOON_MS;
    kafka_client_set_answers(&tail->client, true);
    if (!tail->begun) {
        tail->begun = true;
        if (tail->began)
            tail->began(tail->arg);
    }
    return all ? LOOK_MS : SOON_MS;
}

static void on_answered(uv_work_t *work, int status)
{
    struct kafka_tail *tail = PR_CONTAINER(work, struct kafka_tail, question.work);
    (void)status; /* never cancelled */
    tail->asked = false;
    if (tail->state == TAIL_CLOSING) {
        if (tail->question.partitions)
            rd_kafka_topic_partition_list_destroy(tail->question.partitions);
        close_client(tail);
        return;
    }
    move(tail, TAIL_WAITING);
    uint64_t pause_ms = take_answer(tail);
    if (tail->state == TAIL_WAITING) /* began may have closed it */
        uv_timer_start(&tail->timer, on_timer, pause_ms, 0);
}

static void on_timer(uv_timer_t *timer)
{
    struct kafka_tail *tail = timer->data;
    if (!kafka_client_reaches(&tail->client)) {
        uv_timer_start(timer, on_timer, tail->begun ? SOON_MS : REACH_POLL_MS, 0);
        return;
    }
    move(tail, TAIL_ASKING);
    tail->asked = true;
    tail->question = (struct question){.rk = tail->client.rk, .with_ends = !tail->begun};
    tail->question.work.data = &tail->question;
    int started = uv_queue_work(timer->loop, &tail->question.work, ask, on_answered);
    assert(started == 0);
    (void)started;
}

static void hand_out(struct kafka_tail *tail, rd_kafka_event_t *event)
{
    const rd_kafka_message_t *raw;
    while (tail->state != TAIL_CLOSING && (raw = rd_kafka_event_message_next(event))) {
        struct kafka_message message;
        const char *fault = kafka_headers_read(raw, &message);
        if (fault) {
            log_at(LOG_DEBUG, "message passed over",
                   LOG_TEXT("topic", rd_kafka_topic_name(raw->rkt)), LOG_TEXT("detail", fault));
            continue;
        }
        struct log_context context = log_context_of_trace(message.traceparent);
        const struct log_context *outer = log_context_enter(&context);
        tail->handler(tail->arg, &message);
        log_context_enter(outer);
    }
}

static void on_event(struct kafka_tail *tail, rd_kafka_event_t *event)
{
    switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_FETCH:
        kafka_client_set_answers(&tail->client, true);
        hand_out(tail, event);
        break;
    case RD_KAFKA_EVENT_ERROR:
        kafka_client_error(&tail->client, event);
        break;
    case RD_KAFKA_EVENT_LOG:
        kafka_client_log(&tail->client, event);
        break;
    }
}

static void wake(void *arg)
{
    struct kafka_tail *tail = arg;
    for (int i = 0; i < KAFKA_WAKE_BUDGET && tail->state != TAIL_CLOSING; i++) {
        rd_kafka_event_t *event = rd_kafka_queue_poll(tail->client.queue, 0);
        if (!event)
            return;
        on_event(tail, event);
        rd_kafka_event_destroy(event);
    }
    if (tail->state != TAIL_CLOSING)
        kafka_client_wake(&tail->client);
}

static void name_topics(struct kafka_tail *tail, const struct kafka_tail_options *options)
{
    tail->topics_count = options->topics_count;
    tail->topics = pr_alloc(options->topics_count * sizeof(rd_kafka_topic_t *));
    for (size_t i = 0; i < options->topics_count; i++) {
        tail->topics[i] = rd_kafka_topic_new(tail->client.rk, options->topics[i], NULL);
        assert(tail->topics[i]); /* names are constants of the program */
    }
}

struct kafka_tail *kafka_tail_create(uv_loop_t *loop, const struct kafka_tail_options *options)
{
    static const char *const settings[][2] = {
        {"group.id", "pierrot-tail"}, /* librdkafka wants one; it is never joined */
        {"enable.auto.commit", "false"},       {"enable.auto.offset.store", "false"},
        {"auto.offset.reset", "earliest"},     {"allow.auto.create.topics", "false"},
        {"fetch.wait.max.ms", "500"},          {"fetch.min.bytes", "1"},
        {"fetch.max.bytes", "1048576"},        {"fetch.message.max.bytes", "262144"},
        {"queued.max.messages.kbytes", "512"}, {"topic.metadata.refresh.interval.ms", "10000"},
    };
    struct kafka_tail *tail = PR_NEW(struct kafka_tail);
    rd_kafka_conf_t *conf = kafka_client_conf(&options->kafka);
    for (size_t i = 0; i < PR_COUNT(settings); i++)
        kafka_client_set(conf, settings[i][0], settings[i][1]);
    rd_kafka_conf_set_events(conf,
                             RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG | RD_KAFKA_EVENT_FETCH);
    tail->handler = options->handler;
    tail->began = options->began;
    tail->arg = options->arg;
    tail->reading = rd_kafka_topic_partition_list_new(16);
    kafka_client_open(&tail->client, loop, RD_KAFKA_CONSUMER, conf, wake, tail);
    name_topics(tail, options);
    uv_timer_init(loop, &tail->timer);
    tail->timer.data = tail;
    uv_timer_start(&tail->timer, on_timer, 0, 0);
    return tail;
}

bool kafka_tail_has_begun(const struct kafka_tail *tail)
{
    return tail->begun;
}

void kafka_tail_close(struct kafka_tail *tail, void (*closed)(void *arg), void *arg)
{
    tail->closed = closed;
    tail->closed_arg = arg;
    move(tail, TAIL_CLOSING);
    uv_timer_stop(&tail->timer);
    if (!tail->asked)
        close_client(tail);
}
