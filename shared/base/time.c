#include "shared/base/time.h"

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

/* Splits into UTC fields; years outside 0..9999 are held at the edge, so that every text has its
 * size. */
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

/* Every line of the log has a time: printf would be a tenth of what the line costs. */
static void put_digits(char *out, int value, int n)
{
    for (int i = n - 1; i >= 0; i--, value /= 10)
        out[i] = (char)('0' + value % 10);
}

char *pr_time_rfc3339(int64_t at_ms, char out[PR_RFC3339_TEXT])
{
    unsigned ms;
    struct tm tm = split(at_ms, &ms);
    memcpy(out, "0000-00-00T00:00:00.000Z", PR_RFC3339_TEXT);
    put_digits(out, tm.tm_year + 1900, 4);
    put_digits(out + 5, tm.tm_mon + 1, 2);
    put_digits(out + 8, tm.tm_mday, 2);
    put_digits(out + 11, tm.tm_hour, 2);
    put_digits(out + 14, tm.tm_min, 2);
    put_digits(out + 17, tm.tm_sec, 2);
    put_digits(out + 20, (int)ms, 3);
    return out;
}

char *pr_time_amz(int64_t at_ms, char out[PR_AMZ_DATE_TEXT])
{
    unsigned ms;
    struct tm tm = split(at_ms, &ms);
    memcpy(out, "00000000T000000Z", PR_AMZ_DATE_TEXT);
    put_digits(out, tm.tm_year + 1900, 4);
    put_digits(out + 4, tm.tm_mon + 1, 2);
    put_digits(out + 6, tm.tm_mday, 2);
    put_digits(out + 9, tm.tm_hour, 2);
    put_digits(out + 11, tm.tm_min, 2);
    put_digits(out + 13, tm.tm_sec, 2);
    return out;
}

uint32_t pr_time_dos(int64_t at_ms)
{
    const int64_t first = INT64_C(315532800000), last = INT64_C(4354819198000);
    unsigned ms;
    struct tm tm = split(at_ms < first ? first : at_ms > last ? last : at_ms, &ms);
    return (uint32_t)((tm.tm_year - 80) << 9 | (tm.tm_mon + 1) << 5 | tm.tm_mday) << 16 |
           (uint32_t)(tm.tm_hour << 11 | tm.tm_min << 5 | tm.tm_sec / 2);
}

/* A number of exactly n digits at *at, which moves behind it; -1 when it is not there. */
static int digits(struct pr_str s, size_t *at, size_t n)
{
    int64_t value;
    if (s.n - *at < n || !pr_str_to_int(pr_str_n(s.p + *at, n), 0, 9999, &value) || s.p[*at] == '-')
        return -1;
    *at += n;
    return (int)value;
}

static bool take(struct pr_str s, size_t *at, const char *any_of)
{
    if (*at == s.n || !s.p[*at] || !strchr(any_of, s.p[*at]))
        return false;
    (*at)++;
    return true;
}

/* The milliseconds of an optional fraction. */
static bool fraction(struct pr_str s, size_t *at, int *ms)
{
    size_t from;
    int scale = 100;
    *ms = 0;
    if (!take(s, at, "."))
        return true;
    for (from = *at; *at < s.n && s.p[*at] >= '0' && s.p[*at] <= '9'; (*at)++, scale /= 10)
        *ms += (s.p[*at] - '0') * scale;
    return *at > from;
}

static bool offset(struct pr_str s, size_t *at, int *minutes)
{
    *minutes = 0;
    if (take(s, at, "Zz"))
        return true;
    int sign = *at < s.n && s.p[*at] == '-' ? -1 : 1;
    if (!take(s, at, "+-"))
        return false;
    int hour = digits(s, at, 2);
    if (!take(s, at, ":"))
        return false;
    int minute = digits(s, at, 2);
    *minutes = sign * (hour * 60 + minute);
    return hour >= 0 && hour < 24 && minute >= 0 && minute < 60;
}

bool pr_time_parse(struct pr_str s, int64_t *out_ms)
{
    static const struct {
        size_t digits;
        int min, max;
        const char *before;
    } parts[] = {{4, 0, 9999, ""},  {2, 1, 12, "-"}, {2, 1, 31, "-"},
                 {2, 0, 23, "Tt "}, {2, 0, 59, ":"}, {2, 0, 60, ":"}}; /* 60: a leap second */
    int value[6], ms, minutes;
    size_t at = 0;
    for (int i = 0; i < 6; i++) {
        if (i > 0 && !take(s, &at, parts[i].before))
            return false;
        value[i] = digits(s, &at, parts[i].digits);
        if (value[i] < parts[i].min || value[i] > parts[i].max)
            return false;
    }
    if (!fraction(s, &at, &ms) || !offset(s, &at, &minutes) || at != s.n)
        return false;
    struct tm day = {.tm_year = value[0] - 1900, .tm_mon = value[1] - 1, .tm_mday = value[2]};
    int64_t seconds = timegm(&day); /* carries 31 April into May */
    if (day.tm_mday != value[2])
        return false;
    seconds += value[3] * 3600 + (value[4] - minutes) * 60 + value[5];
    *out_ms = seconds * 1000 + ms;
    return true;
}
