/* The advisory lock, between two that want it. */
#include "tests/integration/shared/pg/fixture.h"

#include "shared/base/time.h"

#include <stdio.h>

struct holder {
    struct pg_lock *lock;
    bool held, closed;
    unsigned won, lost;
};

static void changed(void *arg, bool held)
{
    struct holder *holder = arg;
    holder->held = held;
    holder->won += held;
    holder->lost += !held;
}

static void closed(void *arg)
{
    ((struct holder *)arg)->closed = true;
}

static void hold(struct fixture *f, struct holder *holder, const char *url, const char *app_name)
{
    const struct pg_options options = {
        .url = url, .app_name = app_name, .connections = 4, .max_waiting = 10, .deadline_ms = 2000};
    holder->lock = pg_lock_create(&f->loop, &options, 42, changed, holder);
}

static void kill_app(struct fixture *f, const char *app_name)
{
    char sql[200];
    snprintf(sql, sizeof sql,
             "select pg_terminate_backend(pid) from pg_stat_activity where application_name = '%s'",
             app_name);
    fixture_exec(f, sql);
}

static void test_failover(void **state)
{
    struct fixture *f = *state;
    struct holder a = {0}, b = {0};
    char name_a[64], name_b[64];
    snprintf(name_a, sizeof name_a, "%s-a", f->schema);
    snprintf(name_b, sizeof name_b, "%s-b", f->schema);
    hold(f, &a, f->url, name_a);
    fixture_until(f, a.held);
    hold(f, &b, f->url, name_b);
    fixture_run_for(f, 2000);
    assert_false(b.held);

    /* b has a second or two from the moment a's session ends, and a none: both ask again. */
    kill_app(f, name_a);
    fixture_until(f, a.lost == 1);
    assert_false(a.held && b.held);
    fixture_until(f, a.held || b.held);
    fixture_run_for(f, 2000);
    assert_true(a.held != b.held);

    struct holder *holder = a.held ? &a : &b, *other = a.held ? &b : &a;
    pg_lock_close(holder->lock, closed, holder);
    fixture_until(f, holder->closed && other->held);
    pg_lock_close(other->lock, closed, other);
    fixture_until(f, other->closed);
}

/* The key is within the schema: another service's lock is another. */
static void test_schemas_do_not_meet(void **state)
{
    struct fixture *f = *state;
    struct holder a = {0}, b = {0};
    char url[1100], parameters[64];
    snprintf(parameters, sizeof parameters, "options=-csearch_path%%3Dpublic");
    fixture_url_with(f, url, sizeof url, parameters);
    hold(f, &a, f->url, "a");
    hold(f, &b, url, "b");
    fixture_until(f, a.held && b.held);
    pg_lock_close(a.lock, closed, &a);
    pg_lock_close(b.lock, closed, &b);
    fixture_until(f, a.closed && b.closed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_failover),
        FIXTURE_TEST(test_schemas_do_not_meet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
