#include "shared/http/range.h"

/* Digits alone; what passes the end of an int64 is the end. False when it is no number. */
static bool read_position(struct pr_str text, int64_t *out)
{
    if (text.n == 0)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
    }
    if (!pr_str_to_int(text, 0, INT64_MAX, out))
        *out = INT64_MAX;
    return true;
}

static int64_t at_most(int64_t n, int64_t max)
{
    return n < max ? n : max;
}

/* "-n": the last n bytes. */
static enum http_range read_suffix(struct pr_str text, int64_t size_bytes, int64_t *first,
                                   int64_t *n)
{
    int64_t wanted;
    if (!read_position(text, &wanted))
        return HTTP_RANGE_WHOLE;
    if (wanted == 0 || size_bytes == 0)
        return HTTP_RANGE_UNSATISFIABLE;
    *n = at_most(wanted, size_bytes);
    *first = size_bytes - *n;
    return HTTP_RANGE_PART;
}

enum http_range http_range_read(struct pr_str range, struct pr_str if_range, struct pr_str etag,
                                int64_t size_bytes, int64_t *first, int64_t *n)
{
    struct pr_str unit, spec, from_text, to_text;
    int64_t from, to = INT64_MAX;
    *first = 0;
    *n = size_bytes;
    if (range.n == 0 || (if_range.n > 0 && !pr_str_eq(pr_str_trim(if_range), etag)))
        return HTTP_RANGE_WHOLE; /* dates are not strong enough */
    if (!pr_str_cut(pr_str_trim(range), '=', &unit, &spec) || !pr_str_is_nocase(unit, "bytes") ||
        !pr_str_cut(pr_str_trim(spec), '-', &from_text, &to_text))
        return HTTP_RANGE_WHOLE;
    from_text = pr_str_trim(from_text);
    to_text = pr_str_trim(to_text);
    if (from_text.n == 0)
        return read_suffix(to_text, size_bytes, first, n);
    if (!read_position(from_text, &from) || (to_text.n > 0 && !read_position(to_text, &to)) ||
        to < from)
        return HTTP_RANGE_WHOLE;
    if (from >= size_bytes)
        return HTTP_RANGE_UNSATISFIABLE;
    *first = from;
    *n = at_most(to, size_bytes - 1) - from + 1;
    return HTTP_RANGE_PART;
}
