/* The Redis cache while its server is killed, frozen, restarted, or wants another password. Each
 * test runs a redis-server of its own. */
#include "shared/base/alloc.h"
#include "shared/cache/cache.h"
#include "tests/support/logs.h"
#include "tests/support/loop.h"
#include "tests/support/redis_server.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define TIMEOUT_MS 300

struct fixture {
    uv_loop_t loop;
    struct cache *cache;
    struct redis_server server;
};

struct outcome {
    int calls;
    enum pr_err err;
};

static void count(void *arg, enum pr_err err)
{
    struct outcome *outcome = arg;
    outcome->calls++;
    outcome->err = err;
}

static bool get(struct fixture *f, const char *key)
{
    struct outcome outcome = {0};
    struct cache_value value;
    cache_get(f->cache, pr_str(key), &value, (struct pr_done){count, &outcome});
    loop_until(&f->loop, outcome.calls > 0);
    assert_int_equal(outcome.calls, 1);
    assert_int_equal(outcome.err, PR_OK);
    bool found = value.found;
    pr_buf_fini(&value.bytes);
    return found;
}

static void put(struct fixture *f, const char *key)
{
    struct outcome outcome = {0};
    cache_put(f->cache, pr_str(key), pr_str("v"), 60000, (struct pr_done){count, &outcome});
    loop_until(&f->loop, outcome.calls > 0);
    assert_int_equal(outcome.err, PR_OK);
}

static bool answers(struct fixture *f)
{
    put(f, "k");
    return get(f, "k");
}

static void open_cache(struct fixture *f, const char *password, const char *db)
{
    char url[128];
    snprintf(url, sizeof(url), "redis://%s127.0.0.1:%d/%s", password, f->server.port, db);
    const struct cache_options options = {.redis_url = url, .timeout_ms = TIMEOUT_MS};
    f->cache = cache_create(&f->loop, &options);
    assert_non_null(f->cache);
}

static void close_cache(struct fixture *f)
{
    bool closed = false;
    cache_close(f->cache, loop_set_true, &closed);
    loop_until(&f->loop, closed);
}

static int set_up(void **state)
{
    struct fixture *f = PR_NEW(struct fixture);
    logs_catch();
    assert_int_equal(uv_loop_init(&f->loop), 0);
    redis_server_init(&f->server);
    redis_server_start(&f->server, "sesame");
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    close_cache(f);
    loop_close_clean(&f->loop);
    redis_server_kill(&f->server);
    free(f);
    logs_let_go();
    return 0;
}

static size_t lines_with(const char *text)
{
    size_t found = 0;
    for (size_t i = 0; i < logs_count(); i++) {
        struct pr_str line = logs_line(i);
        found += memmem(line.p, line.n, text, strlen(text)) != NULL;
    }
    return found;
}

static void a_killed_server_is_a_miss_until_it_is_back(void **state)
{
    struct fixture *f = *state;
    open_cache(f, ":sesame@", "0");
    loop_until(&f->loop, answers(f));
    logs_catch(); /* the server may have come later than we */

    redis_server_kill(&f->server);
    loop_until(&f->loop, lines_with("Redis is away") > 0);
    int64_t before_ns = pr_monotonic_ns();
    for (int i = 0; i < 1000; i++)
        assert_false(get(f, "k"));
    assert_true(pr_monotonic_ns() - before_ns < INT64_C(200000000)); /* at once, each of them */
    loop_run_for(&f->loop, 700); /* some attempts in vain: one line for all of them */
    assert_int_equal(lines_with("Connection refused"), 1);

    redis_server_start(&f->server, "sesame");
    loop_until(&f->loop, answers(f));
    assert_int_equal(lines_with("Redis is back"), 1);
}

static void what_is_under_way_when_the_server_dies_is_answered(void **state)
{
    struct fixture *f = *state;
    struct outcome outcomes[100] = {0};
    struct cache_value values[100];
    open_cache(f, ":sesame@", "0");
    loop_until(&f->loop, answers(f));
    redis_server_freeze(&f->server);
    for (int i = 0; i < 100; i++)
        cache_get(f->cache, pr_str("k"), &values[i], (struct pr_done){count, &outcomes[i]});
    redis_server_kill(&f->server);
    for (int i = 0; i < 100; i++) {
        loop_until(&f->loop, outcomes[i].calls > 0);
        assert_int_equal(outcomes[i].calls, 1);
        assert_int_equal(outcomes[i].err, PR_OK);
        assert_false(values[i].found);
        pr_buf_fini(&values[i].bytes);
    }
}

static void a_frozen_server_costs_one_timeout(void **state)
{
    struct fixture *f = *state;
    open_cache(f, ":sesame@", "0");
    loop_until(&f->loop, answers(f));
    redis_server_freeze(&f->server);
    int64_t before_ns = pr_monotonic_ns();
    assert_false(get(f, "k"));
    int64_t first_ns = pr_monotonic_ns() - before_ns;
    assert_true(first_ns >= INT64_C(1000000) * (TIMEOUT_MS - 1));
    assert_true(first_ns < INT64_C(1000000) * TIMEOUT_MS * 5);
    before_ns = pr_monotonic_ns();
    assert_false(get(f, "k"));
    assert_true(pr_monotonic_ns() - before_ns < INT64_C(1000000) * TIMEOUT_MS / 2);
    redis_server_thaw(&f->server);
    loop_until(&f->loop, answers(f));
}

static void a_late_loop_is_no_timeout(void **state)
{
    struct fixture *f = *state;
    struct outcome outcome = {0};
    struct cache_value value;
    open_cache(f, ":sesame@", "0");
    loop_until(&f->loop, answers(f));
    cache_get(f->cache, pr_str("k"), &value, (struct pr_done){count, &outcome});
    loop_turn(&f->loop); /* sent, perhaps answered */
    if (!outcome.calls)
        usleep(2 * TIMEOUT_MS * 1000);
    loop_until(&f->loop, outcome.calls > 0);
    assert_true(value.found);
    pr_buf_fini(&value.bytes);
}

static void a_wrong_password_is_told_once_and_tried_again(void **state)
{
    struct fixture *f = *state;
    open_cache(f, ":wrong@", "0");
    loop_until(&f->loop, lines_with("WRONGPASS") > 0);
    loop_run_for(&f->loop, 500);
    assert_false(answers(f));
    assert_int_equal(lines_with("WRONGPASS"), 1);
    assert_int_equal(lines_with("wrong"), 0); /* no password in the log */

    redis_server_kill(&f->server);
    redis_server_start(&f->server, "wrong");
    loop_until(&f->loop, answers(f));
}

static void a_missing_password_is_told(void **state)
{
    struct fixture *f = *state;
    open_cache(f, "", "0");
    loop_until(&f->loop, lines_with("NOAUTH") > 0);
    assert_false(answers(f));
}

static void databases_are_apart(void **state)
{
    struct fixture *f = *state;
    open_cache(f, ":sesame@", "1");
    loop_until(&f->loop, answers(f));
    close_cache(f);
    open_cache(f, ":sesame@", "2");
    loop_until(&f->loop, (put(f, "other"), get(f, "other")));
    assert_false(get(f, "k"));
}

static void closing_is_clean_in_every_state(void **state)
{
    struct fixture *f = *state;
    for (int turns = 0; turns < 12; turns++) {
        open_cache(f, ":sesame@", "0");
        for (int i = 0; i < turns; i++)
            uv_run(&f->loop, UV_RUN_NOWAIT);
        close_cache(f);
    }
    redis_server_kill(&f->server);
    open_cache(f, ":sesame@", "0");
    loop_run_for(&f->loop, 50); /* in the pause between two attempts */
}

struct closer {
    struct fixture *f;
    bool closed;
};

static void close_at_once(void *arg, enum pr_err err)
{
    struct closer *closer = arg;
    assert_int_equal(err, PR_OK);
    cache_close(closer->f->cache, loop_set_true, &closer->closed);
}

static void an_answer_may_close_the_cache(void **state)
{
    struct fixture *f = *state;
    for (int dead = 0; dead < 2; dead++) {
        struct closer closer = {.f = f};
        struct cache_value value;
        open_cache(f, ":sesame@", "0");
        loop_until(&f->loop, answers(f));
        cache_get(f->cache, pr_str("k"), &value, (struct pr_done){close_at_once, &closer});
        if (dead)
            redis_server_kill(&f->server);
        loop_until(&f->loop, closer.closed);
        pr_buf_fini(&value.bytes);
    }
    open_cache(f, "", "0"); /* for the tear down */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_killed_server_is_a_miss_until_it_is_back),
        TEST(what_is_under_way_when_the_server_dies_is_answered),
        TEST(a_frozen_server_costs_one_timeout),
        TEST(a_late_loop_is_no_timeout),
        TEST(a_wrong_password_is_told_once_and_tried_again),
        TEST(a_missing_password_is_told),
        TEST(databases_are_apart),
        TEST(closing_is_clean_in_every_state),
        TEST(an_answer_may_close_the_cache),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
