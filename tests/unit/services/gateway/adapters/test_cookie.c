#include "services/gateway/adapters/cookie.h"

#include "tests/support/test.h"

static void test_under_https(void **state)
{
    char text[COOKIE_MAX];
    (void)state;
    assert_true(pr_str_is(cookie_name(true), "__Host-pierrot_session"));
    assert_true(pr_str_is(guest_cookie_name(true), "__Secure-pierrot_guest"));
    cookie_format(true, "prs_abc", 2592000, text);
    assert_string_equal(text, "__Host-pierrot_session=prs_abc; Path=/; Max-Age=2592000; HttpOnly; "
                              "SameSite=Lax; Secure");
}

static void test_without_tls(void **state)
{
    char text[COOKIE_MAX];
    (void)state;
    assert_true(pr_str_is(guest_cookie_name(false), "pierrot_guest"));
    cookie_format(false, "prs_abc", 60, text);
    assert_string_equal(text,
                        "pierrot_session=prs_abc; Path=/; Max-Age=60; HttpOnly; SameSite=Lax");
}

static void test_taken_away(void **state)
{
    char text[COOKIE_MAX];
    (void)state;
    cookie_format(false, "", 60, text);
    assert_string_equal(text, "pierrot_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_under_https),
        cmocka_unit_test(test_without_tls),
        cmocka_unit_test(test_taken_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
