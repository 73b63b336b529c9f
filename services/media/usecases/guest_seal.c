#include "services/media/usecases/guest_seal.h"

#include "shared/crypto/crypto.h"

#include <stdio.h>

_Static_assert(GUEST_KEY_BYTES == SHA256_BYTES && GUEST_SEAL_BYTES <= SHA256_BYTES &&
                   GUESS_KEY_BYTES <= SHA256_BYTES,
               "a digest is as long");

/* No payload of identity.h or client_seal.h is this, which the same secret signs. */
void guest_key_derive(struct pr_str identity_secret, struct guest_key *out)
{
    hmac_sha256(identity_secret, pr_str("guest|1"), out->bytes);
}

static struct pr_str key_of(const struct media_deps *deps)
{
    return pr_str_n(deps->guest_key.bytes, sizeof deps->guest_key.bytes);
}

static void seal(const struct media_deps *deps, struct guest_token *token)
{
    static const struct pr_str label = PR_STR("guest");
    uint8_t text[sizeof "guest" - 1 + sizeof token->code_id.b], digest[SHA256_BYTES];
    memcpy(text, label.p, label.n);
    memcpy(text + label.n, token->code_id.b, sizeof token->code_id.b);
    hmac_sha256(key_of(deps), pr_str_n(text, sizeof text), digest);
    memcpy(token->seal, digest, sizeof token->seal);
}

void guest_seal_token(const struct media_deps *deps, const struct pr_uuid *code_id,
                      char out[GUEST_TOKEN_TEXT])
{
    struct guest_token token = {.code_id = *code_id};
    seal(deps, &token);
    guest_token_format(&token, out);
}

bool guest_seal_check(const struct media_deps *deps, struct pr_str text, struct pr_uuid *code_id)
{
    struct guest_token token, expected;
    if (!guest_token_parse(text, &token))
        return false;
    expected.code_id = *code_id = token.code_id;
    seal(deps, &expected);
    return crypto_equal(token.seal, expected.seal, sizeof token.seal);
}

void guest_seal_guess(const struct media_deps *deps, const char *kind, struct pr_str a,
                      struct pr_str b, uint8_t out[GUESS_KEY_BYTES])
{
    uint8_t parts[3][SHA256_BYTES], digest[SHA256_BYTES];
    sha256(pr_str(kind), parts[0]);
    sha256(a, parts[1]);
    sha256(b, parts[2]);
    hmac_sha256(key_of(deps), pr_str_n(parts, sizeof parts), digest);
    memcpy(out, digest, GUESS_KEY_BYTES);
}
