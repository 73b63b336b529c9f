/* Migrations: once, unchanged, one process at a time. */
#include "tests/integration/shared/pg/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct pg_migration two[] = {
    {"0001_thing", "create table thing (n int); insert into thing values (1);"},
    {"0002_more", "insert into thing values (2); select pg_sleep(0.3);"},
    {0},
};

static void test_twice(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(pg_migrate(f->url, two, 0), PR_OK);
    assert_int_equal(pg_migrate(f->url, two, 0), PR_OK);
    assert_int_equal(fixture_int(f, "select sum(n) from thing"), 3);
    assert_int_equal(fixture_int(f, "select count(*) from schema_migration where name in "
                                    "('0001_thing', '0002_more')"),
                     2);
    assert_int_equal(fixture_int(f, "select count(*) from outbox"), 0);
}

static void test_changed(void **state)
{
    static const struct pg_migration changed[] = {
        {"0001_thing", "create table thing (n bigint);"},
        {0},
    };
    struct fixture *f = *state;
    assert_int_equal(pg_migrate(f->url, two, 0), PR_OK);
    assert_int_equal(pg_migrate(f->url, changed, 0), PR_ERR_INTERNAL);
    assert_int_equal(fixture_int(f, "select sum(n) from thing"), 3);
}

/* A failing migration leaves nothing behind, and those before it stay. */
static void test_failing(void **state)
{
    static const struct pg_migration failing[] = {
        {"0001_thing", "create table thing (n int);"},
        {"0002_bad", "insert into thing values (1); select 1 / 0;"},
        {0},
    };
    struct fixture *f = *state;
    assert_int_equal(pg_migrate(f->url, failing, 0), PR_ERR_INTERNAL);
    assert_int_equal(fixture_int(f, "select count(*) from thing"), 0);
    assert_int_equal(
        fixture_int(f, "select count(*) from schema_migration where name = '0002_bad'"), 0);
}

static void test_two_processes(void **state)
{
    struct fixture *f = *state;
    pid_t children[3];
    for (int i = 0; i < 3; i++) {
        children[i] = fork();
        if (children[i] == 0)
            _exit(pg_migrate(f->url, two, 0) == PR_OK ? 0 : 1);
    }
    for (int i = 0; i < 3; i++) {
        int status;
        waitpid(children[i], &status, 0);
        assert_int_equal(status, 0);
    }
    assert_int_equal(fixture_int(f, "select sum(n) from thing"), 3);
}

static void test_waits_for_postgres(void **state)
{
    struct fixture *f = *state;
    struct proxy proxy = {0};
    char url[1100], parameters[64];
    proxy_start(&proxy, f);
    proxy_stop(&proxy);
    snprintf(parameters, sizeof parameters, "host=127.0.0.1&port=%d", proxy.port);
    fixture_url_with(f, url, sizeof url, parameters);
    assert_int_equal(pg_migrate(url, two, 300), PR_ERR_UNAVAILABLE);

    pid_t child = fork();
    if (child == 0)
        _exit(pg_migrate(url, two, 10000) == PR_OK ? 0 : 1);
    usleep(600000);
    proxy_start(&proxy, f);
    int status;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    proxy_stop(&proxy);
}

static void test_malformed_url(void **state)
{
    (void)state;
    assert_int_equal(pg_migrate("postgresql:nonsense", two, 0), PR_ERR_INTERNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_twice),
        FIXTURE_TEST(test_changed),
        FIXTURE_TEST(test_failing),
        FIXTURE_TEST(test_two_processes),
        FIXTURE_TEST(test_waits_for_postgres),
        FIXTURE_TEST(test_malformed_url),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
