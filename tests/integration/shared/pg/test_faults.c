/* The pool against a server that is slow, busy, dying, away. Every query ends exactly once. */
#include "tests/integration/shared/pg/fixture.h"

#include "shared/base/time.h"
#include "shared/log/log.h"

#include <stdio.h>

static const struct pg_stmt one_stmt = {"one", "select 1"};
static const struct pg_stmt sleep_stmt = {"sleep", "select pg_sleep($1::float8 / 1000)"};

static void run_sleep(struct fixture *f, int64_t ms, struct outcome *outcome)
{
    struct pg_query *query = pg_query_new(f->pg);
    pg_query_add(query, &sleep_stmt);
    pg_bind_int(query, ms);
    pg_query_run(query, outcome_done(outcome));
}

static void run_one(struct fixture *f, struct outcome *outcome)
{
    struct pg_query *query = pg_query_new(f->pg);
    pg_query_add(query, &one_stmt);
    pg_query_run(query, outcome_done(outcome));
}

static unsigned connections_up(struct fixture *f)
{
    struct pg_stats stats;
    pg_stats(f->pg, &stats);
    return stats.connections_up;
}

/* The server cancels a slow statement before the deadline: the connection stays. */
static void test_statement_timeout(void **state)
{
    struct fixture *f = *state;
    struct outcome outcome = {0};
    fixture_pool(f, NULL, 1, 2000);
    run_sleep(f, 5000, &outcome);
    fixture_until(f, outcome.ended);
    assert_int_equal(outcome.err, PR_ERR_TIMEOUT);
    assert_int_equal(connections_up(f), 1);
}

/* When the server does not answer at all, the deadline takes the connection along. */
static void test_deadline(void **state)
{
    struct fixture *f = *state;
    struct outcome outcome = {0};
    struct proxy proxy = {0};
    char url[1100], parameters[64];
    proxy_start(&proxy, f);
    snprintf(parameters, sizeof parameters, "host=127.0.0.1&port=%d", proxy.port);
    fixture_url_with(f, url, sizeof url, parameters);
    fixture_pool(f, url, 1, 500);
    proxy_freeze(&proxy, true);
    int64_t start_ns = pr_monotonic_ns();
    for (int i = 0; i < 40; i++) /* more than one connection takes: some wait */
        run_one(f, &outcome);
    fixture_until(f, outcome.ended == 40);
    assert_int_equal(outcome.ok, 0);
    assert_in_range((pr_monotonic_ns() - start_ns) / 1000000, 400, 5000);
    assert_false(pg_ready(f->pg));
    proxy_freeze(&proxy, false);
    fixture_until(f, pg_ready(f->pg));
    assert_int_equal(fixture_query(f, &one_stmt), PR_OK);
    proxy_stop(&proxy);
}

static void test_queue_full(void **state)
{
    struct fixture *f = *state;
    struct outcome slow = {0}, waiting = {0}, refused = {0};
    fixture_pool(f, NULL, 1, 5000);
    for (int i = 0; i < 16; i++)
        run_sleep(f, 20, &slow);
    for (int i = 0; i < 1000; i++)
        run_one(f, &waiting);
    assert_int_equal(waiting.ended, 0);
    for (int i = 0; i < 5; i++)
        run_one(f, &refused);
    assert_int_equal(refused.ended, 5); /* at once */
    assert_int_equal(refused.err, PR_ERR_UNAVAILABLE);
    fixture_until(f, waiting.ended == 1000);
    assert_int_equal(waiting.ok, 1000);
}

static void test_lock_timeout(void **state)
{
    static const struct pg_stmt write_stmt = {"write", "insert into thing values (1)"};
    struct fixture *f = *state;
    fixture_exec(f, "create table thing (n int)");
    fixture_exec(f, "begin");
    fixture_exec(f, "lock table thing");
    fixture_pool(f, NULL, 1, 2000);
    assert_int_equal(fixture_query(f, &write_stmt), PR_ERR_TIMEOUT);
    fixture_exec(f, "rollback");
    assert_int_equal(fixture_query(f, &write_stmt), PR_OK);
}

/* Keeps a number of queries under way until it is told to stop. */
struct load {
    struct fixture *f;
    struct outcome outcome;
    unsigned started;
    bool stop;
};

static void load_next(struct load *load);

static void load_ended(void *arg, enum pr_err err)
{
    struct load *load = arg;
    outcome_done(&load->outcome).fn(&load->outcome, err);
    assert_true(err == PR_OK || err == PR_ERR_UNAVAILABLE);
    if (!load->stop)
        load_next(load);
}

static void load_next(struct load *load)
{
    static const struct pg_stmt add_stmt = {"load", "insert into number (n) values ($1)"};
    struct pg_query *query = pg_query_new(load->f->pg);
    pg_query_add(query, &add_stmt);
    pg_bind_int(query, load->started++);
    pg_query_run(query, (struct pr_done){load_ended, load});
}

static void test_connections_killed(void **state)
{
    struct fixture *f = *state;
    struct load load = {.f = f};
    char kill_all[256];
    fixture_exec(f, "create table number (n int8 primary key)");
    fixture_pool(f, NULL, 4, 5000);
    snprintf(kill_all, sizeof kill_all,
             "select count(pg_terminate_backend(pid)) from pg_stat_activity"
             " where application_name = '%s' and pid <> pg_backend_pid()",
             f->schema);
    for (int i = 0; i < 50; i++)
        load_next(&load);
    for (int i = 0; i < 5; i++) {
        fixture_run_for(f, 100);
        fixture_exec(f, kill_all);
    }
    fixture_until(f, connections_up(f) == 4);
    unsigned before = load.outcome.ok;
    fixture_until(f, load.outcome.ok > before + 1000);
    load.stop = true;
    fixture_until(f, load.outcome.ended == load.started);
    assert_true(load.outcome.ok < load.outcome.ended);
    /* What was reported as done is done; of what failed, some may be. */
    long rows = fixture_int(f, "select count(*) from number");
    assert_in_range(rows, load.outcome.ok, load.outcome.ended);
}

struct log_lines {
    unsigned away, back;
};

static void count_lines(void *arg, struct pr_str line)
{
    struct log_lines *lines = arg;
    lines->away += memmem(line.p, line.n, "Postgres is away", 16) != NULL;
    lines->back += memmem(line.p, line.n, "Postgres is back", 16) != NULL;
}

/* Down for a while and up again: told once each, and those who can wait never notice. */
static void test_server_stopped_and_started(void **state)
{
    struct fixture *f = *state;
    struct outcome outcome = {0};
    struct proxy proxy = {0};
    struct log_lines lines = {0};
    char url[1100], parameters[64];
    proxy_start(&proxy, f);
    snprintf(parameters, sizeof parameters, "host=localhost&port=%d", proxy.port);
    fixture_url_with(f, url, sizeof url, parameters);
    fixture_pool(f, url, 3, 8000);
    log_set_sink(count_lines, &lines);
    proxy_stop(&proxy);
    fixture_until(f, !pg_ready(f->pg));
    assert_string_not_equal(pg_last_error(f->pg), "");
    for (int i = 0; i < 10; i++)
        run_one(f, &outcome);
    fixture_run_for(f, 1000);
    assert_int_equal(outcome.ended, 0);
    proxy_start(&proxy, f);
    fixture_until(f, connections_up(f) == 3);
    fixture_until(f, outcome.ended == 10);
    log_set_sink(NULL, NULL);
    assert_int_equal(outcome.ok, 10);
    assert_int_equal(lines.away, 1);
    assert_int_equal(lines.back, 1);
    assert_string_equal(pg_last_error(f->pg), "");
    fixture_close_pool(f);
    proxy_stop(&proxy);
}

static void create_with(struct fixture *f, const char *url)
{
    const struct pg_options options = {
        .url = url, .app_name = "test", .connections = 2, .max_waiting = 10, .deadline_ms = 300};
    f->pg = pg_create(&f->loop, &options);
}

static void test_never_there(void **state)
{
    static const char *const urls[] = {
        "postgresql://127.0.0.1:1/nowhere",
        "postgresql://no-such-host.invalid/nowhere",
        "postgresql:secret/malformed",
    };
    struct fixture *f = *state;
    for (unsigned i = 0; i < 3; i++) {
        struct outcome outcome = {0};
        create_with(f, urls[i]);
        run_one(f, &outcome);
        fixture_until(f, outcome.ended);
        assert_int_equal(outcome.err, PR_ERR_UNAVAILABLE);
        assert_false(pg_ready(f->pg));
        assert_null(strstr(pg_last_error(f->pg), "secret"));
        fixture_close_pool(f);
    }
}

/* Two transactions that cannot both be serialized: the loser is tried again by itself. */
static void test_serialization_retry(void **state)
{
    static const struct pg_stmt add_stmt = {
        "add", "insert into total select count(*), pg_sleep(0.02) is null from total"};
    struct fixture *f = *state;
    struct outcome outcome = {0};
    char url[1100];
    int n = snprintf(url, sizeof url, "%s", f->url);
    assert_true(n > 0 && (size_t)n < sizeof url - 64);
    strcpy(url + n, "%20-cdefault_transaction_isolation%3Dserializable");
    fixture_exec(f, "create table total (n int8, b bool)");
    fixture_pool(f, url, 2, 5000);
    for (int i = 0; i < 2; i++) {
        struct pg_query *query = pg_query_new(f->pg);
        pg_query_add(query, &add_stmt);
        pg_query_run(query, outcome_done(&outcome));
    }
    fixture_until(f, outcome.ended == 2);
    assert_int_equal(outcome.ok, 2);
    assert_int_equal(fixture_int(f, "select count(distinct n) from total"), 2);
}

static void test_close_with_work(void **state)
{
    struct fixture *f = *state;
    struct outcome outcome = {0};
    fixture_pool(f, NULL, 2, 5000);
    for (int i = 0; i < 100; i++)
        run_sleep(f, 500, &outcome);
    fixture_run_for(f, 50);
    fixture_close_pool(f);
    assert_int_equal(outcome.ended, 100);
    assert_int_equal(outcome.err, PR_ERR_UNAVAILABLE);
}

static void ignore(void *arg)
{
    (void)arg;
}

static void close_pool(void *arg, enum pr_err err)
{
    struct fixture *f = arg;
    assert_int_equal(err, PR_OK);
    pg_close(f->pg, ignore, NULL);
    f->pg = NULL;
}

static void test_close_inside_done(void **state)
{
    struct fixture *f = *state;
    struct outcome others = {0};
    fixture_pool(f, NULL, 2, 5000);
    struct pg_query *query = pg_query_new(f->pg);
    pg_query_add(query, &one_stmt);
    pg_query_run(query, (struct pr_done){close_pool, f});
    for (int i = 0; i < 50; i++)
        run_sleep(f, 100, &others);
    fixture_until(f, !f->pg && others.ended == 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_statement_timeout),  FIXTURE_TEST(test_deadline),
        FIXTURE_TEST(test_queue_full),         FIXTURE_TEST(test_lock_timeout),
        FIXTURE_TEST(test_connections_killed), FIXTURE_TEST(test_server_stopped_and_started),
        FIXTURE_TEST(test_never_there),        FIXTURE_TEST(test_serialization_retry),
        FIXTURE_TEST(test_close_with_work),    FIXTURE_TEST(test_close_inside_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
