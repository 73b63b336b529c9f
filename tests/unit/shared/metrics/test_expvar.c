#include "shared/metrics/expvar.h"
#include "shared/metrics/metrics.h"
#include "tests/support/test.h"

#include <math.h>
#include <string.h>

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

static double read_lag(void *arg)
{
    return *(double *)arg;
}

static int reset(void **state)
{
    (void)state;
    metrics_reset();
    return 0;
}

static void test_shape(void **state)
{
    double lag = 7;
    (void)state;
    metric_add(&requests, 2, (const char *const[]){"/a \"quoted\"", "GET"});
    metric_add(&requests, 3, (const char *const[]){"/b", "POST"});
    metric_set(&depth, 5, NULL);
    metric_observe(&seconds, 0.5, (const char *const[]){"/a"});
    metric_observe(&seconds, 20, (const char *const[]){"/a"});
    metric_gauge_fn("t_lag", "Lag.", read_lag, &lag);
    json_t *vars = metrics_to_json();
    json_t *map = json_object_get(vars, "t_requests_total"), *a;
    assert_int_equal(json_object_size(map), 2);
    assert_true(json_number_value(json_object_get(map, "/a \"quoted\" GET")) == 2);
    assert_true(json_number_value(json_object_get(map, "/b POST")) == 3);
    assert_true(json_number_value(json_object_get(vars, "t_depth")) == 5);
    assert_true(json_number_value(json_object_get(vars, "t_lag")) == 7);
    a = json_object_get(json_object_get(vars, "t_seconds"), "/a");
    assert_int_equal(json_integer_value(json_object_get(a, "count")), 2);
    assert_true(json_number_value(json_object_get(a, "sum")) == 20.5);
    json_decref(vars);
}

/* What tools for Go's expvar look for in every process. */
static void test_process(void **state)
{
    static const char *const names[] = {"Alloc", "Sys", "HeapAlloc", "HeapSys", "HeapInuse"};
    (void)state;
    json_t *vars = metrics_to_json();
    json_t *cmdline = json_object_get(vars, "cmdline");
    json_t *memstats = json_object_get(vars, "memstats");
    assert_int_equal(json_array_size(cmdline), 1);
    assert_non_null(strstr(json_string_value(json_array_get(cmdline, 0)), "test_expvar"));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_true(json_is_integer(json_object_get(memstats, names[i])));
    assert_true(json_number_value(json_object_get(vars, "process_resident_memory_bytes")) > 0);
    json_decref(vars);
}

static void test_what_json_cannot_say_is_null(void **state)
{
    double lag = INFINITY;
    (void)state;
    metric_gauge_fn("t_lag", "Lag.", read_lag, &lag);
    json_t *vars = metrics_to_json();
    assert_true(json_is_null(json_object_get(vars, "t_lag")));
    json_decref(vars);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_shape, reset),
        cmocka_unit_test_setup(test_process, reset),
        cmocka_unit_test_setup(test_what_json_cannot_say_is_null, reset),
    };
    return cmocka_run_group_tests(tests, NULL, reset);
}
