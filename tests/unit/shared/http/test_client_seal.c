#include "shared/base/encode.h"
#include "shared/crypto/crypto.h"
#include "shared/http/client_seal.h"
#include "shared/http/identity.h"
#include "tests/support/test.h"

#include <stdio.h>

#define NOW ((int64_t)1763700000000)
#define LATER "9763700000000"

static const struct pr_str secret = PR_STR("a secret of the deployment");

static void sign(const char *client, char out[CLIENT_SEAL_HEADER_MAX])
{
    assert_true(client_seal_sign(secret, pr_str(client), NOW + CLIENT_SEAL_TTL_MS, out));
}

/* Any payload, rightly signed. */
static void sign_text(const char *payload, char out[CLIENT_SEAL_HEADER_MAX])
{
    uint8_t mac[SHA256_BYTES];
    hmac_sha256(secret, pr_str(payload), mac);
    pr_base64url_encode(payload, strlen(payload), out);
    strcat(out, ".");
    pr_base64url_encode(mac, sizeof mac, out + strlen(out));
}

static bool verify_at(const char *header, int64_t now_ms, char out[ADDRESS_TEXT])
{
    struct address address;
    bool good = client_seal_verify(secret, pr_str(header), now_ms, &address);
    if (good)
        address_format(&address, out);
    return good;
}

static void test_round_trip(void **state)
{
    static const char *const clients[] = {"127.0.0.1", "203.0.113.255", "2001:db8::1",
                                          "2001:db8:1111:2222:3333:4444:5555:6666"};
    (void)state;
    for (size_t i = 0; i < sizeof clients / sizeof *clients; i++) {
        char header[CLIENT_SEAL_HEADER_MAX], client[ADDRESS_TEXT];
        sign(clients[i], header);
        assert_true(verify_at(header, NOW, client));
        assert_string_equal(client, clients[i]);
    }
}

static void test_the_longest_fits(void **state)
{
    char header[CLIENT_SEAL_HEADER_MAX], client[ADDRESS_TEXT];
    (void)state;
    assert_true(client_seal_sign(secret, pr_str("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
                                 INT64_MAX, header));
    assert_true(verify_at(header, NOW, client));
}

static void test_what_is_no_address_is_not_signed(void **state)
{
    static const char *const clients[] = {"", "localhost", "127.0.0.1:80", "2001:db8::/64",
                                          "::1|9"};
    char header[CLIENT_SEAL_HEADER_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof clients / sizeof *clients; i++) {
        assert_false(client_seal_sign(secret, pr_str(clients[i]), NOW, header));
        assert_int_equal(header[0], 0);
    }
}

static void test_expired(void **state)
{
    char header[CLIENT_SEAL_HEADER_MAX], client[ADDRESS_TEXT];
    (void)state;
    sign("127.0.0.1", header);
    assert_true(verify_at(header, NOW + CLIENT_SEAL_TTL_MS - 1, client));
    assert_false(verify_at(header, NOW + CLIENT_SEAL_TTL_MS, client));
}

static void test_every_changed_character_is_noticed(void **state)
{
    char header[CLIENT_SEAL_HEADER_MAX], client[ADDRESS_TEXT];
    (void)state;
    sign("127.0.0.1", header);
    for (size_t i = 0; header[i]; i++) {
        char kept = header[i];
        header[i] = kept == 'A' ? 'B' : 'A';
        assert_false(verify_at(header, NOW, client));
        header[i] = kept;
    }
    assert_true(verify_at(header, NOW, client));
}

static void test_truncated_and_longer(void **state)
{
    char header[2 * CLIENT_SEAL_HEADER_MAX];
    struct address address;
    (void)state;
    sign("127.0.0.1", header);
    for (size_t n = 0; header[n]; n++)
        assert_false(client_seal_verify(secret, pr_str_n(header, n), NOW, &address));
    strcat(header, "A");
    assert_false(client_seal_verify(secret, pr_str(header), NOW, &address));
    memset(header, 'A', sizeof header);
    assert_false(client_seal_verify(secret, pr_str_n(header, sizeof header), NOW, &address));
}

static void test_another_secret_and_none(void **state)
{
    char header[CLIENT_SEAL_HEADER_MAX];
    struct address address;
    struct pr_str none = {"", 0}, client = pr_str("127.0.0.1");
    (void)state;
    assert_true(client_seal_sign(pr_str("another secret"), client, NOW + 1, header));
    assert_false(client_seal_verify(secret, pr_str(header), NOW, &address));
    assert_false(client_seal_sign(none, client, NOW + 1, header));
    sign("127.0.0.1", header);
    assert_false(client_seal_verify(none, pr_str(header), NOW, &address));
}

static void test_signed_nonsense_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "client1",
        "client1|127.0.0.1",
        "client2|127.0.0.1|" LATER,
        "1|127.0.0.1|" LATER,
        "client1||" LATER,
        "client1|127.0.0|" LATER,
        "client1|127.0.0.1|",
        "client1|127.0.0.1|-5",
        "client1|127.0.0.1|99999999999999999999",
        "client1|127.0.0.1|" LATER "|more",
        "client1|127.0.0.1|" LATER " ",
        "client1|::1%eth0|" LATER,
    };
    char header[CLIENT_SEAL_HEADER_MAX], client[ADDRESS_TEXT];
    (void)state;
    sign_text("client1|127.0.0.1|" LATER, header);
    assert_true(verify_at(header, NOW, client));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        sign_text(bad[i], header);
        if (verify_at(header, NOW, client))
            fail_msg("\"%s\" was taken", bad[i]);
    }
}

/* One secret signs both. */
static void test_an_identity_is_no_client_and_the_other_way_round(void **state)
{
    char seal[CLIENT_SEAL_HEADER_MAX], header[IDENTITY_HEADER_MAX];
    struct identity identity = {.account_id = {{1}}, .name = "ada", .expires_at_ms = NOW + 1000};
    struct address address;
    (void)state;
    sign("127.0.0.1", seal);
    assert_true(identity_sign(secret, &identity, header));
    assert_false(client_seal_verify(secret, pr_str(header), NOW, &address));
    assert_false(identity_verify(secret, pr_str(seal), NOW, &identity));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_the_longest_fits),
        cmocka_unit_test(test_what_is_no_address_is_not_signed),
        cmocka_unit_test(test_expired),
        cmocka_unit_test(test_every_changed_character_is_noticed),
        cmocka_unit_test(test_truncated_and_longer),
        cmocka_unit_test(test_another_secret_and_none),
        cmocka_unit_test(test_signed_nonsense_is_refused),
        cmocka_unit_test(test_an_identity_is_no_client_and_the_other_way_round),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
