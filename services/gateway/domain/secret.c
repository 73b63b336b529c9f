#include "services/gateway/domain/secret.h"

#include "shared/base/encode.h"

#include <strings.h>

#define PREFIX_N ((size_t)4)

_Static_assert(SECRET_TEXT == PREFIX_N + PR_BASE64URL_SIZE(SECRET_RANDOM_BYTES), "it just fits");

static const char prefixes[][PREFIX_N + 1] = {
    [SECRET_SESSION] = "prs_",
    [SECRET_TOKEN] = "prt_",
    [SECRET_INVITE] = "pri_",
    [SECRET_GUEST] = "prg_",
};

#define GUEST_N ((size_t)52) /* of a guest's token */
static const struct pr_str scheme = PR_STR("Bearer ");

void secret_format(enum secret_kind kind, const uint8_t random[SECRET_RANDOM_BYTES],
                   char out[SECRET_TEXT])
{
    memcpy(out, prefixes[kind], PREFIX_N);
    pr_base64url_encode(random, SECRET_RANDOM_BYTES, out + PREFIX_N);
}

static bool looks_like(enum secret_kind kind, struct pr_str text)
{
    return text.n == (kind == SECRET_GUEST ? GUEST_N : SECRET_TEXT - 1) &&
           memcmp(text.p, prefixes[kind], PREFIX_N) == 0;
}

bool secret_is(enum secret_kind kind, struct pr_str text)
{
    uint8_t random[SECRET_RANDOM_BYTES];
    size_t n = sizeof random;
    return looks_like(kind, text) &&
           pr_base64url_decode(pr_str_n(text.p + PREFIX_N, text.n - PREFIX_N), random, &n) &&
           n == sizeof random;
}

bool secret_from_authorization(struct pr_str header, enum secret_kind kind, struct pr_str *token)
{
    if (header.n < scheme.n || strncasecmp(header.p, scheme.p, scheme.n) != 0)
        return false;
    *token = pr_str_n(header.p + scheme.n, header.n - scheme.n);
    return looks_like(kind, *token);
}

static struct pr_str skip_spaces(struct pr_str s)
{
    while (s.n > 0 && (*s.p == ' ' || *s.p == '\t'))
        s = pr_str_n(s.p + 1, s.n - 1);
    return s;
}

bool secret_from_cookie(struct pr_str header, struct pr_str name, enum secret_kind kind,
                        struct pr_str *secret)
{
    struct pr_str pair, key;
    while (header.n > 0) {
        pr_str_cut(header, ';', &pair, &header);
        if (pr_str_cut(skip_spaces(pair), '=', &key, secret) && pr_str_eq(key, name))
            return looks_like(kind, *secret);
    }
    return false;
}
