#include "tests/integration/shared/kafka/rig.h"

#include "shared/base/alloc.h"

#include <librdkafka/rdkafka.h>
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

struct rig *rig_new(const char *brokers)
{
    struct rig *rig = PR_NEW(struct rig);
    uint32_t name = randombytes_random();
    log_init("test", getenv("PIERROT_TEST_LOG") ? LOG_DEBUG : LOG_INFO);
    rig->brokers = brokers;
    snprintf(rig->topic, sizeof rig->topic, "test.%08x", name);
    snprintf(rig->dead_letters, sizeof rig->dead_letters, "%s.dead-letters", rig->topic);
    snprintf(rig->group, sizeof rig->group, "%s.group", rig->topic);
    assert_int_equal(uv_loop_init(&rig->loop), 0);
    rig->producer = kafka_producer_create(
        &rig->loop, &(struct kafka_options){.brokers = brokers, .client_id = "test"});
    return rig;
}

void rig_ensure_topics(struct rig *rig)
{
    const char *topics[] = {rig->topic, rig->dead_letters};
    struct tally tally = {0};
    kafka_ensure_topics(rig->producer, topics, 2, 3, tally_done(&tally));
    rig_until(rig, tally.ok == 1);
}

int rig_setup(void **state)
{
    const char *brokers = getenv("PIERROT_TEST_KAFKA_BROKERS");
    if (!brokers || !*brokers)
        fail_msg("PIERROT_TEST_KAFKA_BROKERS is not set: it names the Kafka to test against");
    struct rig *rig = rig_new(brokers);
    rig_ensure_topics(rig);
    *state = rig;
    return 0;
}

void set_true(void *arg)
{
    *(bool *)arg = true;
}

void rig_free(struct rig *rig)
{
    bool closed = false;
    kafka_producer_close(rig->producer, set_true, &closed);
    rig_until(rig, closed);
    rig_until(rig, !uv_loop_alive(&rig->loop)); /* a test that failed left things open */
    assert_int_equal(uv_loop_close(&rig->loop), 0);
    free(rig);
}

int rig_teardown(void **state)
{
    rig_free(*state);
    return 0;
}

static bool topic_exists(rd_kafka_t *rk, const char *name)
{
    const struct rd_kafka_metadata *metadata;
    bool found = false;
    assert_int_equal(rd_kafka_metadata(rk, 1, NULL, &metadata, 10000), 0);
    for (int i = 0; i < metadata->topic_cnt; i++)
        found |= strcmp(metadata->topics[i].topic, name) == 0;
    rd_kafka_metadata_destroy(metadata);
    return found;
}

void rig_delete_topic(const struct rig *rig)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", rig->brokers, NULL, 0);
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, NULL, 0);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_DeleteTopic_t *topic = rd_kafka_DeleteTopic_new(rig->topic);
    rd_kafka_DeleteTopics(rk, &topic, 1, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, 10000);
    assert_non_null(event);
    assert_int_equal(rd_kafka_event_error(event), 0);
    rd_kafka_event_destroy(event);
    do /* until then a message is still acknowledged, and lost with the topic */
        usleep(300000);
    while (topic_exists(rk, rig->topic));
    rd_kafka_DeleteTopic_destroy(topic);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(rk);
}

static void wake(uv_timer_t *timer)
{
    (void)timer;
}

void rig_turn(struct rig *rig)
{
    uv_timer_t timer;
    uv_timer_init(&rig->loop, &timer);
    uv_timer_start(&timer, wake, 20, 20); /* repeating: it must outlive the wait */
    uv_run(&rig->loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&timer, NULL);
    uv_run(&rig->loop, UV_RUN_NOWAIT);
}

void rig_run_for(struct rig *rig, int64_t ms)
{
    int64_t until_ns = pr_monotonic_ns() + ms * 1000000;
    while (pr_monotonic_ns() < until_ns)
        rig_turn(rig);
}

static void count(void *arg, enum pr_err err)
{
    struct tally *tally = arg;
    tally->ended++;
    if (err)
        tally->err = err;
    else
        tally->ok++;
}

struct pr_done tally_done(struct tally *tally)
{
    return (struct pr_done){count, tally};
}

struct pr_uuid rig_send(struct rig *rig, int key, int seq, struct tally *tally)
{
    char key_text[16], value[16];
    snprintf(key_text, sizeof key_text, "key-%d", key);
    snprintf(value, sizeof value, "%d", seq);
    const struct kafka_message message = {
        .id = pr_uuid_v7(pr_now_ms(&pr_clock_system)),
        .type = pr_str("pierrot.test.v1"),
        .source = pr_str("pierrot/test"),
        .subject = pr_str(key_text),
        .traceparent = pr_str("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        .topic = pr_str(rig->topic),
        .key = pr_str(key_text),
        .value = pr_str(value),
        .time_ms = 1700000000123,
    };
    kafka_produce(rig->producer, &message, tally_done(tally));
    return message.id;
}

static int number(struct pr_str text)
{
    int64_t value = -1;
    assert_true(pr_str_to_int(text, 0, 1 << 30, &value));
    return (int)value;
}

static void handle(void *arg, const struct kafka_message *message, struct pr_done done)
{
    struct receiver *receiver = arg;
    size_t n = receiver->count++;
    assert_true(pr_str_has_prefix(message->key, pr_str("key-")));
    receiver->notes = pr_realloc(receiver->notes, (n + 1) * sizeof *receiver->notes);
    receiver->notes[n] = (struct note){
        .id = message->id,
        .key = number(pr_str_n(message->key.p + 4, message->key.n - 4)),
        .seq = number(message->value),
        .partition = message->partition,
        .offset = message->offset,
    };
    if (receiver->answer)
        receiver->answer(receiver, message, done);
    else
        pr_done_call(done, PR_OK);
}

void receiver_start(struct receiver *receiver, struct rig *rig, bool paused)
{
    const char *topics[] = {rig->topic};
    const struct kafka_consumer_options options = {
        .kafka = {.brokers = rig->brokers, .client_id = "test"},
        .group = rig->group,
        .topics = topics,
        .topics_count = 1,
        .dead_letters = rig->dead_letters,
        .producer = rig->producer,
        .paused = paused,
        .handler = handle,
        .arg = receiver,
    };
    receiver->rig = rig;
    receiver->consumer = kafka_consumer_create(&rig->loop, &options);
}

void receiver_stop(struct receiver *receiver)
{
    bool closed = false;
    kafka_consumer_close(receiver->consumer, set_true, &closed);
    rig_until(receiver->rig, closed);
    receiver->consumer = NULL;
}

void receiver_free(struct receiver *receiver)
{
    if (receiver->consumer)
        receiver_stop(receiver);
    free(receiver->notes);
    *receiver = (struct receiver){0};
}

bool receiver_has_all(const struct receiver *receiver, int keys, int seqs)
{
    size_t all = (size_t)keys * (size_t)seqs, seen = 0;
    if (receiver->count < all)
        return false;
    bool *got = pr_alloc(all * sizeof *got);
    for (size_t i = 0; i < receiver->count; i++) {
        size_t at = (size_t)receiver->notes[i].key * (size_t)seqs + (size_t)receiver->notes[i].seq;
        assert_true(at < all);
        seen += !got[at];
        got[at] = true;
    }
    free(got);
    return seen == all;
}

void assert_in_order(const struct receiver *receiver, int keys)
{
    for (int key = 0; key < keys; key++) {
        int next = 0;
        for (size_t i = 0; i < receiver->count; i++) {
            if (receiver->notes[i].key != key)
                continue;
            assert_true(receiver->notes[i].seq <= next); /* a repeat, or the next */
            next = receiver->notes[i].seq == next ? next + 1 : next;
        }
    }
}
