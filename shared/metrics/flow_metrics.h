/* flow_metrics: what the flows tell of themselves, as metrics: how long each step takes, how many
 * flows are under way. At start: flow_set_observer(&flow_metrics). */
#pragma once

#include "shared/flow/flow.h"

extern const struct flow_observer flow_metrics;
