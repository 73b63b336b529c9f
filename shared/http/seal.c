#include "shared/http/seal.h"

void seal_text(struct pr_str secret, struct pr_str text, char *out)
{
    uint8_t signature[SHA256_BYTES];
    hmac_sha256(secret, text, signature);
    pr_base64url_encode(text.p, text.n, out);
    size_t used = strlen(out);
    out[used++] = '.';
    pr_base64url_encode(signature, sizeof signature, out + used);
}

bool seal_open(struct pr_str secret, struct pr_str header, char *text, size_t *n)
{
    struct pr_str sealed, text_signature;
    uint8_t signature[SHA256_BYTES], expected[SHA256_BYTES];
    size_t signature_n = sizeof signature;
    if (secret.n == 0 || !pr_str_cut(header, '.', &sealed, &text_signature) ||
        !pr_base64url_decode(sealed, text, n) ||
        !pr_base64url_decode(text_signature, signature, &signature_n) ||
        signature_n != sizeof signature)
        return false;
    hmac_sha256(secret, pr_str_n(text, *n), expected);
    return crypto_equal(signature, expected, sizeof expected);
}
