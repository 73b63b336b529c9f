/* Several consumers, a producer that fails, a broker that dies: nothing is lost, and what comes
 * twice is the same message. */
#include "tests/integration/shared/kafka/rig.h"

#include "shared/base/alloc.h"
#include "shared/kafka/producer.h"

#include <stdio.h>

/* ---- rebalance ---- */

struct later {
    uv_timer_t timer;
    struct pr_done done;
};

static void on_later_closed(uv_handle_t *handle)
{
    free(PR_CONTAINER(handle, struct later, timer));
}

static void on_later(uv_timer_t *timer)
{
    struct later *later = PR_CONTAINER(timer, struct later, timer);
    struct pr_done done = later->done;
    uv_close((uv_handle_t *)timer, on_later_closed);
    pr_done_call(done, PR_OK);
}

/* Takes its time, so that partitions are taken away while they are at work. */
static void answer_later(struct receiver *receiver, const struct kafka_message *message,
                         struct pr_done done)
{
    struct later *later = PR_NEW(struct later);
    (void)message;
    later->done = done;
    uv_timer_init(&receiver->rig->loop, &later->timer);
    uv_timer_start(&later->timer, on_later, 3, 0);
}

/* The notes of both as if one had made them. */
static struct receiver together(const struct receiver *a, const struct receiver *b)
{
    struct receiver all = {.count = a->count + b->count};
    all.notes = pr_alloc(all.count * sizeof *all.notes);
    memcpy(all.notes, a->notes, a->count * sizeof *all.notes);
    memcpy(all.notes + a->count, b->notes, b->count * sizeof *all.notes);
    return all;
}

static bool both_have_all(const struct receiver *a, const struct receiver *b, int keys, int seqs)
{
    struct receiver all = together(a, b);
    bool have = receiver_has_all(&all, keys, seqs);
    free(all.notes);
    return have;
}

static void assert_repeats_are_the_same(const struct receiver *a, const struct receiver *b)
{
    struct receiver all = together(a, b);
    for (size_t i = 0; i < all.count; i++) {
        for (size_t k = i + 1; k < all.count; k++) {
            const struct note *one = &all.notes[i], *other = &all.notes[k];
            assert_int_equal(pr_uuid_eq(&one->id, &other->id),
                             one->key == other->key && one->seq == other->seq);
        }
    }
    print_message("%zu deliveries\n", all.count);
    free(all.notes);
}

static void test_rebalance_loses_nothing(void **state)
{
    enum { KEYS = 12, SEQS = 250 };
    struct rig *rig = *state;
    struct tally sent = {0};
    struct receiver first = {.answer = answer_later}, second = {.answer = answer_later};
    for (int i = 0; i < KEYS * SEQS; i++)
        rig_send(rig, i % KEYS, i / KEYS, &sent);
    receiver_start(&first, rig, false);
    rig_until(rig, first.count > 50);
    receiver_start(&second, rig, false); /* takes a part of the partitions */
    rig_until(rig, second.count > 50);
    receiver_stop(&first); /* the second gets its partitions */
    rig_until_within(rig, 60, both_have_all(&first, &second, KEYS, SEQS));
    assert_repeats_are_the_same(&first, &second);
    /* Handlers in time were waited for and committed: hardly anything comes twice. */
    assert_true(first.count + second.count <= KEYS * SEQS + 6);
    receiver_free(&first);
    receiver_free(&second);
}

/* A handler that does not end keeps neither the group nor its own consumer from going on. */
static void hold_first(struct receiver *receiver, const struct kafka_message *message,
                       struct pr_done done)
{
    (void)message;
    if (!receiver->held.fn)
        receiver->held = done;
    else
        pr_done_call(done, PR_OK);
}

static void test_slow_handler_outlives_its_partition(void **state)
{
    struct rig *rig = *state;
    struct tally sent = {0};
    struct receiver slow = {.answer = hold_first}, others[2] = {{0}, {0}};
    for (int key = 0; key < 12; key++)
        rig_send(rig, key, 0, &sent);
    receiver_start(&slow, rig, false);
    rig_until(rig, slow.held.fn && sent.ok == 12);
    receiver_start(&others[0], rig, false);
    receiver_start(&others[1], rig, false);
    /* With a partition each, the held message is the others' or, newly, its own to handle again. */
    rig_until(rig, kafka_consumer_ready(others[0].consumer) &&
                       kafka_consumer_ready(others[1].consumer) &&
                       kafka_consumer_ready(slow.consumer));
    rig_until(rig, slow.count + others[0].count + others[1].count >= 13);
    pr_done_call(slow.held, PR_OK); /* nobody waits for it any more */
    receiver_free(&slow);
    receiver_free(&others[0]);
    receiver_free(&others[1]);
}

/* ---- the producer fails ---- */

static void test_fatal_error_makes_a_new_producer(void **state)
{
    struct rig *rig = *state;
    struct tally before = {0}, lost = {0}, after = {0};
    struct receiver receiver = {0};
    rig_send(rig, 0, 0, &before);
    rig_until(rig, before.ok == 1);
    rd_kafka_t *old = kafka_producer_handle(rig->producer);
    assert_int_equal(
        rd_kafka_test_fatal_error(old, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "a test"),
        RD_KAFKA_RESP_ERR_NO_ERROR);
    for (int seq = 1; seq <= 20; seq++)
        rig_send(rig, 0, seq, &lost);
    rig_until(rig, lost.ended == 20);
    assert_int_equal(lost.ok, 0);
    assert_int_equal(lost.err, PR_ERR_UNAVAILABLE);
    rig_until(rig, !kafka_producer_ready(rig->producer));
    rig_until(rig, kafka_producer_ready(rig->producer));
    for (int seq = 1; seq <= 20; seq++)
        rig_send(rig, 0, seq, &after);
    rig_until(rig, after.ok == 20);
    receiver_start(&receiver, rig, false);
    rig_until(rig, receiver_has_all(&receiver, 1, 21));
    assert_in_order(&receiver, 1);
    receiver_free(&receiver);
}

static void test_closed_while_it_is_made_anew(void **state)
{
    struct rig *rig = *state;
    rd_kafka_test_fatal_error(kafka_producer_handle(rig->producer),
                              RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "a test");
    rig_until(rig, !kafka_producer_ready(rig->producer));
    /* the teardown closes it now */
}

/* ---- the broker dies ---- */

static void control_broker(const char *verb)
{
    const char *ctl = getenv("PIERROT_TEST_CTL");
    char command[512];
    if (!ctl || !*ctl)
        fail_msg("PIERROT_TEST_CTL is not set: the command that starts and kills servers, as "
                 "deploy/local/ctl does");
    snprintf(command, sizeof command, "%s %s kafka", ctl, verb);
    assert_int_equal(system(command), 0);
}

/* One message of each key under way; what fails is sent again, as the relay does. */
enum { LOAD_KEYS = 8 };
struct load {
    struct rig *rig;
    bool stopped;
    unsigned failed;
    int under_way;
    struct lane {
        struct load *load;
        int key, seq;
        struct tally tally;
    } lanes[LOAD_KEYS];
};

static void load_turn(struct load *load)
{
    for (int key = 0; key < LOAD_KEYS; key++) {
        struct lane *lane = &load->lanes[key];
        if (!lane->tally.ended)
            continue;
        lane->seq += lane->tally.ok == 1;
        load->failed += lane->tally.ok == 0;
        lane->tally = (struct tally){0};
        load->under_way--;
        if (!load->stopped) {
            rig_send(load->rig, key, lane->seq, &lane->tally);
            load->under_way++;
        }
    }
    rig_turn(load->rig);
}

static void load_for(struct load *load, int64_t ms)
{
    int64_t until_ns = pr_monotonic_ns() + ms * 1000000;
    while (pr_monotonic_ns() < until_ns)
        load_turn(load);
}

static void test_broker_dies_under_load(void **state)
{
    struct rig *rig = *state;
    struct receiver receiver = {0};
    struct load load = {.rig = rig, .under_way = LOAD_KEYS};
    receiver_start(&receiver, rig, false);
    rig_until(rig, kafka_consumer_ready(receiver.consumer));
    for (int key = 0; key < LOAD_KEYS; key++)
        load.lanes[key] = (struct lane){.load = &load, .key = key, .seq = -1, .tally = {1, 1, 0}};
    load_for(&load, 1500);
    int before = load.lanes[0].seq;
    control_broker("kill");
    load_for(&load, 1500);
    rig_until(rig, !kafka_producer_ready(rig->producer));
    control_broker("start");
    control_broker("wait");
    rig_until_within(rig, 60, (load_turn(&load), load.lanes[0].seq > before + 50));
    load.stopped = true;
    rig_until_within(rig, 60, (load_turn(&load), load.under_way == 0));
    assert_true(kafka_producer_ready(rig->producer));

    int most = 0;
    struct tally rest = {0};
    size_t rest_count = 0;
    for (int key = 0; key < LOAD_KEYS; key++)
        most = load.lanes[key].seq > most ? load.lanes[key].seq : most;
    for (int key = 0; key < LOAD_KEYS; key++) { /* so that each key has as many */
        for (int seq = load.lanes[key].seq; seq < most; seq++, rest_count++)
            rig_send(rig, key, seq, &rest);
    }
    rig_until_within(rig, 60,
                     rest.ended == rest_count && receiver_has_all(&receiver, LOAD_KEYS, most));
    assert_int_equal(rest.ok, rest_count);
    assert_in_order(&receiver, LOAD_KEYS);
    print_message("%d messages, %u sent again, %zu deliveries\n", LOAD_KEYS * most, load.failed,
                  receiver.count);
    rig_until(rig, kafka_consumer_ready(receiver.consumer));
    receiver_free(&receiver);
}

/* ---- a topic that begins again ---- */

static void send_until_it_arrives(struct rig *rig, int seq)
{
    for (struct tally sent = {0}; sent.ok == 0;) {
        size_t ended = sent.ended;
        rig_send(rig, 1, seq, &sent);
        rig_until(rig, sent.ended > ended);
    }
}

/* What is acknowledged while its topic vanishes is lost with it: then it is sent again. */
static void send_until_it_is_received(struct rig *rig, int seq, const struct receiver *receiver)
{
    do {
        send_until_it_arrives(rig, seq);
        for (int i = 0; i < 100 && receiver->notes[receiver->count - 1].seq != seq; i++)
            rig_run_for(rig, 50);
    } while (receiver->notes[receiver->count - 1].seq != seq);
}

/* Its offsets are below those that were committed of the old one. */
static void test_topic_made_anew_is_committed(void **state)
{
    struct rig *rig = *state;
    struct tally sent = {0};
    struct receiver first = {0}, second = {0};
    for (int seq = 0; seq < 20; seq++)
        rig_send(rig, 1, seq, &sent);
    receiver_start(&first, rig, false);
    rig_until(rig, first.count == 20);
    rig_run_for(rig, 500); /* committed */
    rig_delete_topic(rig);
    send_until_it_is_received(rig, 20, &first);
    receiver_stop(&first);

    send_until_it_arrives(rig, 21);
    receiver_start(&second, rig, false);
    rig_until(rig, second.count > 0);
    assert_int_equal(second.notes[0].seq, 21);
    receiver_free(&first);
    receiver_free(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_rebalance_loses_nothing, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_slow_handler_outlives_its_partition, rig_setup,
                                        rig_teardown),
        cmocka_unit_test_setup_teardown(test_fatal_error_makes_a_new_producer, rig_setup,
                                        rig_teardown),
        cmocka_unit_test_setup_teardown(test_closed_while_it_is_made_anew, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_topic_made_anew_is_committed, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_broker_dies_under_load, rig_setup, rig_teardown),
    };
    cmocka_set_test_filter(getenv("PIERROT_TEST_FILTER"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
