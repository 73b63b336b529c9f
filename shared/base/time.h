/* time: the clock, injected so that tests hold it still, and the ways Pierrot writes a time.
 * All times are int64 milliseconds since the Unix epoch, named …_at_ms. */
#pragma once

#include "shared/base/str.h"

#include <stdint.h>

struct pr_clock {
    int64_t (*now_ms)(const struct pr_clock *clock);
};

extern const struct pr_clock pr_clock_system;

static inline int64_t pr_now_ms(const struct pr_clock *clock)
{
    return clock->now_ms(clock);
}

/* Nanoseconds on a clock that never goes back, for durations only. */
int64_t pr_monotonic_ns(void);

#define PR_RFC3339_TEXT 25  /* 2026-11-21T07:30:00.123Z */
#define PR_AMZ_DATE_TEXT 17 /* 20261121T073000Z */

char *pr_time_rfc3339(int64_t at_ms, char out[PR_RFC3339_TEXT]); /* RFC 3339, UTC; returns out */
char *pr_time_amz(int64_t at_ms, char out[PR_AMZ_DATE_TEXT]);    /* ISO 8601 basic; returns out */

/* As MS-DOS and ZIP (APPNOTE 4.4.6) have it, UTC: the date << 16 | the time, to two seconds, from 1980
 * to 2107; what lies outside is the nearest of them. */
uint32_t pr_time_dos(int64_t at_ms);

/* An RFC 3339 date-time with any offset; digits of a second beyond the third are dropped. False for
 * anything else, also for a day the month does not have. */
bool pr_time_parse(struct pr_str text, int64_t *out_ms);
