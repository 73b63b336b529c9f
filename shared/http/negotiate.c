#include "shared/http/negotiate.h"

#include <strings.h>

static struct pr_str skip(struct pr_str s, size_t n)
{
    return pr_str_n(s.p + n, s.n - n);
}

/* A tag may hold a comma, so the list cannot be split at commas. */
bool etag_listed(struct pr_str if_none_match, struct pr_str etag)
{
    struct pr_str list = pr_str_trim(if_none_match);
    if (pr_str_is(list, "*"))
        return true;
    while (list.n > 0) {
        if (pr_str_has_prefix(list, pr_str("W/")))
            list = skip(list, 2);
        const char *end = list.n > 1 ? memchr(list.p + 1, '"', list.n - 1) : NULL;
        if (!end || list.p[0] != '"')
            return false;
        size_t n = (size_t)(end - list.p) + 1;
        if (pr_str_eq(pr_str_n(list.p, n), etag))
            return true;
        list = pr_str_trim(skip(list, n));
        while (list.n > 0 && list.p[0] == ',')
            list = pr_str_trim(skip(list, 1));
    }
    return false;
}

/* RFC 9110 section 12.4.2: no weight, or one of 0 to 1 with three decimals; only 0 refuses. */
static bool is_refused(struct pr_str parameters)
{
    struct pr_str q = pr_str_trim(parameters);
    if (q.n < 3 || strncasecmp(q.p, "q=", 2) != 0 || q.p[2] != '0')
        return false;
    for (size_t i = 3; i < q.n; i++) {
        if (q.p[i] != '.' && q.p[i] != '0')
            return false;
    }
    return true;
}

bool gzip_accepted(struct pr_str accept_encoding)
{
    struct pr_str item, coding, parameters;
    bool any = false, more = accept_encoding.n > 0;
    while (more) {
        more = pr_str_cut(accept_encoding, ',', &item, &accept_encoding);
        pr_str_cut(item, ';', &coding, &parameters);
        coding = pr_str_trim(coding);
        if (pr_str_is_nocase(coding, "gzip") || pr_str_is_nocase(coding, "x-gzip"))
            return !is_refused(parameters);
        if (pr_str_is(coding, "*"))
            any = !is_refused(parameters);
    }
    return any;
}
