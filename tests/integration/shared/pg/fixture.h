/* fixture: a schema of its own for each test, on the Postgres of PIERROT_TEST_DATABASE_URL. */
#pragma once

#include "shared/pg/migrate.h"
#include "shared/pg/pg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <libpq-fe.h>

struct fixture {
    uv_loop_t loop;
    char schema[48];
    char url[1024]; /* its search_path is the schema */
    PGconn *admin;  /* blocking, in the schema: for looking in from outside */
    struct pg *pg;  /* a pool, when fixture_pool made one */
};

/* cmocka's setup and teardown of one test. The teardown closes the pool, and checks that the loop
 * closes clean. */
int fixture_setup(void **state);
int fixture_teardown(void **state);
#define FIXTURE_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

/* A pool with the fixture's URL (or url, if not NULL), up. */
void fixture_pool(struct fixture *f, const char *url, unsigned connections, int64_t deadline_ms);
void fixture_close_pool(struct fixture *f);
void fixture_migrate(struct fixture *f); /* the messaging tables */

/* The URL with another parameter or two: fixture_url_with(f, out, size, "port=1&host=x"). */
void fixture_url_with(const struct fixture *f, char *out, size_t size, const char *parameters);

/* Runs SQL on the side. The second gives the first value as an integer; the test fails if there is
 * none. */
void fixture_exec(struct fixture *f, const char *sql);
long fixture_int(struct fixture *f, const char *sql);

/* Turns the loop until the condition holds; the test fails after 30 seconds. */
#define fixture_until(f, condition)                                                                \
    do {                                                                                           \
        int64_t until_ns_ = pr_monotonic_ns() + INT64_C(30000000000);                              \
        while (!(condition)) {                                                                     \
            if (pr_monotonic_ns() > until_ns_)                                                     \
                fail_msg("waited too long for: %s", #condition);                                   \
            fixture_turn(f);                                                                       \
        }                                                                                          \
    } while (0)
void fixture_turn(struct fixture *f); /* one turn of the loop, 20 ms at most */
void fixture_run_for(struct fixture *f, int64_t ms);

/* Counts the ends of queries. */
struct outcome {
    unsigned ended, ok;
    enum pr_err err; /* the last */
};
struct pr_done outcome_done(struct outcome *outcome);

/* One statement without parameters, run and waited for. */
enum pr_err fixture_query(struct fixture *f, const struct pg_stmt *stmt);

/* A TCP proxy in front of the server, in processes of its own, that can be stopped and started
 * again: to a client, the server dies and comes back. */
struct proxy {
    int port, pid;
};
void proxy_start(struct proxy *proxy, const struct fixture *f);
void proxy_stop(struct proxy *proxy);                /* cuts what is open, refuses what comes */
void proxy_freeze(struct proxy *proxy, bool frozen); /* nothing moves, nothing is refused */
