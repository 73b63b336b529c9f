#include "services/gateway/usecases/make_secret.h"

#include "shared/crypto/crypto.h"

#include <stdio.h>

_Static_assert(SECRET_RANDOM_BYTES == SHA256_BYTES && SECRET_HASH_BYTES == SHA256_BYTES,
               "a digest is as long");

static void finish(enum secret_kind kind, uint8_t bytes[SECRET_RANDOM_BYTES], char out[SECRET_TEXT],
                   uint8_t hash[SECRET_HASH_BYTES])
{
    secret_format(kind, bytes, out);
    sha256(pr_str(out), hash);
    crypto_wipe(bytes, SECRET_RANDOM_BYTES);
}

void make_secret(enum secret_kind kind, char out[SECRET_TEXT], uint8_t hash[SECRET_HASH_BYTES])
{
    uint8_t bytes[SECRET_RANDOM_BYTES];
    crypto_random(bytes, sizeof bytes);
    finish(kind, bytes, out, hash);
}

/* HMAC(HMAC(identity secret, "secret|<kind>|<id>"), key). The first is a key of its own for each
 * thing, and no payload of an identity header begins so. */
void derive_secret(enum secret_kind kind, struct pr_str identity_secret, const struct pr_uuid *id,
                   struct pr_str key, char out[SECRET_TEXT], uint8_t hash[SECRET_HASH_BYTES])
{
    char label[64], text[PR_UUID_TEXT];
    uint8_t own[SHA256_BYTES], bytes[SECRET_RANDOM_BYTES];
    int n = snprintf(label, sizeof label, "secret|%d|%s", (int)kind, pr_uuid_format(id, text));
    hmac_sha256(identity_secret, pr_str_n(label, (size_t)n), own);
    hmac_sha256(pr_str_n(own, sizeof own), key, bytes);
    crypto_wipe(own, sizeof own);
    finish(kind, bytes, out, hash);
}
