#include "services/gateway/domain/token.h"

#include "shared/base/encode.h"

#include <strings.h>

static const struct pr_str prefix = PR_STR("prt_");
static const struct pr_str scheme = PR_STR("Bearer ");

void token_format(const uint8_t random[TOKEN_RANDOM_BYTES], char out[TOKEN_TEXT])
{
    memcpy(out, prefix.p, prefix.n);
    pr_base64url_encode(random, TOKEN_RANDOM_BYTES, out + prefix.n);
    _Static_assert(TOKEN_TEXT == 4 + PR_BASE64URL_SIZE(TOKEN_RANDOM_BYTES), "prefix and code");
}

bool token_from_authorization(struct pr_str header, struct pr_str *token)
{
    uint8_t random[TOKEN_RANDOM_BYTES];
    size_t n = sizeof random;
    if (header.n < scheme.n || strncasecmp(header.p, scheme.p, scheme.n) != 0)
        return false;
    *token = pr_str_n(header.p + scheme.n, header.n - scheme.n);
    return token->n == TOKEN_TEXT - 1 && pr_str_has_prefix(*token, prefix) &&
           pr_base64url_decode(pr_str_n(token->p + prefix.n, token->n - prefix.n), random, &n) &&
           n == sizeof random;
}
