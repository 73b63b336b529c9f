/* The input is a payload, which is signed here, and a header as it is. What is taken can be signed
 * again, and says the same. */
#include "shared/http/identity.h"

#include "shared/base/encode.h"
#include "shared/crypto/crypto.h"

#include <assert.h>

static const struct pr_str secret = PR_STR("fuzz");

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct identity identity, same;
    char header[1024], again[IDENTITY_HEADER_MAX];
    uint8_t mac[SHA256_BYTES];
    identity_verify(secret, pr_str_n(data, size), 0, &identity);
    if (size > 512)
        return 0;
    pr_base64url_encode(data, size, header);
    hmac_sha256(secret, pr_str_n(data, size), mac);
    strcat(header, ".");
    pr_base64url_encode(mac, sizeof mac, header + strlen(header));
    if (identity_verify(secret, pr_str(header), 0, &identity)) {
        bool ok = identity_sign(secret, &identity, again) &&
                  identity_verify(secret, pr_str(again), 0, &same);
        assert(ok && strcmp(same.name, identity.name) == 0 && same.tier == identity.tier &&
               same.role == identity.role && same.expires_at_ms == identity.expires_at_ms);
    }
    return 0;
}
