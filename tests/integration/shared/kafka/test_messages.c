/* One producer, one consumer, a real broker: what comes out is what went in, once handled. */
#include "tests/integration/shared/kafka/rig.h"

#include "shared/base/alloc.h"
#include "shared/kafka/headers.h"
#include "shared/kafka/producer.h"

#include <stdio.h>

/* ---- every attribute comes back ---- */

static struct {
    struct kafka_message message;
    char trace_id[33];
    char text[6][80];
    unsigned count;
} got;

static struct pr_str keep(int slot, struct pr_str s)
{
    assert_true(pr_str_copy(s, got.text[slot], sizeof got.text[slot]));
    return pr_str(got.text[slot]);
}

static void keep_all(struct receiver *receiver, const struct kafka_message *message,
                     struct pr_done done)
{
    (void)receiver;
    got.count++;
    got.message = *message;
    got.message.type = keep(0, message->type);
    got.message.source = keep(1, message->source);
    got.message.subject = keep(2, message->subject);
    got.message.traceparent = keep(3, message->traceparent);
    got.message.topic = keep(4, message->topic);
    assert_non_null(log_context_current());
    memcpy(got.trace_id, log_context_current()->trace_id, sizeof got.trace_id);
    assert_int_equal(strlen(log_context_current()->span_id), 16);
    pr_done_call(done, PR_OK);
}

static void test_round_trip(void **state)
{
    struct rig *rig = *state;
    struct tally sent = {0};
    struct receiver receiver = {.answer = keep_all};
    assert_true(kafka_producer_ready(rig->producer));
    struct pr_uuid id = rig_send(rig, 7, 42, &sent);
    rig_until(rig, sent.ok == 1);
    receiver_start(&receiver, rig, false);
    assert_false(kafka_consumer_ready(receiver.consumer));
    rig_until(rig, got.count == 1);
    assert_true(kafka_consumer_ready(receiver.consumer));
    assert_true(pr_uuid_eq(&got.message.id, &id));
    assert_string_equal(got.text[0], "pierrot.test.v1");
    assert_string_equal(got.text[1], "pierrot/test");
    assert_string_equal(got.text[2], "key-7");
    assert_string_equal(got.text[3], "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    assert_string_equal(got.text[4], rig->topic);
    assert_string_equal(got.trace_id, "0af7651916cd43dd8448eb211c80319c");
    assert_true(got.message.time_ms == 1700000000123);
    assert_int_equal(got.message.offset, 0);
    assert_null(log_context_current());
    receiver_free(&receiver);
}

/* ---- order, and what a restart repeats ---- */

static void test_order_per_key(void **state)
{
    enum { KEYS = 10, SEQS = 60 };
    struct rig *rig = *state;
    struct tally sent = {0};
    struct receiver receiver = {0};
    receiver_start(&receiver, rig, false);
    for (int seq = 0; seq < SEQS; seq++) {
        for (int key = 0; key < KEYS; key++)
            rig_send(rig, key, seq, &sent);
        rig_turn(rig);
    }
    /* The producer may hear of its last message after the consumer has it. */
    rig_until(rig, receiver.count == KEYS * SEQS && sent.ended == KEYS * SEQS);
    assert_int_equal(sent.ok, KEYS * SEQS);
    assert_true(receiver_has_all(&receiver, KEYS, SEQS));
    assert_in_order(&receiver, KEYS);
    receiver_free(&receiver);
}

static void test_goes_on_where_it_was(void **state)
{
    struct rig *rig = *state;
    struct tally sent = {0};
    struct receiver first = {0}, second = {0};
    for (int seq = 0; seq < 30; seq++)
        rig_send(rig, seq % 5, seq, &sent);
    receiver_start(&first, rig, false);
    rig_until(rig, first.count == 30);
    receiver_stop(&first); /* commits what the timer had not yet */
    rig_send(rig, 1, 30, &sent);
    receiver_start(&second, rig, false);
    rig_until(rig, second.count == 1);
    rig_run_for(rig, 300);
    assert_int_equal(second.count, 1);
    assert_int_equal(second.notes[0].seq, 30);
    receiver_free(&first);
    receiver_free(&second);
}

/* ---- failures ---- */

/* Key 0 fails three times with a temporary error. */
static void fail_key_0(struct receiver *receiver, const struct kafka_message *message,
                       struct pr_done done)
{
    (void)message;
    bool fails = receiver->notes[receiver->count - 1].key == 0 && receiver->err;
    if (fails) {
        unsigned tries = 0;
        for (size_t i = 0; i < receiver->count; i++)
            tries += receiver->notes[i].key == 0;
        fails = tries <= 3;
    }
    pr_done_call(done, fails ? receiver->err : PR_OK);
}

/* A key that falls into another partition than key 0. */
static int other_partition(struct rig *rig)
{
    struct tally sent = {0};
    struct receiver probe = {0};
    int other = 0;
    for (int key = 0; key < 10; key++)
        rig_send(rig, key, 0, &sent);
    receiver_start(&probe, rig, false);
    rig_until(rig, probe.count == 10);
    for (size_t i = 0; i < 10; i++) {
        for (size_t k = 0; k < 10; k++) {
            if (probe.notes[k].key == 0 && probe.notes[i].partition != probe.notes[k].partition)
                other = probe.notes[i].key;
        }
    }
    receiver_free(&probe);
    assert_int_not_equal(other, 0);
    return other;
}

static void test_temporary_error_comes_again(void **state)
{
    struct rig *rig = *state;
    struct tally sent = {0};
    int other = other_partition(rig);
    struct receiver receiver = {.answer = fail_key_0, .err = PR_ERR_UNAVAILABLE};
    rig_send(rig, 0, 1, &sent);
    rig_send(rig, 0, 2, &sent);
    rig_send(rig, other, 1, &sent);
    rig_send(rig, other, 2, &sent);
    receiver_start(&receiver, rig, false);
    rig_until(rig, receiver.count == 4 + 3);
    int tries = 0, others = 0;
    int64_t offset = -1;
    for (size_t i = 0; i < receiver.count; i++) {
        const struct note *note = &receiver.notes[i];
        if (note->key == other)
            others += tries <= 1; /* did not wait for key 0 */
        if (note->key == 0 && note->seq == 1) {
            assert_true(offset == -1 || offset == note->offset);
            offset = note->offset;
            tries++;
        }
        if (note->key == 0 && note->seq == 2)
            assert_int_equal(tries, 4); /* after the one before it */
    }
    assert_int_equal(tries, 4);
    assert_int_equal(others, 2);
    receiver_free(&receiver);
}

/* Takes the dead letters for messages: reads n of them and gives them to check. */
static void read_dead_letters(struct rig *rig, int n, void (*check)(const rd_kafka_message_t *))
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", rig->brokers, NULL, 0);
    rd_kafka_conf_set(conf, "group.id", "unused", NULL, 0);
    rd_kafka_conf_set(conf, "auto.offset.reset", "earliest", NULL, 0);
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, NULL, 0);
    assert_non_null(rk);
    rd_kafka_poll_set_consumer(rk);
    rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new(3);
    for (int32_t i = 0; i < 3; i++)
        rd_kafka_topic_partition_list_add(all, rig->dead_letters, i)->offset =
            RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_assign(rk, all);
    rd_kafka_topic_partition_list_destroy(all);
    int64_t until_ns = pr_monotonic_ns() + INT64_C(10000000000);
    while (n > 0) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(rk, 0);
        rig_turn(rig); /* the consumer under test is still sending them */
        assert_true(pr_monotonic_ns() < until_ns);
        if (!message)
            continue;
        assert_int_equal(message->err, RD_KAFKA_RESP_ERR_NO_ERROR);
        check(message);
        rd_kafka_message_destroy(message);
        n--;
    }
    rd_kafka_destroy(rk);
}

static void assert_header(const rd_kafka_message_t *message, const char *name, const char *value)
{
    rd_kafka_headers_t *headers;
    const void *found;
    size_t n;
    assert_int_equal(rd_kafka_message_headers(message, &headers), 0);
    if (rd_kafka_header_get_last(headers, name, &found, &n))
        fail_msg("no header %s", name);
    assert_true(pr_str_is(pr_str_n(found, n), value));
}

static char expected_topic[64];

static void check_refused(const rd_kafka_message_t *message)
{
    assert_true(pr_str_is(pr_str_n(message->payload, message->len), "5"));
    assert_true(pr_str_is(pr_str_n(message->key, message->key_len), "key-3"));
    assert_header(message, "ce_type", "pierrot.test.v1");
    assert_header(message, "dl_topic", expected_topic);
    assert_header(message, "dl_offset", "0");
    assert_header(message, "dl_error", "PR_ERR_DECODE");
    assert_header(message, "dl_detail", "cannot be decoded");
}

static void refuse_seq_5(struct receiver *receiver, const struct kafka_message *message,
                         struct pr_done done)
{
    pr_done_call(done, pr_str_is(message->value, "5") ? receiver->err : PR_OK);
}

static void test_permanent_error_is_a_dead_letter(void **state)
{
    struct rig *rig = *state;
    struct tally sent = {0};
    struct receiver receiver = {.answer = refuse_seq_5, .err = PR_ERR_DECODE}, second = {0};
    rig_send(rig, 3, 5, &sent);
    rig_send(rig, 3, 6, &sent);
    receiver_start(&receiver, rig, false);
    rig_until(rig, receiver.count == 2); /* its partition goes on */
    receiver_stop(&receiver);
    snprintf(expected_topic, sizeof expected_topic, "%s", rig->topic);
    read_dead_letters(rig, 1, check_refused);
    receiver_start(&second, rig, false); /* the offset was committed behind it */
    rig_send(rig, 3, 7, &sent);
    rig_until(rig, second.count == 1);
    assert_int_equal(second.notes[0].seq, 7);
    receiver_free(&receiver);
    receiver_free(&second);
}

/* Raw messages that are not ours, and why. */
static const struct {
    const char *header, *value, *why;
} broken[] = {
    {NULL, NULL, "no headers"},
    {"ce_specversion", "0.3", "ce_specversion is not 1.0"},
    {"content-type", "application/json", "content-type is not application/msgpack"},
    {"ce_id", "17", "ce_id is not a UUID"},
    {"ce_type", "", "ce_type is missing or not text"},
    {"ce_source", "\xff", "ce_source is missing or not text"},
    {"ce_time", "yesterday", "ce_time is not an RFC 3339 time"},
    {"ce_subject", "a\nb", "ce_subject is not text"},
};
static size_t broken_seen;

static void check_broken(const rd_kafka_message_t *message)
{
    int at = *(const char *)message->payload - '0';
    assert_in_range(at, 0, PR_COUNT(broken) - 1);
    assert_header(message, "dl_error", "PR_ERR_DECODE");
    assert_header(message, "dl_detail", broken[at].why);
    if (broken[at].header)
        assert_header(message, broken[at].header, broken[at].value);
    broken_seen |= (size_t)1 << at;
}

static void test_bad_headers_are_dead_letters(void **state)
{
    struct rig *rig = *state;
    struct tally sent = {0};
    struct receiver receiver = {0};
    for (size_t i = 0; i < PR_COUNT(broken); i++) {
        const struct kafka_message good = {
            .type = pr_str("t"), .source = pr_str("s"), .subject = pr_str("u")};
        char value[] = {(char)('0' + i)};
        rd_kafka_headers_t *headers =
            broken[i].header ? kafka_headers_new(&good) : rd_kafka_headers_new(0);
        if (broken[i].header) {
            rd_kafka_header_remove(headers, broken[i].header);
            kafka_header_add(headers, broken[i].header, pr_str(broken[i].value));
        }
        kafka_produce_raw(rig->producer, pr_str(rig->topic), pr_str("x"), pr_str_n(value, 1),
                          headers, tally_done(&sent));
    }
    rig_send(rig, 1, 1, &sent);
    receiver_start(&receiver, rig, false);
    rig_until(rig, receiver.count == 1); /* the handler saw none of them */
    read_dead_letters(rig, PR_COUNT(broken), check_broken);
    assert_int_equal(broken_seen, ((size_t)1 << PR_COUNT(broken)) - 1);
    receiver_free(&receiver);
}

/* ---- pause, lag, close ---- */

static void test_pause(void **state)
{
    struct rig *rig = *state;
    struct tally sent = {0};
    struct receiver receiver = {0};
    assert_true(receiver.count == 0);
    receiver_start(&receiver, rig, true);
    for (int seq = 0; seq < 20; seq++)
        rig_send(rig, seq, seq, &sent);
    rig_until(rig, kafka_consumer_ready(receiver.consumer) && sent.ok == 20);
    rig_until(rig, kafka_consumer_lag(receiver.consumer) == 20);
    assert_int_equal(receiver.count, 0);
    kafka_consumer_pause(receiver.consumer, false);
    rig_until(rig, receiver.count == 20);
    rig_until(rig, kafka_consumer_lag(receiver.consumer) == 0);
    kafka_consumer_pause(receiver.consumer, true);
    rig_send(rig, 1, 20, &sent);
    rig_until(rig, kafka_consumer_lag(receiver.consumer) == 1);
    assert_int_equal(receiver.count, 20);
    kafka_consumer_pause(receiver.consumer, false);
    rig_until(rig, receiver.count == 21);
    receiver_free(&receiver);
}

static void hold(struct receiver *receiver, const struct kafka_message *message,
                 struct pr_done done)
{
    (void)message;
    receiver->held = done;
}

static void test_close_waits_for_the_handler(void **state)
{
    struct rig *rig = *state;
    struct tally sent = {0};
    struct receiver receiver = {.answer = hold}, second = {0};
    bool closed = false;
    rig_send(rig, 1, 1, &sent);
    rig_send(rig, 1, 2, &sent);
    receiver_start(&receiver, rig, false);
    rig_until(rig, receiver.held.fn);
    kafka_consumer_close(receiver.consumer, set_true, &closed);
    rig_run_for(rig, 500);
    assert_false(closed);
    pr_done_call(receiver.held, PR_OK);
    rig_until(rig, closed);
    receiver.consumer = NULL;
    assert_int_equal(receiver.count, 1); /* it was handed nothing more */
    receiver_start(&second, rig, false);
    rig_until(rig, second.count == 1);
    assert_int_equal(second.notes[0].seq, 2); /* and what it did was committed */
    receiver_free(&receiver);
    receiver_free(&second);
}

static void test_close_at_once(void **state)
{
    struct receiver receiver = {0};
    receiver_start(&receiver, *state, false);
    receiver_free(&receiver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round_trip, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_order_per_key, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_goes_on_where_it_was, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_temporary_error_comes_again, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_permanent_error_is_a_dead_letter, rig_setup,
                                        rig_teardown),
        cmocka_unit_test_setup_teardown(test_bad_headers_are_dead_letters, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_pause, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_close_waits_for_the_handler, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_close_at_once, rig_setup, rig_teardown),
    };
    cmocka_set_test_filter(getenv("PIERROT_TEST_FILTER"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
