/* The outbox to Kafka: every row arrives, in order per key, whoever dies meanwhile. */
#include "shared/kafka/relay.h"

#include "shared/base/alloc.h"
#include "tests/integration/shared/kafka/rig.h"
#include "tests/integration/shared/pg/fixture.h"

#include <librdkafka/rdkafka.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

struct relays {
    struct fixture *db;
    struct rig *rig;
    struct pg_options pg_options;
    struct pg *pg;
};

static void open_pg(struct relays *r)
{
    r->pg_options = (struct pg_options){
        .url = r->db->url,
        .app_name = "test-relay",
        .connections = 2,
        .max_waiting = 100,
        .deadline_ms = 5000,
    };
    r->pg = pg_create(&r->rig->loop, &r->pg_options);
}

static void close_pg(struct relays *r)
{
    bool closed = false;
    pg_close(r->pg, set_true, &closed);
    rig_until(r->rig, closed);
}

static int setup(void **state)
{
    struct relays *r = PR_NEW(struct relays);
    assert_int_equal(fixture_setup((void **)&r->db), 0);
    fixture_migrate(r->db);
    assert_int_equal(rig_setup((void **)&r->rig), 0);
    open_pg(r);
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    struct relays *r = *state;
    close_pg(r);
    rig_teardown((void **)&r->rig);
    fixture_teardown((void **)&r->db);
    free(r);
    return 0;
}

static struct relay *open_relay(struct relays *r, int64_t poll_ms)
{
    return relay_create(&r->rig->loop, &(struct relay_options){
                                           .source = "pierrot/test",
                                           .poll_ms = poll_ms,
                                           .pg = r->pg,
                                           .lock = &r->pg_options,
                                           .producer = r->rig->producer,
                                       });
}

static void close_relay(struct relays *r, struct relay *relay)
{
    bool closed = false;
    relay_close(relay, set_true, &closed);
    rig_until(r->rig, closed);
}

static void add_row(PGconn *conn, const char *topic, int key, int seq)
{
    char sql[512], id[PR_UUID_TEXT];
    struct pr_uuid uuid = pr_uuid_v7(pr_now_ms(&pr_clock_system));
    snprintf(sql, sizeof sql,
             "select outbox_add('%s', '%s', 'key-%d', 'pierrot.test.v1', 'key-%d', "
             "'00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', '%d')",
             pr_uuid_format(&uuid, id), topic, key, key, seq);
    PGresult *result = PQexec(conn, sql);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        fail_msg("%s: %s", sql, PQerrorMessage(conn));
    PQclear(result);
}

static void run(PGconn *conn, const char *sql)
{
    PGresult *result = PQexec(conn, sql);
    assert_int_equal(PQresultStatus(result), PGRES_COMMAND_OK);
    PQclear(result);
}

static long unsent(struct relays *r)
{
    return fixture_int(r->db, "select count(*) from outbox where sent_at is null");
}

/* ---- one relay ---- */

static void check_attributes(struct receiver *receiver, const struct kafka_message *message,
                             struct pr_done done)
{
    (void)receiver;
    assert_true(pr_str_is(message->source, "pierrot/test"));
    assert_true(pr_str_is(message->type, "pierrot.test.v1"));
    assert_true(pr_str_is(message->subject, "key-4"));
    assert_true(
        pr_str_is(message->traceparent, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
    assert_in_range(message->time_ms, pr_now_ms(&pr_clock_system) - 60000,
                    pr_now_ms(&pr_clock_system) + 60000);
    pr_done_call(done, PR_OK);
}

static void test_a_row_becomes_a_message(void **state)
{
    struct relays *r = *state;
    struct receiver receiver = {.answer = check_attributes};
    struct relay *relay = open_relay(r, 60000); /* only what is poked moves */
    rig_until(r->rig, relay_active(relay));
    rig_run_for(r->rig, 300);
    add_row(r->db->admin, r->rig->topic, 4, 9);
    rig_run_for(r->rig, 300);
    assert_int_equal(unsent(r), 1);
    relay_poke(relay);
    rig_until(r->rig, unsent(r) == 0);
    receiver_start(&receiver, r->rig, false);
    rig_until(r->rig, receiver.count == 1);
    assert_int_equal(receiver.notes[0].key, 4);
    assert_int_equal(receiver.notes[0].seq, 9);
    receiver_free(&receiver);
    close_relay(r, relay);
}

/* More rows than a batch holds, and one that was drawn early and committed late. */
static void test_commit_order_is_free(void **state)
{
    enum { KEYS = 5, SEQS = 300 };
    struct relays *r = *state;
    struct receiver receiver = {0};
    PGconn *late = PQconnectdb(r->db->url);
    run(late, "begin");
    add_row(late, r->rig->topic, 0, 0);
    for (int seq = 0; seq < SEQS; seq++) {
        for (int key = 1; key < KEYS; key++)
            add_row(r->db->admin, r->rig->topic, key, seq);
    }
    struct relay *relay = open_relay(r, 100);
    rig_until(r->rig, unsent(r) == 0 && relay_active(relay));
    run(late, "commit");
    for (int seq = 1; seq < SEQS; seq++)
        add_row(r->db->admin, r->rig->topic, 0, seq);
    rig_until(r->rig, unsent(r) == 0); /* by the poll */
    receiver_start(&receiver, r->rig, false);
    rig_until(r->rig, receiver_has_all(&receiver, KEYS, SEQS));
    assert_int_equal(receiver.count, KEYS * SEQS); /* nobody died: none twice */
    assert_in_order(&receiver, KEYS);
    receiver_free(&receiver);
    close_relay(r, relay);
    PQfinish(late);
}

static void test_one_works_the_others_stand_by(void **state)
{
    struct relays *r = *state;
    struct relay *first = open_relay(r, 100), *second;
    rig_until(r->rig, relay_active(first));
    second = open_relay(r, 100);
    rig_run_for(r->rig, 2000);
    assert_false(relay_active(second));
    add_row(r->db->admin, r->rig->topic, 1, 0);
    rig_until(r->rig, unsent(r) == 0);
    close_relay(r, first);
    rig_until(r->rig, relay_active(second));
    add_row(r->db->admin, r->rig->topic, 1, 1);
    rig_until(r->rig, unsent(r) == 0);
    close_relay(r, second);
}

static void test_old_rows_go(void **state)
{
    struct relays *r = *state;
    fixture_exec(r->db, "insert into outbox (event_id, topic, key, type, subject, body, sent_at) "
                        "select gen_random_uuid(), 't', '', 't', 's', '', "
                        "now() - n * interval '1 hour' from generate_series(1, 2500) n");
    fixture_exec(r->db, "insert into inbox select gen_random_uuid(), 't', 0, n, "
                        "now() - n * interval '1 hour' from generate_series(1, 2500) n");
    struct relay *relay = open_relay(r, 1000);
    rig_until(r->rig, fixture_int(r->db, "select count(*) from outbox") == 71);
    rig_until(r->rig, fixture_int(r->db, "select count(*) from inbox") == 14 * 24 - 1);
    close_relay(r, relay);
}

/* ---- the broker loses what it had ---- */

static void test_republish_brings_back_what_the_broker_lost(void **state)
{
    enum { KEYS = 3, SEQS = 20 };
    struct relays *r = *state;
    struct tally republished = {0};
    struct receiver before = {0}, after = {0};
    int64_t count = -1, since_ms = pr_now_ms(&pr_clock_system) - 60000;
    struct relay *relay = open_relay(r, 100);
    for (int i = 0; i < KEYS * SEQS; i++)
        add_row(r->db->admin, r->rig->topic, i % KEYS, i / KEYS);
    rig_until(r->rig, unsent(r) == 0);
    receiver_start(&before, r->rig, false);
    rig_until(r->rig, before.count == KEYS * SEQS);
    receiver_stop(&before);

    rig_delete_topic(r->rig);
    relay_republish(r->pg, since_ms, &count, tally_done(&republished));
    rig_until(r->rig, republished.ok == 1);
    assert_int_equal(count, KEYS * SEQS);
    rig_until_within(r->rig, 60, unsent(r) == 0); /* the producer makes the topic again */

    snprintf(r->rig->group, sizeof r->rig->group, "%.60s.again", r->rig->topic);
    receiver_start(&after, r->rig, false);
    rig_until(r->rig, receiver_has_all(&after, KEYS, SEQS));
    assert_in_order(&after, KEYS);
    for (size_t i = 0; i < before.count; i++) {
        bool same = false;
        for (size_t k = 0; k < after.count; k++)
            same |= pr_uuid_eq(&before.notes[i].id, &after.notes[k].id);
        assert_true(same);
    }
    receiver_free(&before);
    receiver_free(&after);
    close_relay(r, relay);
}

/* ---- the relay dies again and again ---- */

/* A process with a relay; never returns. */
static void be_a_relay(struct fixture *db, const char *brokers)
{
    struct relays r = {.db = db, .rig = rig_new(brokers)};
    open_pg(&r);
    open_relay(&r, 20);
    uv_run(&r.rig->loop, UV_RUN_DEFAULT);
    _exit(1);
}

/* Two writers with transactions that overlap; each has its own keys, so that the order of a key is
 * the order of its commits. */
struct writer {
    PGconn *conn;
    bool open;
};

static void write_some(struct writer *writers, const char *topic, int *next, int keys)
{
    uint32_t random = randombytes_random();
    int key = (int)(random % (unsigned)keys);
    struct writer *writer = &writers[key % 2];
    if (!writer->open)
        run(writer->conn, "begin");
    writer->open = true;
    add_row(writer->conn, topic, key, next[key]++);
    if (random & 0x10000) {
        run(writer->conn, "commit");
        writer->open = false;
    }
}

static void test_killed_again_and_again(void **state)
{
    enum { KEYS = 8, KILLS = 10 };
    const char *brokers = getenv("PIERROT_TEST_KAFKA_BROKERS");
    struct relays r = {0};
    struct receiver receiver = {0};
    struct writer writers[2];
    int next[KEYS] = {0};
    long progress = 0;
    char topic[64];
    (void)state;
    assert_int_equal(fixture_setup((void **)&r.db), 0);
    fixture_migrate(r.db);
    assert_int_equal(rig_setup((void **)&r.rig), 0);
    snprintf(topic, sizeof topic, "%s", r.rig->topic);
    rig_free(r.rig); /* librdkafka has no threads while we fork */
    for (int i = 0; i < 2; i++)
        writers[i] = (struct writer){.conn = PQconnectdb(r.db->url)};

    for (int kills = 0; kills < KILLS; kills++) {
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
            be_a_relay(r.db, brokers);
        int64_t until_ns = pr_monotonic_ns() + (300 + randombytes_uniform(1500)) * INT64_C(1000000);
        while (pr_monotonic_ns() < until_ns) {
            write_some(writers, topic, next, KEYS);
            usleep(2000);
        }
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        long sent = fixture_int(r.db, "select count(*) from outbox where sent_at is not null");
        progress += sent > 0;
    }
    assert_true(progress > 0); /* some relay lived long enough to be killed at work */
    for (int i = 0; i < 2; i++) {
        if (writers[i].open)
            run(writers[i].conn, "commit");
        PQfinish(writers[i].conn);
    }

    r.rig = rig_new(brokers);
    snprintf(r.rig->topic, sizeof r.rig->topic, "%s", topic);
    rig_ensure_topics(r.rig);
    open_pg(&r);
    struct relay *relay = open_relay(&r, 100);
    rig_until(r.rig, unsent(&r) == 0);
    receiver_start(&receiver, r.rig, false);
    int most = 0, all = 0;
    for (int key = 0; key < KEYS; key++) {
        most = next[key] > most ? next[key] : most;
        all += next[key];
    }
    for (int key = 0; key < KEYS; key++) { /* so that each key has as many */
        for (; next[key] < most; next[key]++)
            add_row(r.db->admin, topic, key, next[key]);
    }
    rig_until(r.rig, receiver_has_all(&receiver, KEYS, most));
    assert_in_order(&receiver, KEYS);
    print_message("%d rows, %zu messages\n", KEYS * most, receiver.count);
    for (size_t i = 0; i < receiver.count; i++) { /* an id is a row's for ever */
        for (size_t k = i + 1; k < receiver.count; k++) {
            const struct note *a = &receiver.notes[i], *b = &receiver.notes[k];
            assert_int_equal(pr_uuid_eq(&a->id, &b->id), a->key == b->key && a->seq == b->seq);
        }
    }
    assert_true(all > 100);
    receiver_free(&receiver);
    close_relay(&r, relay);
    close_pg(&r);
    rig_free(r.rig);
    fixture_teardown((void **)&r.db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_killed_again_and_again),
        cmocka_unit_test_setup_teardown(test_a_row_becomes_a_message, setup, teardown),
        cmocka_unit_test_setup_teardown(test_commit_order_is_free, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_works_the_others_stand_by, setup, teardown),
        cmocka_unit_test_setup_teardown(test_old_rows_go, setup, teardown),
        cmocka_unit_test_setup_teardown(test_republish_brings_back_what_the_broker_lost, setup,
                                        teardown),
    };
    cmocka_set_test_filter(getenv("PIERROT_TEST_FILTER"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
