#include "shared/metrics/flow_metrics.h"
#include "shared/metrics/metrics.h"
#include "shared/metrics/process.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static struct metric requests = {
    .name = "t_requests_total",
    .help = "Requests.",
    .kind = METRIC_COUNTER,
    .labels = {"route", "method"},
};
static struct metric depth = {.name = "t_depth", .help = "Depth.", .kind = METRIC_GAUGE};
static struct metric seconds = {
    .name = "t_seconds",
    .help = "Seconds.",
    .kind = METRIC_HISTOGRAM,
    .labels = {"route"},
};

static char text[65536];

static const char *written(void)
{
    struct pr_buf out;
    pr_buf_init(&out, sizeof text - 1);
    metrics_write(&out);
    assert_false(out.full);
    memcpy(text, out.p, out.n);
    text[out.n] = 0;
    pr_buf_fini(&out);
    return text;
}

static void assert_has(const char *line)
{
    if (!strstr(written(), line))
        fail_msg("\"%s\" is not in:\n%s", line, text);
}

static int reset(void **state)
{
    (void)state;
    metrics_reset();
    return 0;
}

static void test_counter_counts_each_series(void **state)
{
    (void)state;
    metric_add(&requests, 1, (const char *const[]){"/a", "GET"});
    metric_add(&requests, 2, (const char *const[]){"/a", "GET"});
    metric_add(&requests, 1, (const char *const[]){"/a", "POST"});
    assert_has("# HELP t_requests_total Requests.\n# TYPE t_requests_total counter\n");
    assert_has("\nt_requests_total{route=\"/a\",method=\"GET\"} 3\n");
    assert_has("\nt_requests_total{route=\"/a\",method=\"POST\"} 1\n");
}

static void test_values_that_join_alike_are_two_series(void **state)
{
    (void)state;
    metric_add(&requests, 1, (const char *const[]){"ab", "c"});
    metric_add(&requests, 5, (const char *const[]){"a", "bc"});
    assert_has("{route=\"ab\",method=\"c\"} 1\n");
    assert_has("{route=\"a\",method=\"bc\"} 5\n");
}

static void test_many_series(void **state)
{
    char route[16];
    (void)state;
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 500; i++) {
            snprintf(route, sizeof route, "/%d", i);
            metric_add(&requests, i, (const char *const[]){route, "GET"});
        }
    }
    assert_has("{route=\"/499\",method=\"GET\"} 998\n");
    assert_has("{route=\"/1\",method=\"GET\"} 2\n");
}

static void test_gauge_without_labels(void **state)
{
    (void)state;
    metric_set(&depth, 7, NULL);
    metric_add(&depth, -2.5, NULL);
    assert_has("# TYPE t_depth gauge\nt_depth 4.5\n");
    metric_set(&depth, NAN, NULL);
    assert_has("\nt_depth NaN\n");
    metric_set(&depth, INFINITY, NULL);
    assert_has("\nt_depth +Inf\n");
}

static void test_label_values_are_escaped(void **state)
{
    (void)state;
    metric_observe(&seconds, 1, (const char *const[]){"a\"b\\c\nd"});
    assert_has("t_seconds_count{route=\"a\\\"b\\\\c\\nd\"} 1\n");
}

static void test_histogram_is_cumulative(void **state)
{
    const char *const route[] = {"/a"};
    (void)state;
    metric_observe(&seconds, 0.001, route); /* a bound belongs to its bucket */
    metric_observe(&seconds, 0.002, route);
    metric_observe(&seconds, 60, route);
    assert_has("# TYPE t_seconds histogram\n");
    assert_has("t_seconds_bucket{route=\"/a\",le=\"0.001\"} 1\n");
    assert_has("t_seconds_bucket{route=\"/a\",le=\"0.0025\"} 2\n");
    assert_has("t_seconds_bucket{route=\"/a\",le=\"10\"} 2\n");
    assert_has("t_seconds_bucket{route=\"/a\",le=\"+Inf\"} 3\n");
    assert_has("t_seconds_sum{route=\"/a\"} 60.003\n");
    assert_has("t_seconds_count{route=\"/a\"} 3\n");
}

static double read_answer(void *arg)
{
    return *(int *)arg;
}

static void test_gauge_fn_is_asked_at_every_write(void **state)
{
    int answer = 42;
    (void)state;
    metric_gauge_fn("t_answer", "Answer.", read_answer, &answer);
    assert_has("# TYPE t_answer gauge\nt_answer 42\n");
    answer = 43;
    assert_has("\nt_answer 43\n");
}

static void test_reset_forgets(void **state)
{
    (void)state;
    metric_add(&requests, 1, (const char *const[]){"/a", "GET"});
    metrics_reset();
    assert_null(strstr(written(), "t_requests_total"));
    metric_add(&requests, 1, (const char *const[]){"/a", "GET"});
    assert_has("{route=\"/a\",method=\"GET\"} 1\n");
}

static void test_process(void **state)
{
    (void)state;
    struct process_stats stats = process_stats_read();
    assert_true(stats.resident_bytes > 100 * 1024 && stats.resident_bytes < 1e9);
    assert_true(stats.cpu_seconds >= 0 && stats.cpu_seconds < 60);
    double now = (double)time(NULL);
    assert_true(stats.start_seconds > now - 600 && stats.start_seconds < now + 2);
    int fd = dup(0);
    assert_true(process_stats_read().open_fds == stats.open_fds + 1);
    close(fd);
    assert_has("# TYPE process_open_fds gauge\nprocess_open_fds ");
}

static enum pr_err step_now(void *arg)
{
    (void)arg;
    assert_has("pierrot_flows_live{flow=\"test_flow\"} 1\n");
    return PR_OK;
}

static void finish(void *arg, enum pr_err err)
{
    (void)arg;
    assert_int_equal(err, PR_OK);
}

static void test_flows_are_observed(void **state)
{
    static const struct flow_step steps[] = {FLOW_STEP(step_now), FLOW_STEPS_END};
    struct flow flow;
    (void)state;
    flow_set_observer(&flow_metrics);
    flow_start(&flow, "test_flow", steps, finish, NULL);
    flow_set_observer(NULL);
    assert_has("pierrot_flow_step_seconds_count{flow=\"test_flow\",step=\"step_now\"} 1\n");
    assert_has("pierrot_flows_live{flow=\"test_flow\"} 0\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_counter_counts_each_series, reset),
        cmocka_unit_test_teardown(test_values_that_join_alike_are_two_series, reset),
        cmocka_unit_test_teardown(test_many_series, reset),
        cmocka_unit_test_teardown(test_gauge_without_labels, reset),
        cmocka_unit_test_teardown(test_label_values_are_escaped, reset),
        cmocka_unit_test_teardown(test_histogram_is_cumulative, reset),
        cmocka_unit_test_teardown(test_gauge_fn_is_asked_at_every_write, reset),
        cmocka_unit_test_teardown(test_reset_forgets, reset),
        cmocka_unit_test_teardown(test_process, reset),
        cmocka_unit_test_teardown(test_flows_are_observed, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
