/* crypto: hashes, keyed hashes, checksums and random bytes; libcrypto where speed counts (SHA
 * extensions), libsodium for the rest. */
#pragma once

#include "shared/base/str.h"

#define SHA256_BYTES 32

/* SHA-256 (FIPS 180-4) of bytes that come in pieces. */
struct sha256 {
    void *state;
};
void sha256_init(struct sha256 *hash);
void sha256_update(struct sha256 *hash, struct pr_str bytes);
void sha256_final(struct sha256 *hash, uint8_t out[SHA256_BYTES]); /* ends it, frees the state */
void sha256_abort(struct sha256 *hash);                            /* frees without a result */

void sha256(struct pr_str bytes, uint8_t out[SHA256_BYTES]);
void hmac_sha256(struct pr_str key, struct pr_str bytes, uint8_t out[SHA256_BYTES]); /* RFC 2104 */

/* CRC-32 as ZIP has it (ISO 3309); start with 0. */
uint32_t crc32_update(uint32_t crc, struct pr_str bytes);

bool crypto_equal(const void *a, const void *b, size_t n); /* in constant time */
void crypto_random(void *out, size_t n);
void crypto_wipe(void *p, size_t n);
