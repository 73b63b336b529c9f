/* idempotency_claim of 0002_idempotency.sql, as statements call it that create something. */
#include "tests/integration/shared/pg/fixture.h"

#include <stdio.h>

#define ALICE "'00000000-0000-0000-0000-00000000000a'"
#define BOB "'00000000-0000-0000-0000-00000000000b'"
#define FIRST "00000000-0000-0000-0000-000000000001"
#define SECOND "00000000-0000-0000-0000-000000000002"

static int setup(void **state)
{
    fixture_setup(state);
    fixture_migrate(*state);
    return 0;
}

/* "verdict" or "verdict subject", of a claim on this connection. key NULL: none. */
static const char *claim_on(PGconn *conn, const char *account, const char *key, const char *request,
                            const char *subject)
{
    static char answer[64];
    char sql[256];
    snprintf(sql, sizeof sql,
             "select verdict, subject from idempotency_claim(%s, sha256($1), sha256($2), $3)",
             account);
    const char *values[] = {key, request, subject};
    PGresult *result = PQexecParams(conn, sql, 3, NULL, values, NULL, NULL, 0);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        fail_msg("%s", PQresultErrorMessage(result));
    snprintf(answer, sizeof answer, PQgetisnull(result, 0, 1) ? "%s" : "%s %s",
             PQgetvalue(result, 0, 0), PQgetvalue(result, 0, 1));
    PQclear(result);
    return answer;
}

static const char *claim(struct fixture *f, const char *key, const char *request,
                         const char *subject)
{
    return claim_on(f->admin, ALICE, key, request, subject);
}

static PGconn *connect_to(const struct fixture *f)
{
    PGconn *conn = PQconnectdb(f->url);
    assert_int_equal(PQstatus(conn), CONNECTION_OK);
    return conn;
}

static void run(PGconn *conn, const char *sql)
{
    PGresult *result = PQexec(conn, sql);
    assert_int_equal(PQresultStatus(result), PGRES_COMMAND_OK);
    PQclear(result);
}

static void test_same_request_is_replayed(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(claim(f, "key", "request", FIRST), "new " FIRST);
    assert_string_equal(claim(f, "key", "request", SECOND), "replay " FIRST);
    assert_string_equal(claim(f, "key", "another", SECOND), "mismatch");
    assert_string_equal(claim(f, "other", "request", SECOND), "new " SECOND);
    assert_int_equal(fixture_int(f, "select count(*) from idempotency"), 2);
}

static void test_without_a_key_all_is_new(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(claim(f, NULL, NULL, FIRST), "new " FIRST);
    assert_string_equal(claim(f, NULL, NULL, SECOND), "new " SECOND);
    assert_int_equal(fixture_int(f, "select count(*) from idempotency"), 0);
}

static void test_accounts_do_not_meet(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(claim(f, "key", "request", FIRST), "new " FIRST);
    assert_string_equal(claim_on(f->admin, BOB, "key", "request", SECOND), "new " SECOND);
}

/* Nobody waits for a transaction that has the key in hand; what became of it is seen at once. */
static void test_running_until_the_other_ends(void **state)
{
    struct fixture *f = *state;
    PGconn *other = connect_to(f);
    run(other, "begin");
    assert_string_equal(claim_on(other, ALICE, "key", "request", FIRST), "new " FIRST);
    assert_string_equal(claim(f, "key", "request", SECOND), "running");
    assert_string_equal(claim(f, "key", "another", SECOND), "running");
    assert_string_equal(claim_on(f->admin, BOB, "key", "request", SECOND), "new " SECOND);
    run(other, "rollback");
    assert_string_equal(claim(f, "key", "request", SECOND), "new " SECOND);

    run(other, "begin");
    assert_string_equal(claim_on(other, ALICE, "next", "request", FIRST), "new " FIRST);
    assert_string_equal(claim(f, "next", "request", SECOND), "running");
    run(other, "commit");
    assert_string_equal(claim(f, "next", "request", SECOND), "replay " FIRST);
    PQfinish(other);
}

static void test_refused_key_is_free_again(void **state)
{
    struct fixture *f = *state;
    fixture_exec(f, "begin");
    assert_string_equal(claim(f, "key", "request", FIRST), "new " FIRST);
    fixture_exec(f, "select idempotency_release(" ALICE ", sha256('key'))");
    fixture_exec(f, "commit");
    assert_string_equal(claim(f, "key", "another", SECOND), "new " SECOND);
}

static void test_forgotten_after_a_day(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(claim(f, "key", "request", FIRST), "new " FIRST);
    fixture_exec(f, "update idempotency set created_at = now() - interval '23 hours 59 minutes'");
    assert_string_equal(claim(f, "key", "request", SECOND), "replay " FIRST);
    fixture_exec(f, "update idempotency set created_at = now() - interval '24 hours 1 second'");
    assert_string_equal(claim(f, "key", "another", SECOND), "new " SECOND);
    assert_string_equal(claim(f, "key", "another", FIRST), "replay " SECOND);
    assert_int_equal(fixture_int(f, "select count(*) from idempotency"), 1);
}

/* Each service has a schema of its own on one server: neither rows nor locks are shared. */
static void test_schemas_do_not_meet(void **state)
{
    struct fixture *f = *state;
    void *second;
    setup(&second);
    struct fixture *g = second;
    fixture_exec(f, "begin");
    assert_string_equal(claim(f, "key", "request", FIRST), "new " FIRST);
    assert_string_equal(claim(g, "key", "request", SECOND), "new " SECOND);
    fixture_exec(f, "commit");
    assert_string_equal(claim(g, "key", "request", FIRST), "replay " SECOND);
    fixture_teardown(&second);
}

/* What was committed since the statement began is replayed, but not seen by it. */
static void test_replay_of_what_the_statement_does_not_see(void **state)
{
    struct fixture *f = *state;
    PGconn *other = connect_to(f);
    char waiting[128];
    snprintf(waiting, sizeof waiting,
             "select count(*) from pg_locks where pid = %d and not granted",
             PQbackendPID(f->admin));
    fixture_exec(f, "create table thing (id uuid); create table door as select 1 as id");
    run(other, "begin");
    run(other, "update door set id = 2");
    assert_int_equal(
        PQsendQuery(f->admin,
                    "with d as materialized "
                    "(select '" SECOND "'::uuid as subject from door for update) "
                    "select k.verdict, k.subject, (select count(*) from thing) from d, "
                    "idempotency_claim(" ALICE ", sha256('key'), sha256('request'), d.subject) k"),
        1);
    struct fixture from_other = {.admin = other};
    while (fixture_int(&from_other, waiting) == 0)
        continue;
    assert_string_equal(claim_on(other, ALICE, "key", "request", FIRST), "new " FIRST);
    run(other, "insert into thing values ('" FIRST "')");
    run(other, "commit");
    PQfinish(other);
    PGresult *result = PQgetResult(f->admin);
    assert_int_equal(PQresultStatus(result), PGRES_TUPLES_OK);
    assert_string_equal(PQgetvalue(result, 0, 0), "replay");
    assert_string_equal(PQgetvalue(result, 0, 1), FIRST);
    assert_string_equal(PQgetvalue(result, 0, 2), "0");
    PQclear(result);
    assert_null(PQgetResult(f->admin));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_same_request_is_replayed),  TEST(test_without_a_key_all_is_new),
        TEST(test_accounts_do_not_meet),      TEST(test_running_until_the_other_ends),
        TEST(test_refused_key_is_free_again), TEST(test_forgotten_after_a_day),
        TEST(test_schemas_do_not_meet),       TEST(test_replay_of_what_the_statement_does_not_see),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
