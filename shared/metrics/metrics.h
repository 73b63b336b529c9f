/* metrics: counters, gauges and histograms, written in Prometheus' text format (version 0.0.4).
 *
 * A metric is a static struct, registered on first use; its label values are given at each call, so
 * that a series exists once it was used. Labels come from bounded sets only (route templates, step
 * names), never from input. Loop thread only. */
#pragma once

#include "shared/base/buf.h"

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

#define METRIC_LABELS 3
#define METRIC_SLOTS 64

#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct metric_series;

struct metric {
    const char *name; /* "pierrot_http_requests_total" */
    const char *help;
    enum metric_kind kind;
    const char *labels[METRIC_LABELS];          /* names; the rest NULL */
    struct metric_series *series[METRIC_SLOTS]; /* ours: found by the hash of their label values */
    struct metric *next;                        /* ours */
    bool registered;                            /* ours */
};

/* values: as many texts as the metric has labels (NULL when it has none), copied when new. */
void metric_add(struct metric *metric, double amount,
                const char *const *values); /* counter, gauge */
void metric_set(struct metric *metric, double value, const char *const *values); /* gauge */
void metric_observe(struct metric *metric, double seconds,
                    const char *const *values); /* histogram */

/* Asked for its value at every write; for what is known elsewhere (pool sizes, lag). name and help
 * are static text; arg is borrowed until metrics_reset. */
void metric_gauge_fn(const char *name, const char *help, double (*read)(void *arg), void *arg);

/* All of them, and what is known of the process (memory, CPU, open files, start). */
void metrics_write(struct pr_buf *out);
void metrics_reset(void); /* forgets everything; for tests and exit */
