/* crypto: hashes, keyed hashes, checksums and random bytes. Every function may be called from any
 * thread; none can fail: without memory the process ends (shared/base/alloc.h). */
#pragma once

#include "shared/base/str.h"

#define SHA256_BYTES 32

/* SHA-256 (FIPS 180-4) of bytes that come in pieces. After init exactly one of final and abort is
 * owed; abort of an ended or a zeroed one does nothing. */
struct sha256 {
    void *state;
};
void sha256_init(struct sha256 *hash);
void sha256_update(struct sha256 *hash, struct pr_str bytes);
void sha256_final(struct sha256 *hash, uint8_t out[SHA256_BYTES]); /* ends it, frees the state */
void sha256_abort(struct sha256 *hash);                            /* frees without a result */

/* Of bytes that are all there. */
void sha256(struct pr_str bytes, uint8_t out[SHA256_BYTES]);

#define SHA1_BYTES 20

/* SHA-1 (FIPS 180-4): broken as a seal, but the name some protocols give to bytes (EVALSHA). */
void sha1(struct pr_str bytes, uint8_t out[SHA1_BYTES]);

/* HMAC-SHA-256 (RFC 2104); a key of any length. */
void hmac_sha256(struct pr_str key, struct pr_str bytes, uint8_t out[SHA256_BYTES]);

/* CRC-32 as ZIP has it (ISO 3309). Starts with 0; the answer goes into the next call. */
uint32_t crc32_update(uint32_t crc, struct pr_str bytes);

bool crypto_equal(const void *a, const void *b, size_t n); /* in constant time */
void crypto_random(void *out, size_t n);                   /* fit for keys and tokens */
void crypto_wipe(void *p, size_t n);                       /* zeroes, never optimised away */
