/* expvar: the same numbers as JSON, in the shape of Go's package expvar, which tools for that read:
 *
 *     {"cmdline": […], "memstats": {"Alloc": …, "Sys": …, …}, "<metric>": …, …}
 *
 * A metric without labels is a number; one with labels a map whose keys are the labels' values with
 * blanks between; a histogram is {"count": …, "sum": …}. memstats has those of Go's names that mean
 * something to a C heap (mallinfo2(3)); bytes. */
#pragma once

#include <jansson.h>

json_t *metrics_to_json(void); /* the caller's */
