/* client_seal: for whom the gateway asks a route that nobody logs in for: the client's address, as
 * it vouches for it in the header x-pierrot-client.
 *
 * The header is base64url(payload) "." base64url(HMAC-SHA256(secret, payload)); the payload is
 * "client1|<address>|<expires, Unix ms>". The secret is the identity's too (identity.h): no payload
 * of the one begins as one of the other does, so neither is ever taken for the other. */
#pragma once

#include "shared/http/client_address.h"

#define CLIENT_SEAL_HEADER "x-pierrot-client"
#define CLIENT_SEAL_HEADER_MAX 160
#define CLIENT_SEAL_TTL_MS 30000

/* What may come beside it: the token of a guest, as he sent it. Whether it is good, the service says
 * that made it. */
#define GUEST_TOKEN_HEADER "x-pierrot-guest"

/* client: an address without port, as http_req_client tells it. Terminated; false when it is none.
 */
bool client_seal_sign(struct pr_str secret, struct pr_str client, int64_t expires_at_ms,
                      char out[CLIENT_SEAL_HEADER_MAX]);

/* False when it is not ours, malformed or expired at now_ms. Constant time in the signature. */
bool client_seal_verify(struct pr_str secret, struct pr_str header, int64_t now_ms,
                        struct address *out);
