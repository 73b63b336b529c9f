#include "shared/metrics/metrics.h"

#include "shared/base/alloc.h"
#include "shared/metrics/private.h"
#include "shared/metrics/process.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

/* What a fast route and a slow dependency look like. */
const double metric_bounds[METRIC_BOUNDS] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                             0.25,  0.5,    1,     2.5,  5,     10};

static struct metric *metrics;
static struct gauge_fn *gauge_fns;

const struct metric *metrics_first(void)
{
    return metrics;
}

const struct gauge_fn *metrics_first_gauge_fn(void)
{
    return gauge_fns;
}

static bool same_values(const struct metric_series *series, const char *const *values)
{
    for (unsigned i = 0; i < METRIC_LABELS && series->values[i]; i++) {
        if (strcmp(series->values[i], values[i]) != 0)
            return false;
    }
    return true;
}

/* FNV-1a over the values and their terminators. */
static unsigned slot_of(const struct metric *metric, const char *const *values)
{
    uint32_t hash = 2166136261U;
    for (unsigned i = 0; i < METRIC_LABELS && metric->labels[i]; i++) {
        const char *c = values[i];
        do
            hash = (hash ^ (uint8_t)*c) * 16777619U;
        while (*c++);
    }
    return (hash ^ hash >> 16) % METRIC_SLOTS;
}

static struct metric_series *series_of(struct metric *metric, const char *const *values)
{
    struct metric_series **slot = &metric->series[slot_of(metric, values)];
    for (struct metric_series *series = *slot; series; series = series->next) {
        if (same_values(series, values))
            return series;
    }
    struct metric_series *series = PR_NEW(struct metric_series);
    for (unsigned i = 0; i < METRIC_LABELS && metric->labels[i]; i++)
        series->values[i] = pr_str_dup(pr_str(values[i]));
    series->next = *slot;
    *slot = series;
    if (!metric->registered) {
        metric->registered = true;
        metric->next = metrics;
        metrics = metric;
    }
    return series;
}

void metric_add(struct metric *metric, double amount, const char *const *values)
{
    assert(metric->kind == METRIC_GAUGE || (metric->kind == METRIC_COUNTER && amount >= 0));
    series_of(metric, values)->value += amount;
}

void metric_set(struct metric *metric, double value, const char *const *values)
{
    assert(metric->kind == METRIC_GAUGE);
    series_of(metric, values)->value = value;
}

void metric_observe(struct metric *metric, double seconds, const char *const *values)
{
    assert(metric->kind == METRIC_HISTOGRAM);
    struct metric_series *series = series_of(metric, values);
    unsigned i = 0;
    while (i < METRIC_BOUNDS && seconds > metric_bounds[i])
        i++;
    series->counts[i]++;
    series->value += seconds;
}

void metric_gauge_fn(const char *name, const char *help, double (*read)(void *arg), void *arg)
{
    struct gauge_fn *gauge = PR_NEW(struct gauge_fn);
    *gauge = (struct gauge_fn){gauge_fns, name, help, read, arg};
    gauge_fns = gauge;
}

static void put_escaped(struct pr_buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '\n')
            pr_buf_puts(out, "\\n");
        else if (*text == '\\' || *text == '"')
            pr_buf_printf(out, "\\%c", *text);
        else
            pr_buf_append(out, pr_str_n(text, 1));
    }
}

static void put_value(struct pr_buf *out, double value)
{
    if (isnan(value))
        pr_buf_puts(out, " NaN\n");
    else if (isinf(value))
        pr_buf_puts(out, value > 0 ? " +Inf\n" : " -Inf\n");
    else
        pr_buf_printf(out, " %.15g\n", value);
}

/* name + suffix and its labels; le: the histogram's own label, or NULL. */
static void put_name(struct pr_buf *out, const struct metric *metric, const char *suffix,
                     const struct metric_series *series, const char *le)
{
    const char *before = "{";
    pr_buf_puts(out, metric->name);
    pr_buf_puts(out, suffix);
    for (unsigned i = 0; i < METRIC_LABELS && metric->labels[i]; i++) {
        pr_buf_printf(out, "%s%s=\"", before, metric->labels[i]);
        put_escaped(out, series->values[i]);
        pr_buf_puts(out, "\"");
        before = ",";
    }
    if (le)
        pr_buf_printf(out, "%sle=\"%s\"", before, le);
    if (le || *before == ',')
        pr_buf_puts(out, "}");
}

static void put_histogram(struct pr_buf *out, const struct metric *metric,
                          const struct metric_series *series)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i <= METRIC_BOUNDS; i++) {
        char le[32] = "+Inf";
        if (i < METRIC_BOUNDS)
            snprintf(le, sizeof le, "%g", metric_bounds[i]);
        sum += series->counts[i];
        put_name(out, metric, "_bucket", series, le);
        put_value(out, (double)sum);
    }
    put_name(out, metric, "_sum", series, NULL);
    put_value(out, series->value);
    put_name(out, metric, "_count", series, NULL);
    put_value(out, (double)sum);
}

static void put_head(struct pr_buf *out, const char *name, const char *help, const char *type)
{
    pr_buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metrics_write(struct pr_buf *out)
{
    static const char *const types[] = {"counter", "gauge", "histogram"};
    for (const struct metric *metric = metrics; metric; metric = metric->next) {
        put_head(out, metric->name, metric->help, types[metric->kind]);
        for (unsigned slot = 0; slot < METRIC_SLOTS; slot++) {
            for (const struct metric_series *s = metric->series[slot]; s; s = s->next) {
                if (metric->kind == METRIC_HISTOGRAM) {
                    put_histogram(out, metric, s);
                } else {
                    put_name(out, metric, "", s, NULL);
                    put_value(out, s->value);
                }
            }
        }
    }
    for (const struct gauge_fn *gauge = gauge_fns; gauge; gauge = gauge->next) {
        put_head(out, gauge->name, gauge->help, "gauge");
        pr_buf_puts(out, gauge->name);
        put_value(out, gauge->read(gauge->arg));
    }
    struct process_stats stats = process_stats_read();
    put_head(out, "process_resident_memory_bytes", "Resident memory.", "gauge");
    pr_buf_printf(out, "process_resident_memory_bytes %.0f\n", stats.resident_bytes);
    put_head(out, "process_cpu_seconds_total", "User and system CPU time spent.", "counter");
    pr_buf_printf(out, "process_cpu_seconds_total %.3f\n", stats.cpu_seconds);
    put_head(out, "process_open_fds", "Open file descriptors.", "gauge");
    pr_buf_printf(out, "process_open_fds %.0f\n", stats.open_fds);
    put_head(out, "process_start_time_seconds", "Start of the process, Unix time.", "gauge");
    pr_buf_printf(out, "process_start_time_seconds %.2f\n", stats.start_seconds);
}

static void free_series(struct metric *metric)
{
    for (unsigned slot = 0; slot < METRIC_SLOTS; slot++) {
        while (metric->series[slot]) {
            struct metric_series *series = metric->series[slot];
            metric->series[slot] = series->next;
            for (unsigned i = 0; i < METRIC_LABELS; i++)
                free(series->values[i]);
            free(series);
        }
    }
}

void metrics_reset(void)
{
    while (metrics) {
        struct metric *metric = metrics;
        metrics = metric->next;
        free_series(metric);
        metric->next = NULL;
        metric->registered = false;
    }
    while (gauge_fns) {
        struct gauge_fn *gauge = gauge_fns;
        gauge_fns = gauge->next;
        free(gauge);
    }
}
