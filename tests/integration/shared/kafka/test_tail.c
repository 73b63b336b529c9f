/* The tail: from the end on, every process everything, over partitions and topics that come later and
 * a broker that dies. */
#include "shared/kafka/tail.h"

#include "shared/base/alloc.h"
#include "tests/integration/shared/kafka/rig.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>

struct watcher {
    struct rig *rig;
    struct kafka_tail *tail;
    unsigned began;
    int last_seq[8]; /* by key; 0: none came */
    size_t count;
};

static int number(struct pr_str text)
{
    int64_t value = -1;
    assert_true(pr_str_to_int(text, 0, 1 << 30, &value));
    return (int)value;
}

static void on_message(void *arg, const struct kafka_message *message)
{
    struct watcher *watcher = arg;
    int key = number(pr_str_n(message->key.p + 4, message->key.n - 4)),
        seq = number(message->value);
    assert_in_range(key, 0, 7);
    assert_true(pr_str_is(message->type, "pierrot.test.v1"));
    assert_true(seq >= watcher->last_seq[key]); /* a repeat, or a later one */
    watcher->last_seq[key] = seq;
    watcher->count++;
}

static void on_began(void *arg)
{
    struct watcher *watcher = arg;
    assert_true(kafka_tail_has_begun(watcher->tail));
    watcher->began++;
}

static void watch_topics(struct watcher *watcher, struct rig *rig, const char *const *topics,
                         size_t count)
{
    watcher->rig = rig;
    watcher->tail = kafka_tail_create(&rig->loop, &(struct kafka_tail_options){
                                                      .kafka = {rig->brokers, "test"},
                                                      .topics = topics,
                                                      .topics_count = count,
                                                      .handler = on_message,
                                                      .began = on_began,
                                                      .arg = watcher,
                                                  });
}

static void watch(struct watcher *watcher, struct rig *rig)
{
    const char *topics[] = {rig->topic};
    watch_topics(watcher, rig, topics, 1);
}

static void stop(struct watcher *watcher)
{
    bool closed = false;
    kafka_tail_close(watcher->tail, set_true, &closed);
    rig_until(watcher->rig, closed);
}

static void send_all(struct rig *rig, int keys, int first_seq, int seqs)
{
    struct tally sent = {0};
    for (int i = 0; i < keys * seqs; i++)
        rig_send(rig, i % keys, first_seq + i / keys, &sent);
    rig_until_within(rig, 60, sent.ok == (size_t)(keys * seqs));
}

static bool has_come(const struct watcher *watcher, int keys, int seq)
{
    for (int key = 0; key < keys; key++) {
        if (watcher->last_seq[key] != seq)
            return false;
    }
    return true;
}

static void test_begins_at_the_end_for_everybody(void **state)
{
    struct rig *rig = *state;
    struct watcher one = {0}, other = {0};
    send_all(rig, 8, 1, 10);
    watch(&one, rig);
    watch(&other, rig);
    rig_until(rig, one.began == 1 && other.began == 1);
    assert_int_equal(one.count + other.count, 0);
    send_all(rig, 8, 11, 100); /* at once: from began on nothing is missed */
    rig_until(rig, has_come(&one, 8, 110) && has_come(&other, 8, 110));
    assert_int_equal(one.count, 800);
    assert_int_equal(other.count, 800);
    assert_int_equal(one.began, 1);
    stop(&one);
    send_all(rig, 8, 111, 1);
    rig_until(rig, has_come(&other, 8, 111));
    assert_int_equal(one.count, 800);
    stop(&other);
}

/* A second topic that is not there yet; what comes first in it is not missed. */
static void test_topic_that_comes_later(void **state)
{
    struct rig *rig = *state;
    struct watcher watcher = {0};
    char first[sizeof rig->topic];
    snprintf(first, sizeof first, "%s", rig->topic);
    const char *topics[] = {first, rig->topic};
    snprintf(rig->topic + strlen(rig->topic), sizeof rig->topic - strlen(rig->topic), ".later");
    watch_topics(&watcher, rig, topics, 2);
    rig_until(rig, watcher.began == 1);
    rig_run_for(rig, 1500);
    rig_ensure_topics(rig);
    send_all(rig, 8, 1, 5);
    rig_until(rig, has_come(&watcher, 8, 5));
    assert_int_equal(watcher.count, 40);
    stop(&watcher);
}

static void test_no_topic_is_there_at_first(void **state)
{
    struct rig *rig = *state;
    struct watcher watcher = {0};
    snprintf(rig->topic + strlen(rig->topic), sizeof rig->topic - strlen(rig->topic), ".later");
    watch(&watcher, rig);
    rig_until(rig, watcher.began == 1);
    rig_ensure_topics(rig);
    send_all(rig, 8, 1, 1);
    rig_until(rig, has_come(&watcher, 8, 1));
    stop(&watcher);
}

static void test_topic_made_anew(void **state)
{
    struct rig *rig = *state;
    struct watcher watcher = {0};
    watch(&watcher, rig);
    rig_until(rig, watcher.began == 1);
    send_all(rig, 8, 1, 5);
    rig_until(rig, has_come(&watcher, 8, 5));
    rig_delete_topic(rig);
    rig_run_for(rig, 2000);
    for (int seq = 6; !has_come(&watcher, 1, seq - 1) || seq == 6; seq++) {
        struct tally sent = {0};
        assert_true(seq < 100);
        rig_send(rig, 0, seq, &sent);
        rig_until(rig, sent.ended == 1);
        rig_run_for(rig, 500);
    }
    stop(&watcher);
}

static void test_more_partitions(void **state)
{
    struct rig *rig = *state;
    struct watcher watcher = {0};
    char why[256];
    watch(&watcher, rig);
    rig_until(rig, watcher.began == 1);
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", rig->brokers, NULL, 0);
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_NewPartitions_t *more = rd_kafka_NewPartitions_new(rig->topic, 9, why, sizeof why);
    rd_kafka_CreatePartitions(rk, &more, 1, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, 10000);
    assert_non_null(event);
    assert_int_equal(rd_kafka_event_error(event), 0);
    rd_kafka_event_destroy(event);
    rd_kafka_NewPartitions_destroy(more);
    /* To each of the new ones, before anybody can have noticed them. */
    for (int32_t partition = 3; partition < 9; partition++) {
        rd_kafka_headers_t *headers = rd_kafka_headers_new(8);
        static const char *const texts[][2] = {
            {"ce_specversion", "1.0"},
            {"ce_id", "0192f0c1-7a00-7000-8000-000000000001"},
            {"ce_type", "pierrot.test.v1"},
            {"ce_source", "pierrot/test"},
            {"ce_subject", "key-1"},
            {"ce_time", "2026-11-21T08:00:00.000Z"},
            {"content-type", "application/msgpack"},
        };
        for (size_t i = 0; i < PR_COUNT(texts); i++)
            rd_kafka_header_add(headers, texts[i][0], -1, texts[i][1], -1);
        int failed = 0;
        do
            failed =
                rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(rig->topic), RD_KAFKA_V_PARTITION(partition),
                                  RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_KEY("key-1", 5),
                                  RD_KAFKA_V_VALUE((void *)(uintptr_t) "7", 1),
                                  RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
        while (failed == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION && rd_kafka_poll(rk, 100) >= 0);
        assert_int_equal(failed, 0);
    }
    assert_int_equal(rd_kafka_flush(rk, 10000), 0);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(rk);
    rig_until(rig, watcher.count == 6);
    stop(&watcher);
}

/* What is no message of ours is passed over. */
static void test_nonsense_is_passed_over(void **state)
{
    struct rig *rig = *state;
    struct watcher watcher = {0};
    char why[256];
    watch(&watcher, rig);
    rig_until(rig, watcher.began == 1);
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", rig->brokers, NULL, 0);
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    for (int i = 0; i < 30; i++)
        assert_int_equal(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(rig->topic),
                                           RD_KAFKA_V_VALUE((void *)(uintptr_t) "nonsense", 8),
                                           RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                           RD_KAFKA_V_END),
                         0);
    assert_int_equal(rd_kafka_flush(rk, 10000), 0);
    rd_kafka_destroy(rk);
    send_all(rig, 8, 1, 1);
    rig_until(rig, has_come(&watcher, 8, 1));
    assert_int_equal(watcher.count, 8);
    stop(&watcher);
}

static void test_closes_at_any_moment(void **state)
{
    struct rig *rig = *state;
    for (int ms = 0; ms < 200; ms += 13) {
        struct watcher watcher = {0};
        watch(&watcher, rig);
        rig_run_for(rig, ms);
        stop(&watcher);
    }
}

static void control_broker(const char *verb)
{
    const char *ctl = getenv("PIERROT_TEST_CTL");
    char command[512];
    if (!ctl || !*ctl)
        fail_msg("PIERROT_TEST_CTL is not set: the command that starts and kills servers");
    snprintf(command, sizeof command, "%s %s kafka", ctl, verb);
    assert_int_equal(system(command), 0);
}

static void test_broker_dies(void **state)
{
    struct rig *rig = *state;
    struct watcher early = {0}, late = {0};
    watch(&early, rig);
    rig_until(rig, early.began == 1);
    send_all(rig, 8, 1, 5);
    rig_until(rig, has_come(&early, 8, 5));
    control_broker("kill");
    watch(&late, rig);
    rig_run_for(rig, 2000);
    assert_int_equal(late.began, 0);
    control_broker("start");
    control_broker("wait");
    rig_until_within(rig, 60, late.began == 1);
    send_all(rig, 8, 6, 100);
    rig_until_within(rig, 60, has_come(&early, 8, 105) && has_come(&late, 8, 105));
    assert_int_equal(late.count, 800);
    assert_true(early.count >= 840);
    stop(&early);
    control_broker("kill");
    rig_run_for(rig, 500);
    stop(&late);
    control_broker("start");
    control_broker("wait");
}

#define TAIL_TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TAIL_TEST(test_begins_at_the_end_for_everybody),
        TAIL_TEST(test_topic_that_comes_later),
        TAIL_TEST(test_no_topic_is_there_at_first),
        TAIL_TEST(test_topic_made_anew),
        TAIL_TEST(test_more_partitions),
        TAIL_TEST(test_nonsense_is_passed_over),
        TAIL_TEST(test_closes_at_any_moment),
        TAIL_TEST(test_broker_dies),
    };
    cmocka_set_test_filter(getenv("PIERROT_TEST_FILTER"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
