#include "shared/http/client_seal.h"

#include "shared/base/encode.h"
#include "shared/crypto/crypto.h"

#include <assert.h>
#include <stdio.h>

#define VERSION "client1"
#define PAYLOAD_MAX ((size_t)80) /* with its signature it fits into CLIENT_SEAL_HEADER_MAX */

bool client_seal_sign(struct pr_str secret, struct pr_str client, int64_t expires_at_ms,
                      char out[CLIENT_SEAL_HEADER_MAX])
{
    char payload[PAYLOAD_MAX], text[ADDRESS_TEXT];
    uint8_t signature[SHA256_BYTES];
    struct address address;
    out[0] = 0;
    if (secret.n == 0 || !address_parse(client, &address))
        return false;
    address_format(&address, text);
    int n = snprintf(payload, sizeof payload, VERSION "|%s|%lld", text, (long long)expires_at_ms);
    assert(n > 0 && (size_t)n < sizeof payload);
    static_assert(PR_BASE64_SIZE(PAYLOAD_MAX) + PR_BASE64_SIZE(SHA256_BYTES) <=
                      CLIENT_SEAL_HEADER_MAX,
                  "every payload fits");
    hmac_sha256(secret, pr_str_n(payload, (size_t)n), signature);
    pr_base64url_encode(payload, (size_t)n, out);
    size_t used = strlen(out);
    out[used++] = '.';
    pr_base64url_encode(signature, sizeof signature, out + used);
    return true;
}

static bool parse_payload(struct pr_str payload, struct address *out, int64_t *expires_at_ms)
{
    struct pr_str version, address;
    return pr_str_cut(payload, '|', &version, &payload) && pr_str_is(version, VERSION) &&
           pr_str_cut(payload, '|', &address, &payload) && address_parse(address, out) &&
           pr_str_to_int(payload, 0, INT64_MAX, expires_at_ms);
}

bool client_seal_verify(struct pr_str secret, struct pr_str header, int64_t now_ms,
                        struct address *out)
{
    struct pr_str text, text_signature;
    char payload[PAYLOAD_MAX];
    uint8_t signature[SHA256_BYTES], expected[SHA256_BYTES];
    size_t payload_n = sizeof payload, signature_n = sizeof signature;
    int64_t expires_at_ms;
    if (secret.n == 0 || header.n >= CLIENT_SEAL_HEADER_MAX ||
        !pr_str_cut(header, '.', &text, &text_signature) ||
        !pr_base64url_decode(text, payload, &payload_n) ||
        !pr_base64url_decode(text_signature, signature, &signature_n) ||
        signature_n != sizeof signature)
        return false;
    hmac_sha256(secret, pr_str_n(payload, payload_n), expected);
    if (!crypto_equal(signature, expected, sizeof expected))
        return false;
    return parse_payload(pr_str_n(payload, payload_n), out, &expires_at_ms) &&
           expires_at_ms > now_ms;
}
