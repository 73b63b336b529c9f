#include "shared/metrics/expvar.h"

#include "shared/metrics/private.h"
#include "shared/metrics/process.h"

#include <malloc.h>
#include <math.h>
#include <stdio.h>

#define CMDLINE_MAX 4096
#define KEY_MAX_BYTES ((size_t)1024)

/* What the process was started with, as the kernel keeps it: each word ended by a zero. Secrets are
 * settings, and those are no arguments. */
static json_t *cmdline(void)
{
    char text[CMDLINE_MAX];
    json_t *words = json_array();
    FILE *file = fopen("/proc/self/cmdline", "re");
    size_t n = file ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file)
        fclose(file);
    text[n] = 0;
    for (size_t at = 0; at < n; at += strlen(text + at) + 1)
        json_array_append_new(words, json_string(text + at));
    return words;
}

static json_t *memstats(void)
{
    struct mallinfo2 info = mallinfo2();
    json_int_t allocated = (json_int_t)info.uordblks + (json_int_t)info.hblkhd;
    json_int_t system = (json_int_t)info.arena + (json_int_t)info.hblkhd;
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "Alloc", allocated, "Sys", system,
                     "HeapAlloc", allocated, "HeapSys", system, "HeapInuse", allocated, "HeapIdle",
                     (json_int_t)info.fordblks);
}

/* JSON knows neither NaN nor infinity. */
static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *series_to_json(const struct metric *metric, const struct metric_series *series)
{
    json_int_t count = 0;
    if (metric->kind != METRIC_HISTOGRAM)
        return number(series->value);
    for (unsigned i = 0; i <= METRIC_BOUNDS; i++)
        count += (json_int_t)series->counts[i];
    return json_pack("{s:I, s:o}", "count", count, "sum", number(series->value));
}

static void put_series(json_t *map, const struct metric *metric, const struct metric_series *series)
{
    struct pr_buf key;
    pr_buf_init(&key, KEY_MAX_BYTES);
    for (unsigned i = 0; i < METRIC_LABELS && metric->labels[i]; i++)
        pr_buf_printf(&key, "%s%s", i ? " " : "", series->values[i]);
    json_object_setn_new(map, key.p, key.n, series_to_json(metric, series));
    pr_buf_fini(&key);
}

static json_t *metric_to_json(const struct metric *metric)
{
    json_t *map = json_object();
    for (unsigned slot = 0; slot < METRIC_SLOTS; slot++) {
        for (const struct metric_series *s = metric->series[slot]; s; s = s->next) {
            if (!metric->labels[0]) {
                json_decref(map);
                return series_to_json(metric, s);
            }
            put_series(map, metric, s);
        }
    }
    return map;
}

json_t *metrics_to_json(void)
{
    json_t *vars = json_pack("{s:o, s:o}", "cmdline", cmdline(), "memstats", memstats());
    struct process_stats stats = process_stats_read();
    for (const struct metric *metric = metrics_first(); metric; metric = metric->next)
        json_object_set_new(vars, metric->name, metric_to_json(metric));
    for (const struct gauge_fn *gauge = metrics_first_gauge_fn(); gauge; gauge = gauge->next)
        json_object_set_new(vars, gauge->name, number(gauge->read(gauge->arg)));
    json_object_set_new(vars, "process_resident_memory_bytes", number(stats.resident_bytes));
    json_object_set_new(vars, "process_cpu_seconds_total", number(stats.cpu_seconds));
    json_object_set_new(vars, "process_open_fds", number(stats.open_fds));
    json_object_set_new(vars, "process_start_time_seconds", number(stats.start_seconds));
    return vars;
}
