#include "shared/kafka/topics.h"

#include "shared/base/alloc.h"
#include "shared/kafka/backoff.h"

#include <assert.h>

#define REQUEST_TIMEOUT_MS 5000
#define REACH_POLL_MS 100

struct kafka_topic {
    char *name;
    int partitions;
    rd_kafka_topic_t *handle; /* of the client; NULL before the topic is there */
};

void kafka_topics_init(struct kafka_topics *topics, uv_loop_t *loop)
{
    *topics = (struct kafka_topics){0};
    uv_timer_init(loop, &topics->timer);
    topics->timer.data = topics;
}

static void on_timer(uv_timer_t *timer);

static void ask(struct kafka_topics *topics)
{
    char why[256];
    if (!topics->client || topics->asked || !topics->count)
        return;
    if (!kafka_client_reaches(topics->client)) {
        uv_timer_start(&topics->timer, on_timer, REACH_POLL_MS, 0);
        return;
    }
    rd_kafka_t *rk = topics->client->rk;
    rd_kafka_NewTopic_t **created = pr_alloc(topics->count * sizeof(rd_kafka_NewTopic_t *));
    for (size_t i = 0; i < topics->count; i++) {
        const struct kafka_topic *topic = &topics->list[i];
        /* -1: as many replicas as the broker's default says. */
        created[i] = rd_kafka_NewTopic_new(topic->name, topic->partitions, -1, why, sizeof why);
        assert(created[i]); /* names and counts are constants of the program */
    }
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_AdminOptions_set_request_timeout(options, REQUEST_TIMEOUT_MS, why, sizeof why);
    rd_kafka_CreateTopics(rk, created, topics->count, options, topics->client->queue);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_NewTopic_destroy_array(created, topics->count);
    free(created);
    topics->asked = topics->count;
}

static void on_timer(uv_timer_t *timer)
{
    ask(timer->data);
}

static bool known(const struct kafka_topics *topics, const char *name)
{
    for (size_t i = 0; i < topics->count; i++) {
        if (strcmp(topics->list[i].name, name) == 0)
            return true;
    }
    return false;
}

void kafka_topics_add(struct kafka_topics *topics, const char *const *names, size_t count,
                      int partitions, struct pr_done done)
{
    topics->list = pr_realloc(topics->list, (topics->count + count) * sizeof *topics->list);
    for (size_t i = 0; i < count; i++) {
        if (!known(topics, names[i]))
            topics->list[topics->count++] = (struct kafka_topic){
                .name = pr_str_dup(pr_str(names[i])),
                .partitions = partitions,
            };
    }
    topics->waiting =
        pr_realloc(topics->waiting, (topics->waiting_count + 1) * sizeof *topics->waiting);
    topics->waiting[topics->waiting_count++] = done;
    kafka_topics_check(topics);
}

void kafka_topics_start(struct kafka_topics *topics, struct kafka_client *client)
{
    topics->client = client;
    topics->attempts = 0;
    ask(topics);
}

void kafka_topics_check(struct kafka_topics *topics)
{
    if (!uv_is_active((uv_handle_t *)&topics->timer))
        uv_timer_start(&topics->timer, on_timer, 0, 0);
}

static void tell_all(struct kafka_topics *topics, enum pr_err err)
{
    struct pr_done *waiting = topics->waiting;
    size_t count = topics->waiting_count;
    topics->waiting = NULL;
    topics->waiting_count = 0;
    for (size_t i = 0; i < count; i++)
        pr_done_call(waiting[i], err);
    free(waiting);
}

static void all_there(struct kafka_topics *topics)
{
    topics->attempts = 0;
    kafka_client_set_answers(topics->client, true);
    for (size_t i = 0; i < topics->count; i++) {
        struct kafka_topic *topic = &topics->list[i];
        if (!topic->handle)
            topic->handle = rd_kafka_topic_new(topics->client->rk, topic->name, NULL);
    }
    tell_all(topics, PR_OK);
}

static bool all_created(const struct kafka_topics *topics, rd_kafka_event_t *event)
{
    size_t count;
    const rd_kafka_topic_result_t **results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
    bool all = true;
    for (size_t i = 0; i < count; i++) {
        rd_kafka_resp_err_t err = rd_kafka_topic_result_error(results[i]);
        if (!err || err == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
            continue;
        all = false;
        if (kafka_backoff_tell(topics->attempts))
            log_at(LOG_WARN, "cannot create a topic",
                   LOG_TEXT("topic", rd_kafka_topic_result_name(results[i])),
                   LOG_TEXT("error", rd_kafka_err2name(err)),
                   LOG_TEXT("detail", rd_kafka_topic_result_error_string(results[i])));
    }
    return all;
}

void kafka_topics_answer(struct kafka_topics *topics, rd_kafka_event_t *event)
{
    bool all = topics->asked == topics->count;
    topics->asked = 0;
    topics->attempts++;
    if (rd_kafka_event_error(event)) {
        kafka_client_set_answers(topics->client, false);
    } else if (all_created(topics, event)) {
        if (all)
            all_there(topics);
        else
            ask(topics); /* more were added meanwhile */
        return;
    }
    uv_timer_start(&topics->timer, on_timer, kafka_backoff_ms(topics->attempts), 0);
}

void kafka_topics_stop(struct kafka_topics *topics)
{
    for (size_t i = 0; i < topics->count; i++) {
        if (topics->list[i].handle)
            rd_kafka_topic_destroy(topics->list[i].handle);
        topics->list[i].handle = NULL;
    }
    uv_timer_stop(&topics->timer);
    topics->client = NULL;
    topics->asked = 0;
}

void kafka_topics_fini(struct kafka_topics *topics)
{
    for (size_t i = 0; i < topics->count; i++)
        free(topics->list[i].name);
    free(topics->list);
    tell_all(topics, PR_ERR_UNAVAILABLE);
}
