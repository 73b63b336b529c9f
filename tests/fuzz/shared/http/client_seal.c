/* The input is a payload, which is signed here, and a header as it is. What is taken can be signed
 * again, and says the same. */
#include "shared/http/client_seal.h"

#include "shared/base/encode.h"
#include "shared/crypto/crypto.h"

#include <assert.h>

static const struct pr_str secret = PR_STR("fuzz");

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct address address, same;
    char header[1024], again[CLIENT_SEAL_HEADER_MAX], text[ADDRESS_TEXT];
    uint8_t mac[SHA256_BYTES];
    client_seal_verify(secret, pr_str_n(data, size), 0, &address);
    if (size > 512)
        return 0;
    pr_base64url_encode(data, size, header);
    hmac_sha256(secret, pr_str_n(data, size), mac);
    strcat(header, ".");
    pr_base64url_encode(mac, sizeof mac, header + strlen(header));
    if (client_seal_verify(secret, pr_str(header), 0, &address)) {
        address_format(&address, text);
        bool ok = client_seal_sign(secret, pr_str(text), 1, again) &&
                  client_seal_verify(secret, pr_str(again), 0, &same);
        assert(ok && memcmp(&same, &address, sizeof same) == 0);
    }
    return 0;
}
