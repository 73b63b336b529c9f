/* The functions of 0001_messaging.sql, as usecases call them. */
#include "tests/integration/shared/pg/fixture.h"

#include <stdio.h>

#define A "'00000000-0000-0000-0000-00000000000a'"
#define B "'00000000-0000-0000-0000-00000000000b'"

static int setup(void **state)
{
    fixture_setup(state);
    fixture_migrate(*state);
    return 0;
}

static long add(struct fixture *f, const char *dedupe, const char *account, int priority)
{
    char sql[256];
    snprintf(sql, sizeof sql, "select job_add('render', '%s', %s, %s, %d, 'args', 3, null)::int",
             dedupe, A, account, priority);
    return fixture_int(f, sql);
}

/* The row and its message are one statement; no row, no message. */
static void test_outbox_in_a_cte(void **state)
{
    struct fixture *f = *state;
    fixture_exec(f, "create table media (id int primary key, state text)");
    fixture_exec(f, "insert into media values (1, 'created')");
    for (int id = 1; id <= 2; id++) {
        char sql[512];
        snprintf(
            sql, sizeof sql,
            "with m as (update media set state = 'finalized' where id = %d and state = 'created'"
            " returning id) select outbox_add(gen_random_uuid(), 'media.finalized', 'k', 'type',"
            " 'subject', null, 'body') from m",
            id);
        fixture_exec(f, sql);
        fixture_exec(f, sql);
    }
    assert_int_equal(fixture_int(f, "select count(*) from outbox where sent_at is null"), 1);
}

static void test_outbox_body_is_bounded(void **state)
{
    static const char *const sql = "select outbox_add(gen_random_uuid(), 't', 'k', 'ty', 's', null,"
                                   " convert_to(repeat('x', %d), 'UTF8'))";
    struct fixture *f = *state;
    char text[256];
    snprintf(text, sizeof text, sql, 65536);
    fixture_exec(f, text);
    snprintf(text, sizeof text, sql, 65537);
    PGresult *result = PQexec(f->admin, text);
    assert_string_equal(PQresultErrorField(result, PG_DIAG_SQLSTATE), "23514");
    PQclear(result);
}

static void test_inbox_once(void **state)
{
    static const char *const sql = "select inbox_add(" A ", 'topic', 1, 2)::int";
    struct fixture *f = *state;
    assert_int_equal(fixture_int(f, sql), 1);
    assert_int_equal(fixture_int(f, sql), 0);
}

static void test_job_once(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(add(f, "one", A, 0), 1);
    assert_int_equal(add(f, "one", A, 0), 0);
    assert_int_equal(add(f, "two", "null", 0), 1);
    assert_int_equal(fixture_int(f, "select count(*) from job"), 2);
}

static long turn(struct fixture *f, const char *dedupe)
{
    char sql[128];
    snprintf(sql, sizeof sql, "select turn from job where dedupe = '%s'", dedupe);
    return fixture_int(f, sql);
}

static void test_turns(void **state)
{
    struct fixture *f = *state;
    add(f, "a1", A, 0), add(f, "a2", A, 0), add(f, "a3", A, 0);
    add(f, "b1", B, 0), add(f, "b2", B, 0);
    add(f, "urgent", A, 5);
    assert_int_equal(turn(f, "a1"), 1);
    assert_int_equal(turn(f, "a3"), 3);
    assert_int_equal(turn(f, "b1"), 1);
    assert_int_equal(turn(f, "b2"), 2);
    assert_int_equal(turn(f, "urgent"), 1); /* another priority, another line */

    /* Who comes when the line has moved on joins at its head, not before it. */
    fixture_exec(f, "update job set state = 'done' where turn <= 2");
    add(f, "b3", B, 0);
    assert_int_equal(turn(f, "b3"), 3);

    /* One that waits for its next attempt does not hold the head back. */
    fixture_exec(f,
                 "update job set state = 'waiting', run_at = now() + interval '1 hour', turn = 1 "
                 "where dedupe = 'b3'");
    add(f, "c1", "'00000000-0000-0000-0000-00000000000c'", 0);
    assert_int_equal(turn(f, "c1"), 3);
}

static void test_cancel(void **state)
{
    struct fixture *f = *state;
    add(f, "one", A, 0), add(f, "two", A, 0), add(f, "three", A, 0);
    fixture_exec(f, "update job set state = 'leased', lease = " B
                    ", lease_until = now() + interval '1 minute' where dedupe = 'two'");
    fixture_exec(f, "update job set state = 'done' where dedupe = 'three'");
    assert_int_equal(fixture_int(f, "select (job_cancel('other', " A ") is null)::int"), 1);
    assert_int_equal(fixture_int(f, "select count(*) from job where state = 'cancelled'"), 0);
    assert_int_equal(fixture_int(f, "select (job_cancel('render', " A ") > now())::int"), 1);
    assert_int_equal(fixture_int(f, "select count(*) from job where state = 'cancelled'"), 2);
    assert_int_equal(
        fixture_int(f, "select job_finish(id, " B ")::int from job where dedupe = 'two'"), 0);
}

/* Rows of job, by this session. */
static long looked_at(struct fixture *f)
{
    return fixture_int(f, "select idx_tup_fetch + seq_tup_read from pg_stat_xact_user_tables "
                          "where relname = 'job' and schemaname = current_schema()");
}

/* However many wait for their time: to add one more looks at a few. */
static void test_those_that_wait_are_in_nobodys_way(void **state)
{
    struct fixture *f = *state;
    fixture_exec(f, "select job_add('render', i::text, gen_random_uuid(), " A
                    ", 0, '', 3, null, now() + interval '1 hour') from generate_series(1, 5000) i");
    assert_int_equal(fixture_int(f, "select count(*) from job where state = 'waiting'"), 5000);
    fixture_exec(f, "analyze job");
    fixture_exec(f, "begin");
    long before = looked_at(f);
    for (int i = 0; i < 10; i++) {
        char dedupe[16];
        snprintf(dedupe, sizeof dedupe, "new%d", i);
        add(f, dedupe, B, 0);
    }
    assert_in_range(looked_at(f) - before, 0, 100);
    fixture_exec(f, "commit");
}

/* Adding to a long queue and claiming from it use the indexes. */
static void test_queue_is_indexed(void **state)
{
    struct fixture *f = *state;
    fixture_exec(f,
                 "insert into job (kind, dedupe, subject, account, turn, args, max_attempts, state)"
                 " select 'render', i::text, gen_random_uuid(), gen_random_uuid(), i, '', 3,"
                 " case when i % 10 = 0 then 'ready' else 'done' end"
                 " from generate_series(1, 20000) i");
    fixture_exec(f, "analyze job");
    long before =
        fixture_int(f, "select seq_scan from pg_stat_xact_user_tables where relname = 'job'"
                       " and schemaname = current_schema()");
    fixture_exec(f, "begin");
    for (int i = 0; i < 10; i++) {
        char dedupe[16];
        snprintf(dedupe, sizeof dedupe, "new%d", i);
        add(f, dedupe, A, 0);
    }
    long after =
        fixture_int(f, "select seq_scan from pg_stat_xact_user_tables where relname = 'job'"
                       " and schemaname = current_schema()");
    fixture_exec(f, "commit");
    assert_int_equal(before, 0);
    assert_int_equal(after, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_outbox_in_a_cte),
        TEST(test_outbox_body_is_bounded),
        TEST(test_inbox_once),
        TEST(test_job_once),
        TEST(test_turns),
        TEST(test_cancel),
        TEST(test_those_that_wait_are_in_nobodys_way),
        TEST(test_queue_is_indexed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
