#include "shared/base/time.h"

#include <stdio.h>
#include <time.h>

static int64_t system_now_ms(const struct pr_clock *clock)
{
    struct timespec now;
    (void)clock;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

const struct pr_clock pr_clock_system = {system_now_ms};

int64_t pr_monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Splits into UTC fields; years outside 0..9999 are held at the edge, so that every text has its size. */
static struct tm split(int64_t at_ms, unsigned *ms)
{
    const int64_t min = -62167219200000, max = 253402300799999;
    at_ms = at_ms < min ? min : at_ms > max ? max : at_ms;
    int64_t rest = at_ms % 1000;
    if (rest < 0)
        rest += 1000;
    time_t seconds = (time_t)((at_ms - rest) / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    *ms = (unsigned)rest;
    return tm;
}

char *pr_time_rfc3339(int64_t at_ms, char out[PR_RFC3339_TEXT])
{
    unsigned ms;
    struct tm tm = split(at_ms, &ms);
    snprintf(out, PR_RFC3339_TEXT, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
             (unsigned)(tm.tm_year + 1900) % 10000, (unsigned)(tm.tm_mon + 1) % 100,
             (unsigned)tm.tm_mday % 100, (unsigned)tm.tm_hour % 100, (unsigned)tm.tm_min % 100,
             (unsigned)tm.tm_sec % 100, ms % 1000);
    return out;
}

char *pr_time_amz(int64_t at_ms, char out[PR_AMZ_DATE_TEXT])
{
    unsigned ms;
    struct tm tm = split(at_ms, &ms);
    snprintf(out, PR_AMZ_DATE_TEXT, "%04u%02u%02uT%02u%02u%02uZ",
             (unsigned)(tm.tm_year + 1900) % 10000, (unsigned)(tm.tm_mon + 1) % 100,
             (unsigned)tm.tm_mday % 100, (unsigned)tm.tm_hour % 100, (unsigned)tm.tm_min % 100,
             (unsigned)tm.tm_sec % 100);
    return out;
}
