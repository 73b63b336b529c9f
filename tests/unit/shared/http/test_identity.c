#include "shared/base/encode.h"
#include "shared/crypto/crypto.h"
#include "shared/http/identity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define NOW ((int64_t)1763700000000)

static const struct pr_str secret = PR_STR("a secret of the deployment");

static struct identity somebody(void)
{
    struct identity identity = {
        .account_id = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}},
        .name = "Zo\xc3\xab von Test",
        .tier = TIER_PREMIUM,
        .role = ROLE_ADMIN,
        .expires_at_ms = NOW + 60000,
    };
    return identity;
}

/* Any payload, rightly signed. */
static void sign_text(const char *payload, char out[IDENTITY_HEADER_MAX])
{
    uint8_t mac[SHA256_BYTES];
    hmac_sha256(secret, pr_str(payload), mac);
    pr_base64url_encode(payload, strlen(payload), out);
    strcat(out, ".");
    pr_base64url_encode(mac, sizeof mac, out + strlen(out));
}

static void test_round_trip(void **state)
{
    struct identity identity = somebody(), out;
    char header[IDENTITY_HEADER_MAX];
    (void)state;
    assert_true(identity_sign(secret, &identity, header));
    assert_true(identity_verify(secret, pr_str(header), NOW, &out));
    assert_true(pr_uuid_eq(&out.account_id, &identity.account_id));
    assert_string_equal(out.name, identity.name);
    assert_int_equal(out.tier, TIER_PREMIUM);
    assert_int_equal(out.role, ROLE_ADMIN);
    assert_int_equal(out.expires_at_ms, NOW + 60000);
}

static void test_longest_identity_fits(void **state)
{
    struct identity identity = somebody(), out;
    char header[IDENTITY_HEADER_MAX];
    (void)state;
    memset(identity.name, 'n', sizeof identity.name - 1);
    identity.tier = TIER_BUSINESS;
    identity.expires_at_ms = INT64_MAX;
    assert_true(identity_sign(secret, &identity, header));
    assert_true(identity_verify(secret, pr_str(header), NOW, &out));
    assert_string_equal(out.name, identity.name);
}

static void test_expired(void **state)
{
    struct identity identity = somebody(), out;
    char header[IDENTITY_HEADER_MAX];
    (void)state;
    assert_true(identity_sign(secret, &identity, header));
    assert_true(identity_verify(secret, pr_str(header), identity.expires_at_ms - 1, &out));
    assert_false(identity_verify(secret, pr_str(header), identity.expires_at_ms, &out));
}

static void test_every_changed_character_is_noticed(void **state)
{
    struct identity identity = somebody(), out;
    char header[IDENTITY_HEADER_MAX];
    (void)state;
    assert_true(identity_sign(secret, &identity, header));
    for (size_t i = 0; header[i]; i++) {
        char kept = header[i];
        header[i] = kept == 'A' ? 'B' : 'A';
        assert_false(identity_verify(secret, pr_str(header), NOW, &out));
        header[i] = kept;
    }
    assert_true(identity_verify(secret, pr_str(header), NOW, &out));
}

static void test_truncated_and_longer(void **state)
{
    struct identity identity = somebody(), out;
    char header[2 * IDENTITY_HEADER_MAX];
    (void)state;
    assert_true(identity_sign(secret, &identity, header));
    for (size_t n = 0; header[n]; n++)
        assert_false(identity_verify(secret, pr_str_n(header, n), NOW, &out));
    strcat(header, "A");
    assert_false(identity_verify(secret, pr_str(header), NOW, &out));
    memset(header, 'A', sizeof header);
    assert_false(identity_verify(secret, pr_str_n(header, sizeof header), NOW, &out));
}

static void test_another_secret(void **state)
{
    struct identity identity = somebody(), out;
    char header[IDENTITY_HEADER_MAX];
    (void)state;
    assert_true(identity_sign(pr_str("another secret"), &identity, header));
    assert_false(identity_verify(secret, pr_str(header), NOW, &out));
}

static void test_no_secret_no_identity(void **state)
{
    struct identity identity = somebody(), out;
    struct pr_str none = {"", 0};
    char header[IDENTITY_HEADER_MAX];
    (void)state;
    assert_false(identity_sign(none, &identity, header));
    assert_true(identity_sign(secret, &identity, header));
    assert_false(identity_verify(none, pr_str(header), NOW, &out));
}

#define ID "01020304-0506-0708-090a-0b0c0d0e0f10"
#define LATER "9763700000000"

static void test_signed_nonsense_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "1",
        "2|" ID "|name|free|user|" LATER, /* another version */
        "|" ID "|name|free|user|" LATER,
        "1|" ID "|name|free|user",
        "1|" ID "|name|free|user|" LATER "|more",
        "1|" ID "|name|free|user|",
        "1|" ID "|name|free|user|-5",
        "1|" ID "|name|free|user|99999999999999999999",
        "1|" ID "||free|user|" LATER,
        "1|" ID "|na\nme|free|user|" LATER,
        "1|" ID "|na\xffme|free|user|" LATER,
        "1|" ID "|123456789012345678901234567890123|free|user|" LATER,
        "1|not-a-uuid|name|free|user|" LATER,
        "1|" ID "|name|gold|user|" LATER,
        "1|" ID "|name|free|root|" LATER,
    };
    char header[IDENTITY_HEADER_MAX];
    struct identity out;
    (void)state;
    sign_text("1|" ID "|name|free|user|" LATER, header);
    assert_true(identity_verify(secret, pr_str(header), NOW, &out));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        sign_text(bad[i], header);
        if (identity_verify(secret, pr_str(header), NOW, &out))
            fail_msg("\"%s\" was taken", bad[i]);
    }
}

static void test_names_that_are_not_signed(void **state)
{
    static const char *const names[] = {"", "a|b", "a\nb", "a\xff", "a\xe2\x80\xae-"};
    char header[IDENTITY_HEADER_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct identity identity = somebody();
        snprintf(identity.name, sizeof identity.name, "%s", names[i]);
        assert_false(identity_sign(secret, &identity, header));
        assert_int_equal(header[0], 0);
    }
}

static void test_names_of_tiers_and_roles(void **state)
{
    enum identity_tier tier;
    enum identity_role role;
    (void)state;
    for (unsigned i = TIER_FREE; i <= TIER_BUSINESS; i++) {
        assert_true(identity_tier_parse(pr_str(identity_tier_name((enum identity_tier)i)), &tier));
        assert_int_equal(tier, i);
    }
    for (unsigned i = ROLE_USER; i <= ROLE_ADMIN; i++) {
        assert_true(identity_role_parse(pr_str(identity_role_name((enum identity_role)i)), &role));
        assert_int_equal(role, i);
    }
    assert_false(identity_tier_parse(pr_str("Free"), &tier));
    assert_false(identity_role_parse(pr_str(""), &role));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_longest_identity_fits),
        cmocka_unit_test(test_expired),
        cmocka_unit_test(test_every_changed_character_is_noticed),
        cmocka_unit_test(test_truncated_and_longer),
        cmocka_unit_test(test_another_secret),
        cmocka_unit_test(test_no_secret_no_identity),
        cmocka_unit_test(test_signed_nonsense_is_refused),
        cmocka_unit_test(test_names_that_are_not_signed),
        cmocka_unit_test(test_names_of_tiers_and_roles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
