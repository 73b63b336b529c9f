#include "shared/redis/url.h"

#include "shared/base/encode.h"

static bool parse_password(struct pr_str user_info, struct redis_url *out)
{
    size_t n;
    if (user_info.n < 2 || user_info.p[0] != ':' || user_info.n > sizeof(out->password) ||
        !pr_uri_decode(pr_str_n(user_info.p + 1, user_info.n - 1), out->password, &n))
        return false;
    out->password[n] = 0;
    return strlen(out->password) == n;
}

/* "host", "host:port", "[::1]", "[::1]:port" */
static bool parse_authority(struct pr_str s, struct redis_url *out)
{
    struct pr_str host, port, brackets;
    int64_t number;
    bool has_port;
    if (s.n && s.p[0] == '[') {
        if (!pr_str_cut(pr_str_n(s.p + 1, s.n - 1), ']', &host, &port))
            return false;
        has_port = pr_str_cut(port, ':', &brackets, &port);
        if (brackets.n) /* between ']' and ':' there is nothing */
            return false;
    } else {
        has_port = pr_str_cut(s, ':', &host, &port);
    }
    if (!host.n || !pr_str_copy(host, out->host, sizeof(out->host)))
        return false;
    if (has_port && !pr_str_to_int(port, 1, 65535, &number))
        return false;
    out->port = has_port ? (int)number : 6379;
    return true;
}

bool redis_url_parse(struct pr_str text, struct redis_url *out)
{
    static const struct pr_str scheme = PR_STR("redis://");
    struct pr_str rest, authority, db, user_info, host;
    int64_t number = 0;
    if (!pr_str_has_prefix(text, scheme))
        return false;
    *out = (struct redis_url){0};
    rest = pr_str_n(text.p + scheme.n, text.n - scheme.n);
    pr_str_cut(rest, '/', &authority, &db);
    if (db.n && !pr_str_to_int(db, 0, INT32_MAX, &number))
        return false;
    out->db = (int)number;
    if (!pr_str_cut(authority, '@', &user_info, &host))
        host = authority;
    else if (!parse_password(user_info, out))
        return false;
    return parse_authority(host, out);
}
