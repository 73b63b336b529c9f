#include "services/media/domain/guest_token.h"

#include "shared/base/encode.h"

#define BYTES (sizeof(struct pr_uuid) + GUEST_SEAL_BYTES)

static const struct pr_str prefix = PR_STR("prg_");

_Static_assert(GUEST_TOKEN_TEXT == 4 + PR_BASE64URL_SIZE(BYTES), "it just fits");

void guest_token_format(const struct guest_token *token, char out[GUEST_TOKEN_TEXT])
{
    uint8_t bytes[BYTES];
    memcpy(bytes, token->code_id.b, sizeof token->code_id.b);
    memcpy(bytes + sizeof token->code_id.b, token->seal, sizeof token->seal);
    memcpy(out, prefix.p, prefix.n);
    pr_base64url_encode(bytes, sizeof bytes, out + prefix.n);
}

bool guest_token_parse(struct pr_str text, struct guest_token *out)
{
    uint8_t bytes[BYTES];
    size_t n = sizeof bytes;
    if (text.n != GUEST_TOKEN_TEXT - 1 || !pr_str_has_prefix(text, prefix) ||
        !pr_base64url_decode(pr_str_n(text.p + prefix.n, text.n - prefix.n), bytes, &n) ||
        n != sizeof bytes)
        return false;
    memcpy(out->code_id.b, bytes, sizeof out->code_id.b);
    memcpy(out->seal, bytes + sizeof out->code_id.b, sizeof out->seal);
    return true;
}
