#include "shared/crypto/crypto.h"

#include <assert.h>
#include <libdeflate.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <stdlib.h>
#include <threads.h>

#define BLOCK_BYTES 64 /* of SHA-256, as HMAC pads its key to */

/* Fetched once: a fetch by name in every call costs more than hashing a small input. */
static EVP_MD *algorithm;

static void fetch_algorithm(void)
{
    algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (!algorithm)
        abort();
}

/* libcrypto fails here only for want of memory. */
static void must(int ok)
{
    if (ok != 1)
        abort();
}

void sha256_init(struct sha256 *hash)
{
    static once_flag fetched = ONCE_FLAG_INIT;
    call_once(&fetched, fetch_algorithm);
    hash->state = EVP_MD_CTX_new();
    if (!hash->state)
        abort();
    must(EVP_DigestInit_ex2(hash->state, algorithm, NULL));
}

void sha256_update(struct sha256 *hash, struct pr_str bytes)
{
    must(EVP_DigestUpdate(hash->state, bytes.p, bytes.n));
}

void sha256_final(struct sha256 *hash, uint8_t out[SHA256_BYTES])
{
    must(EVP_DigestFinal_ex(hash->state, out, NULL));
    sha256_abort(hash);
}

void sha256_abort(struct sha256 *hash)
{
    EVP_MD_CTX_free(hash->state);
    hash->state = NULL;
}

void sha256(struct pr_str bytes, uint8_t out[SHA256_BYTES])
{
    struct sha256 hash;
    sha256_init(&hash);
    sha256_update(&hash, bytes);
    sha256_final(&hash, out);
}

void sha1(struct pr_str bytes, uint8_t out[SHA1_BYTES])
{
    must(EVP_Q_digest(NULL, "SHA1", NULL, bytes.p, bytes.n, out, NULL));
}

/* One of HMAC's two passes: H(pad || bytes). */
static void keyed_pass(struct sha256 *hash, const uint8_t key[BLOCK_BYTES], uint8_t pad_byte,
                       struct pr_str bytes, uint8_t out[SHA256_BYTES])
{
    uint8_t pad[BLOCK_BYTES];
    for (size_t i = 0; i < BLOCK_BYTES; i++)
        pad[i] = key[i] ^ pad_byte;
    must(EVP_DigestInit_ex2(hash->state, NULL, NULL)); /* keeps the algorithm and its memory */
    sha256_update(hash, pr_str_n(pad, sizeof(pad)));
    sha256_update(hash, bytes);
    must(EVP_DigestFinal_ex(hash->state, out, NULL));
    crypto_wipe(pad, sizeof(pad));
}

/* Written out on the digest: libcrypto's EVP_MAC makes several allocations a call, this makes one.
 */
void hmac_sha256(struct pr_str key, struct pr_str bytes, uint8_t out[SHA256_BYTES])
{
    uint8_t block[BLOCK_BYTES] = {0}, inner[SHA256_BYTES];
    if (key.n > BLOCK_BYTES)
        sha256(key, block);
    else if (key.n)
        memcpy(block, key.p, key.n);

    struct sha256 hash;
    sha256_init(&hash);
    keyed_pass(&hash, block, 0x36, bytes, inner);
    keyed_pass(&hash, block, 0x5c, pr_str_n(inner, sizeof(inner)), out);
    sha256_abort(&hash);
    crypto_wipe(block, sizeof(block));
}

uint32_t crc32_update(uint32_t crc, struct pr_str bytes)
{
    /* libdeflate takes a null pointer as a wish for the start value, not as no bytes. */
    return bytes.n ? libdeflate_crc32(crc, bytes.p, bytes.n) : crc;
}

bool crypto_equal(const void *a, const void *b, size_t n)
{
    return sodium_memcmp(a, b, n) == 0;
}

void crypto_random(void *out, size_t n)
{
    int ready = sodium_init(); /* cheap when it was done; safe from any thread */
    assert(ready >= 0);
    (void)ready;
    randombytes_buf(out, n);
}

void crypto_wipe(void *p, size_t n)
{
    sodium_memzero(p, n);
}
