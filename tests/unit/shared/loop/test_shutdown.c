#include "shared/loop/shutdown.h"

#include "shared/log/log.h"
#include "tests/support/logs.h"
#include "tests/support/test.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct test {
    uv_loop_t loop;
    struct shutdown shutdown;
    char trace[32];
    shutdown_closed_fn closed; /* of the stage that waits */
    void *closed_arg;
};

static void mark(struct test *test, char c)
{
    test->trace[strlen(test->trace)] = c;
}

static void close_at_once(void *arg, shutdown_closed_fn closed, void *closed_arg)
{
    mark(arg, 'a');
    closed(closed_arg);
}

static void close_later(void *arg, shutdown_closed_fn closed, void *closed_arg)
{
    struct test *test = arg;
    mark(test, 'l');
    test->closed = closed;
    test->closed_arg = closed_arg;
}

static const struct shutdown_stage mixed[] = {
    {"first", close_at_once},
    {"second", close_later},
    {"third", close_at_once},
    {"fourth", close_later},
    {NULL, NULL},
};
static const struct shutdown_stage at_once[] = {
    {"first", close_at_once}, {"second", close_at_once}, {NULL, NULL}};
static const struct shutdown_stage nothing[] = {{NULL, NULL}};

static void last_call(void *arg)
{
    log_at(LOG_INFO, "last call", LOG_TEXT("trace", ((struct test *)arg)->trace));
}

static void init(struct test *test, const struct shutdown_stage *stages, int64_t limit_ms)
{
    *test = (struct test){0};
    assert_int_equal(uv_loop_init(&test->loop), 0);
    shutdown_init(&test->loop, &test->shutdown, stages, last_call, test, limit_ms);
}

/* Runs until nothing is left. */
static void fini(struct test *test)
{
    uv_run(&test->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&test->loop), 0);
}

static void let_go(struct test *test)
{
    mark(test, '.');
    test->closed(test->closed_arg);
}

static void test_each_stage_waits_for_the_one_before(void **state)
{
    (void)state;
    struct test test;
    init(&test, mixed, 60000);
    assert_string_equal(test.trace, "");
    shutdown_begin(&test.shutdown);
    uv_run(&test.loop, UV_RUN_NOWAIT);
    assert_string_equal(test.trace, "al");
    let_go(&test);
    uv_run(&test.loop, UV_RUN_NOWAIT);
    assert_string_equal(test.trace, "al.al");
    let_go(&test);
    fini(&test);
    assert_string_equal(test.trace, "al.al.");
}

static void test_begun_twice_is_begun_once(void **state)
{
    (void)state;
    struct test test;
    init(&test, at_once, 60000);
    shutdown_begin(&test.shutdown);
    shutdown_begin(&test.shutdown);
    fini(&test);
    assert_string_equal(test.trace, "aa");
}

static void test_no_stages(void **state)
{
    (void)state;
    struct test test;
    init(&test, nothing, 60000);
    shutdown_begin(&test.shutdown);
    fini(&test);
    assert_string_equal(test.trace, "");
}

static void check_signal(int number)
{
    struct test test;
    init(&test, at_once, 60000);
    kill(getpid(), number);
    fini(&test); /* ends because the signal came */
    assert_string_equal(test.trace, "aa");
    assert_true(logs_hold("\"msg\":\"stopping\""));
}

static void test_signals_begin_it(void **state)
{
    (void)state;
    check_signal(SIGTERM);
    check_signal(SIGINT);
}

static void test_second_signal_changes_nothing(void **state)
{
    (void)state;
    struct test test;
    init(&test, mixed, 60000);
    kill(getpid(), SIGTERM);
    while (!test.closed)
        uv_run(&test.loop, UV_RUN_ONCE);
    kill(getpid(), SIGTERM);
    kill(getpid(), SIGINT);
    uv_run(&test.loop, UV_RUN_ONCE);
    assert_string_equal(test.trace, "al");
    test.closed(test.closed_arg);
    test.closed(test.closed_arg);
    fini(&test);
    assert_string_equal(test.trace, "alal");
}

/* In a process of its own: the limit ends it, with success, though a stage never closes. */
static void test_limit_ends_the_process_with_success(void **state)
{
    (void)state;
    int ends[2], status;
    char text[4096] = "";
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        struct test test;
        dup2(ends[1], STDOUT_FILENO);
        log_set_sink(NULL, NULL);
        init(&test, mixed, 50);
        shutdown_begin(&test.shutdown);
        uv_run(&test.loop, UV_RUN_DEFAULT);
        _exit(77); /* the loop ended by itself */
    }
    close(ends[1]);
    for (size_t n = 0; n + 1 < sizeof text;) {
        ssize_t got = read(ends[0], text + n, sizeof text - 1 - n);
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_non_null(strstr(text, "\"level\":\"warn\""));
    assert_non_null(strstr(text, "\"stage\":\"second\"")); /* the one that did not close */
    const char *called = strstr(text, "last call");
    assert_non_null(called);
    assert_true(called < strstr(text, "\"level\":\"warn\""));
    assert_null(strstr(called + 1, "last call"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_stage_waits_for_the_one_before),
        cmocka_unit_test(test_begun_twice_is_begun_once),
        cmocka_unit_test(test_no_stages),
        cmocka_unit_test(test_signals_begin_it),
        cmocka_unit_test(test_second_signal_changes_nothing),
        cmocka_unit_test(test_limit_ends_the_process_with_success),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
