/* Against the published vectors: FIPS 180-4 examples, RFC 4231, the CRC catalogue's check value. */
#include "shared/base/alloc.h"
#include "shared/base/encode.h"
#include "shared/crypto/crypto.h"
#include "tests/support/test.h"

static void assert_hex(const uint8_t digest[SHA256_BYTES], const char *expected)
{
    char hex[2 * SHA256_BYTES + 1];
    pr_hex_encode(digest, SHA256_BYTES, hex);
    assert_string_equal(hex, expected);
}

static void sha256_matches_the_published_examples(void **state)
{
    static const struct {
        const char *text, *digest;
    } rows[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    (void)state;
    for (size_t i = 0; i < PR_COUNT(rows); i++) {
        uint8_t digest[SHA256_BYTES];
        sha256(pr_str(rows[i].text), digest);
        assert_hex(digest, rows[i].digest);
    }
}

static void sha256_of_pieces_is_sha256_of_the_whole(void **state)
{
    struct sha256 hash;
    uint8_t digest[SHA256_BYTES];
    (void)state;
    sha256_init(&hash);
    for (int i = 0; i < 1000; i++) {
        char thousand[1000];
        memset(thousand, 'a', sizeof(thousand));
        sha256_update(&hash, pr_str_n(thousand, sizeof(thousand)));
        sha256_update(&hash, pr_str_n(NULL, 0));
    }
    sha256_final(&hash, digest);
    assert_hex(digest, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    sha256_abort(&hash); /* ended: nothing is left to free */
}

static void an_aborted_hash_is_freed(void **state)
{
    struct sha256 hash;
    (void)state;
    sha256_init(&hash);
    sha256_update(&hash, pr_str("abc"));
    sha256_abort(&hash);
    assert_null(hash.state);
}

static void sha1_matches_the_published_examples(void **state)
{
    uint8_t digest[SHA1_BYTES];
    char hex[2 * SHA1_BYTES + 1];
    (void)state;
    sha1(pr_str("abc"), digest);
    pr_hex_encode(digest, sizeof(digest), hex);
    assert_string_equal(hex, "a9993e364706816aba3e25717850c26c9cd0d89d");
    sha1(pr_str(""), digest);
    pr_hex_encode(digest, sizeof(digest), hex);
    assert_string_equal(hex, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

static void hmac_matches_rfc4231(void **state)
{
    char key_0b[20], key_aa[20], data_dd[50], long_key[131];
    (void)state;
    memset(key_0b, 0x0b, sizeof(key_0b));
    memset(key_aa, 0xaa, sizeof(key_aa));
    memset(data_dd, 0xdd, sizeof(data_dd));
    memset(long_key, 0xaa, sizeof(long_key));
    const struct {
        struct pr_str key, data;
        const char *mac;
    } rows[] = {
        {pr_str_n(key_0b, sizeof(key_0b)), pr_str("Hi There"),
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {pr_str("Jefe"), pr_str("what do ya want for nothing?"),
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {pr_str_n(key_aa, sizeof(key_aa)), pr_str_n(data_dd, sizeof(data_dd)),
         "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {pr_str_n(long_key, sizeof(long_key)),
         pr_str("Test Using Larger Than Block-Size Key - Hash Key First"),
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {pr_str_n(NULL, 0), pr_str_n(NULL, 0),
         "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
    };
    for (size_t i = 0; i < PR_COUNT(rows); i++) {
        uint8_t mac[SHA256_BYTES];
        hmac_sha256(rows[i].key, rows[i].data, mac);
        assert_hex(mac, rows[i].mac);
    }
}

static void crc32_goes_on_where_it_was(void **state)
{
    struct pr_str text = PR_STR("123456789");
    (void)state;
    assert_int_equal(crc32_update(0, text), 0xcbf43926);
    for (size_t cut = 0; cut <= text.n; cut++) {
        uint32_t crc = crc32_update(0, pr_str_n(text.p, cut));
        assert_int_equal(crc32_update(crc, pr_str_n(text.p + cut, text.n - cut)), 0xcbf43926);
    }
    assert_int_equal(crc32_update(0xcbf43926, pr_str_n(NULL, 0)), 0xcbf43926);
}

static void equal_sees_every_byte(void **state)
{
    uint8_t a[SHA256_BYTES], b[SHA256_BYTES];
    (void)state;
    crypto_random(a, sizeof(a));
    memcpy(b, a, sizeof(a));
    assert_true(crypto_equal(a, b, sizeof(a)));
    for (size_t i = 0; i < sizeof(a); i++) {
        b[i] ^= 0x80;
        assert_false(crypto_equal(a, b, sizeof(a)));
        b[i] ^= 0x80;
    }
}

static void random_bytes_do_not_repeat(void **state)
{
    uint8_t a[32] = {0}, b[32] = {0};
    (void)state;
    crypto_random(a, sizeof(a));
    crypto_random(b, sizeof(b));
    assert_memory_not_equal(a, b, sizeof(a));
}

static void wiped_bytes_are_zero(void **state)
{
    static const uint8_t zero[32];
    uint8_t secret[32];
    (void)state;
    crypto_random(secret, sizeof(secret));
    crypto_wipe(secret, sizeof(secret));
    assert_memory_equal(secret, zero, sizeof(secret));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_matches_the_published_examples),
        cmocka_unit_test(sha256_of_pieces_is_sha256_of_the_whole),
        cmocka_unit_test(an_aborted_hash_is_freed),
        cmocka_unit_test(sha1_matches_the_published_examples),
        cmocka_unit_test(hmac_matches_rfc4231),
        cmocka_unit_test(crc32_goes_on_where_it_was),
        cmocka_unit_test(equal_sees_every_byte),
        cmocka_unit_test(random_bytes_do_not_repeat),
        cmocka_unit_test(wiped_bytes_are_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
