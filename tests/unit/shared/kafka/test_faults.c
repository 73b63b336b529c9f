/* Faults a real broker cannot be told to make, against librdkafka's own mock cluster. */
#include "shared/base/alloc.h"
#include "shared/kafka/client.h"
#include "shared/kafka/partition.h"
#include "tests/integration/shared/kafka/rig.h"

#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>

/* Kafka's numbers for its requests. */
enum { API_PRODUCE = 0, API_OFFSET_COMMIT = 8, API_HEARTBEAT = 12 };

struct mock {
    rd_kafka_t *rk; /* only holds the cluster */
    rd_kafka_mock_cluster_t *cluster;
    struct rig *rig;
};

static int setup(void **state)
{
    struct mock *mock = PR_NEW(struct mock);
    char why[256];
    mock->rk = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), why, sizeof why);
    mock->cluster = rd_kafka_mock_cluster_new(mock->rk, 1);
    assert_non_null(mock->cluster);
    mock->rig = rig_new(rd_kafka_mock_cluster_bootstraps(mock->cluster));
    rd_kafka_mock_topic_create(mock->cluster, mock->rig->topic, 3, 1);
    rd_kafka_mock_topic_create(mock->cluster, mock->rig->dead_letters, 3, 1);
    *state = mock;
    return 0;
}

static int teardown(void **state)
{
    struct mock *mock = *state;
    rig_free(mock->rig);
    rd_kafka_mock_cluster_destroy(mock->cluster);
    rd_kafka_destroy(mock->rk);
    free(mock);
    return 0;
}

/* ---- the producer ---- */

/* The mock, like a broker that knows nothing of the producer yet, takes any number: what keeps the
 * order, and what was refused from being lost, is the producer alone. */
static void test_retries_lose_nothing(void **state)
{
    struct mock *mock = *state;
    struct tally sent = {0};
    struct receiver receiver = {0};
    rig_send(mock->rig, 0, 0, &sent);
    rig_until(mock->rig, sent.ok == 1);
    rd_kafka_mock_push_request_errors(
        mock->cluster, API_PRODUCE, 5, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
        RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR__TRANSPORT,
        RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE);
    for (int seq = 1; seq <= 50; seq++)
        rig_send(mock->rig, 0, seq, &sent);
    rig_until(mock->rig, sent.ended == 51);
    assert_int_equal(sent.ok, 51);
    receiver_start(&receiver, mock->rig, false);
    rig_until(mock->rig, receiver_has_all(&receiver, 1, 51));
    assert_in_order(&receiver, 1);
    assert_int_equal(receiver.count, 51);
    receiver_free(&receiver);
}

static void test_waits_for_a_broker_that_is_away(void **state)
{
    struct mock *mock = *state;
    struct tally sent = {0};
    rd_kafka_mock_broker_set_down(mock->cluster, 1);
    rig_send(mock->rig, 1, 1, &sent);
    rig_run_for(mock->rig, 1500);
    assert_int_equal(sent.ended, 0);
    assert_false(kafka_producer_ready(mock->rig->producer));
    rd_kafka_mock_broker_set_up(mock->cluster, 1);
    rig_until(mock->rig, sent.ok == 1);
    assert_true(kafka_producer_ready(mock->rig->producer));
}

static void test_closes_although_no_broker_answers(void **state)
{
    struct mock *mock = *state;
    struct tally sent = {0}, topics = {0};
    const char *missing[] = {"some.topic"};
    bool closed = false;
    rd_kafka_mock_broker_set_down(mock->cluster, 1);
    for (int seq = 0; seq < 10; seq++)
        rig_send(mock->rig, 1, seq, &sent);
    kafka_ensure_topics(mock->rig->producer, missing, 1, 3, tally_done(&topics));
    rig_run_for(mock->rig, 200);
    int64_t began_ns = pr_monotonic_ns();
    kafka_producer_close(mock->rig->producer, set_true, &closed);
    rig_send(mock->rig, 1, 10, &sent); /* too late: refused at once */
    assert_int_equal(sent.ended, 1);
    rig_until(mock->rig, closed);
    assert_in_range(pr_monotonic_ns() - began_ns, 1, INT64_C(5000000000));
    assert_int_equal(sent.ended, 11);
    assert_int_equal(sent.ok, 0);
    assert_int_equal(sent.err, PR_ERR_UNAVAILABLE);
    assert_int_equal(topics.err, PR_ERR_UNAVAILABLE);
    mock->rig->producer =
        kafka_producer_create(/* for the teardown */
                              &mock->rig->loop,
                              &(struct kafka_options){mock->rig->brokers, "test"});
}

/* ---- the consumer ---- */

/* What the group has for a partition, asked by a stranger; -1: nothing. */
static int64_t committed(struct rig *rig, int32_t partition)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", rig->brokers, NULL, 0);
    rd_kafka_conf_set(conf, "group.id", rig->group, NULL, 0);
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, NULL, 0);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, rig->topic, partition);
    assert_int_equal(rd_kafka_committed(rk, list, 5000), 0);
    int64_t offset = list->elems[0].offset < 0 ? -1 : list->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(rk);
    return offset;
}

static void test_commits_again_after_an_error(void **state)
{
    struct mock *mock = *state;
    struct tally sent = {0};
    struct receiver receiver = {0};
    rd_kafka_mock_push_request_errors(mock->cluster, API_OFFSET_COMMIT, 2,
                                      RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
                                      RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    rig_send(mock->rig, 1, 0, &sent);
    receiver_start(&receiver, mock->rig, false);
    rig_until(mock->rig, receiver.count == 1);
    rig_until(mock->rig, committed(mock->rig, receiver.notes[0].partition) == 1);
    receiver_free(&receiver);
}

static void test_commits_on_the_way_out(void **state)
{
    struct mock *mock = *state;
    struct tally sent = {0};
    struct receiver receiver = {0};
    rig_send(mock->rig, 1, 0, &sent);
    receiver_start(&receiver, mock->rig, false);
    rig_until(mock->rig, receiver.count == 1);
    receiver_stop(&receiver);
    assert_int_equal(committed(mock->rig, receiver.notes[0].partition), 1);
    receiver_free(&receiver);
}

static void hold(struct receiver *receiver, const struct kafka_message *message,
                 struct pr_done done)
{
    (void)message;
    receiver->held = done;
}

/* The group has thrown it out: what it was handling is somebody else's now. */
static void test_lost_assignment_commits_nothing(void **state)
{
    struct mock *mock = *state;
    struct tally sent = {0};
    struct receiver receiver = {.answer = hold};
    rig_send(mock->rig, 1, 0, &sent);
    receiver_start(&receiver, mock->rig, false);
    rig_until(mock->rig, receiver.held.fn);
    rd_kafka_mock_push_request_errors(mock->cluster, API_HEARTBEAT, 1,
                                      RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID);
    rig_until(mock->rig, !kafka_consumer_ready(receiver.consumer));
    struct pr_done late = receiver.held;
    receiver.held.fn = NULL;
    rig_until(mock->rig, receiver.held.fn); /* the same message again */
    assert_int_equal(receiver.notes[0].offset, receiver.notes[1].offset);
    pr_done_call(late, PR_OK); /* of the old life: without effect */
    receiver.answer = NULL;
    pr_done_call(receiver.held, PR_OK);
    rig_send(mock->rig, 1, 1, &sent);
    rig_until(mock->rig, receiver.count == 3);
    receiver_free(&receiver);
}

static void refuse(struct receiver *receiver, const struct kafka_message *message,
                   struct pr_done done)
{
    (void)message;
    pr_done_call(done, receiver->err);
}

static void start_refusing(struct mock *mock, struct receiver *receiver, struct tally *sent)
{
    rd_kafka_mock_topic_set_error(mock->cluster, mock->rig->dead_letters,
                                  RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    *receiver = (struct receiver){.answer = refuse, .err = PR_ERR_INTERNAL};
    rig_send(mock->rig, 1, 0, sent);
    rig_send(mock->rig, 1, 1, sent);
    receiver_start(receiver, mock->rig, false);
    rig_until(mock->rig, receiver->count == 1);
    rig_run_for(mock->rig, 2000);
    assert_int_equal(receiver->count, 1); /* the partition does not go on without it */
}

static void test_dead_letter_waits_for_its_topic(void **state)
{
    struct mock *mock = *state;
    struct tally sent = {0};
    struct receiver receiver;
    start_refusing(mock, &receiver, &sent);
    rd_kafka_mock_topic_set_error(mock->cluster, mock->rig->dead_letters,
                                  RD_KAFKA_RESP_ERR_NO_ERROR);
    rig_until_within(mock->rig, 60, receiver.count == 2);
    receiver_free(&receiver);
}

static void test_dead_letter_that_waits_does_not_keep_from_closing(void **state)
{
    struct mock *mock = *state;
    struct tally sent = {0};
    struct receiver receiver;
    start_refusing(mock, &receiver, &sent);
    receiver_stop(&receiver);
    assert_int_equal(committed(mock->rig, receiver.notes[0].partition), -1); /* it comes again */
    receiver_free(&receiver);
}

static void test_consumer_closes_although_no_broker_answers(void **state)
{
    struct mock *mock = *state;
    struct tally sent = {0};
    struct receiver receiver = {0};
    rig_send(mock->rig, 1, 0, &sent);
    receiver_start(&receiver, mock->rig, false);
    rig_until(mock->rig, receiver.count == 1);
    rd_kafka_mock_broker_set_down(mock->cluster, 1);
    int64_t began_ns = pr_monotonic_ns();
    receiver_free(&receiver);
    assert_in_range(pr_monotonic_ns() - began_ns, 1, INT64_C(10000000000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_retries_lose_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_waits_for_a_broker_that_is_away, setup, teardown),
        cmocka_unit_test_setup_teardown(test_closes_although_no_broker_answers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_commits_again_after_an_error, setup, teardown),
        cmocka_unit_test_setup_teardown(test_commits_on_the_way_out, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lost_assignment_commits_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dead_letter_waits_for_its_topic, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dead_letter_that_waits_does_not_keep_from_closing,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_consumer_closes_although_no_broker_answers, setup,
                                        teardown),
    };
    cmocka_set_test_filter(getenv("PIERROT_TEST_FILTER"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
