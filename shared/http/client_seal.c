#include "shared/http/client_seal.h"

#include "shared/http/seal.h"

#include <assert.h>
#include <stdio.h>

#define VERSION "client1"
#define PAYLOAD_MAX ((size_t)80) /* with its signature it fits into CLIENT_SEAL_HEADER_MAX */

bool client_seal_sign(struct pr_str secret, struct pr_str client, int64_t expires_at_ms,
                      char out[CLIENT_SEAL_HEADER_MAX])
{
    char payload[PAYLOAD_MAX], text[ADDRESS_TEXT];
    struct address address;
    out[0] = 0;
    if (secret.n == 0 || !address_parse(client, &address))
        return false;
    address_format(&address, text);
    int n = snprintf(payload, sizeof payload, VERSION "|%s|%lld", text, (long long)expires_at_ms);
    assert(n > 0 && (size_t)n < sizeof payload);
    static_assert(SEAL_HEADER_SIZE(PAYLOAD_MAX) <= CLIENT_SEAL_HEADER_MAX, "every payload fits");
    seal_text(secret, pr_str_n(payload, (size_t)n), out);
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
    char payload[PAYLOAD_MAX];
    size_t n = sizeof payload;
    int64_t expires_at_ms;
    return header.n < CLIENT_SEAL_HEADER_MAX && seal_open(secret, header, payload, &n) &&
           parse_payload(pr_str_n(payload, n), out, &expires_at_ms) && expires_at_ms > now_ms;
}
