#include "shared/http/origin.h"

static const struct pr_str http = PR_STR("http://"), https = PR_STR("https://");

static bool is_host_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

/* A name or an IPv4 address, or an IPv6 address in brackets; then perhaps ":port". */
static bool authority_valid(struct pr_str authority)
{
    struct pr_str port;
    int64_t number;
    size_t n = 0;
    if (authority.n > 0 && authority.p[0] == '[') {
        const char *end = memchr(authority.p, ']', authority.n);
        if (!end || end == authority.p + 1)
            return false;
        n = (size_t)(end - authority.p) + 1;
        for (size_t i = 1; i + 1 < n; i++) {
            char c = authority.p[i];
            if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f') && c != ':' && c != '.')
                return false;
        }
    } else {
        while (n < authority.n && is_host_char(authority.p[n]))
            n++;
    }
    if (n == 0 || n == authority.n)
        return n > 0;
    port = pr_str_n(authority.p + n + 1, authority.n - n - 1);
    return authority.p[n] == ':' && pr_str_to_int(port, 1, 65535, &number);
}

bool origin_parse(struct pr_str url, struct origin *out)
{
    if (url.n > 0 && url.p[url.n - 1] == '/')
        url.n--;
    if (!pr_str_copy(url, out->text, sizeof out->text))
        return false;
    pr_lower(out->text, url.n);
    struct pr_str text = pr_str_n(out->text, url.n);
    bool secure = pr_str_has_prefix(text, https);
    if (!secure && !pr_str_has_prefix(text, http))
        return false;
    size_t scheme_n = secure ? https.n : http.n;
    if (!authority_valid(pr_str_n(text.p + scheme_n, text.n - scheme_n)))
        return false;
    struct pr_str usual = pr_str(secure ? ":443" : ":80");
    if (pr_str_has_suffix(text, usual))
        out->text[text.n - usual.n] = 0;
    return true;
}

bool origin_is_https(const struct origin *origin)
{
    return pr_str_has_prefix(pr_str(origin->text), https);
}

bool origins_parse(struct pr_str list, struct origins *out)
{
    struct pr_str item;
    out->n = 0;
    while (list.n > 0) {
        pr_str_cut(list, ',', &item, &list);
        item = pr_str_trim(item);
        if (item.n == 0)
            continue;
        if (out->n == ORIGINS_MAX || !origin_parse(item, &out->items[out->n++]))
            return false;
    }
    return true;
}

bool origins_have(const struct origins *origins, struct pr_str origin)
{
    for (size_t i = 0; i < origins->n; i++) {
        if (pr_str_is(origin, origins->items[i].text))
            return true;
    }
    return false;
}

/* Fetch Metadata tells it outright; browsers older than that, and those that were asked over plain
 * HTTP, send Origin with all but GET and HEAD. */
bool origin_may_write(const struct origin_claim *claim, const struct origin *own)
{
    struct origin from;
    if (claim->sec_fetch_site.n > 0)
        return pr_str_is(claim->sec_fetch_site, "same-origin") ||
               pr_str_is(claim->sec_fetch_site, "none");
    if (claim->origin.n == 0 || pr_str_is(claim->origin, own->text))
        return true;
    if (!origin_parse(claim->origin, &from))
        return false;
    struct pr_str authority = pr_str(from.text + (origin_is_https(&from) ? https.n : http.n));
    return claim->host.n > 0 && pr_str_eq(authority, claim->host);
}
