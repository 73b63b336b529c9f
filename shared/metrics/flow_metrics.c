#include "shared/metrics/flow_metrics.h"

#include "shared/metrics/metrics.h"

static struct metric live = {
    .name = "pierrot_flows_live",
    .help = "Flows under way.",
    .kind = METRIC_GAUGE,
    .labels = {"flow"},
};

static struct metric step_seconds = {
    .name = "pierrot_flow_step_seconds",
    .help = "Duration of a flow's step, with what it waited for.",
    .kind = METRIC_HISTOGRAM,
    .labels = {"flow", "step"},
};

static void started(const char *flow)
{
    metric_add(&live, 1, (const char *const[]){flow});
}

static void step_done(const char *flow, const char *step, int64_t duration_ns, enum pr_err err)
{
    (void)err;
    metric_observe(&step_seconds, (double)duration_ns / 1e9, (const char *const[]){flow, step});
}

static void finished(const char *flow, int64_t duration_ns, enum pr_err err)
{
    (void)duration_ns;
    (void)err;
    metric_add(&live, -1, (const char *const[]){flow});
}

const struct flow_observer flow_metrics = {started, step_done, finished};
