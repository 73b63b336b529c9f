/* private: how metrics keep their series; for this folder only. */
#pragma once

#include "shared/metrics/metrics.h"

#define METRIC_BOUNDS 13

/* Upper bounds of a histogram's buckets, in seconds. */
extern const double metric_bounds[METRIC_BOUNDS];

struct metric_series {
    struct metric_series *next; /* in the same slot */
    char *values[METRIC_LABELS];
    double value;                       /* a histogram's sum */
    uint64_t counts[METRIC_BOUNDS + 1]; /* a histogram's, not cumulative; the last is +Inf */
};

struct gauge_fn {
    struct gauge_fn *next;
    const char *name, *help;
    double (*read)(void *arg);
    void *arg;
};

const struct metric *metrics_first(void);
const struct gauge_fn *metrics_first_gauge_fn(void);
