#include "services/gateway/domain/account.h"
#include "tests/support/test.h"

static void test_modes_of_signing_up_have_names(void **state)
{
    (void)state;
    enum signup_mode mode;
    for (unsigned i = 0; i < 3; i++) {
        assert_true(signup_mode_parse(pr_str(signup_mode_name((enum signup_mode)i)), &mode));
        assert_int_equal(mode, i);
    }
    assert_string_equal(signup_mode_name(SIGNUP_INVITE), "invite");
    assert_false(signup_mode_parse(pr_str("Open"), &mode));
    assert_false(signup_mode_parse(pr_str(""), &mode));
}

static void test_names(void **state)
{
    (void)state;
    static const char *const good[] = {"abc",        "a-1",  "007",
                                       "anna-photo", "a--b", "abcdefghijklmnopqrstuvwxyz012345"};
    static const char *const bad[] = {
        "",      "ab",  "-abc", "abc-",        "Abc",
        "a_b",   "a.b", "a b",  "b\xc3\xbcro", "abcdefghijklmnopqrstuvwxyz0123456",
        "abc\n", "a/b",
    };
    struct pr_fault fault;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_int_equal(account_check_name(pr_str(good[i]), &fault), PR_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(account_check_name(pr_str(bad[i]), &fault), PR_ERR_INVALID);
        assert_string_equal(fault.field, "name");
    }
}

static void test_nobody_is_called_like_a_page(void **state)
{
    (void)state;
    static const char *const reserved[] = {"api",    "assets", "admin",   "account", "login",
                                           "logout", "signup", "healthz", "readyz",  "metrics",
                                           "debug",  "events", "guest",   "gallery", "docs",
                                           "static", "www",    "media",   "tags",    "well-known"};
    struct pr_fault fault;
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
        assert_int_equal(account_check_name(pr_str(reserved[i]), &fault), PR_ERR_INVALID);
    assert_int_equal(account_check_name(pr_str("adminx"), &fault), PR_OK);
    assert_true(account_may_be_called(pr_str("admin")));
    assert_false(account_may_be_called(pr_str("wp-content.php")));
    assert_true(account_event_slug(pr_str("summer-wedding")));
    assert_false(account_event_slug(pr_str("setup.php")));
    assert_false(account_event_slug(pr_str("")));
}

static void test_addresses_are_trimmed_and_lowered(void **state)
{
    (void)state;
    static const struct {
        const char *given, *kept;
    } good[] = {
        {"anna@example.com", "anna@example.com"},
        {"  Anna.B+Photos@EXAMPLE.com\t", "anna.b+photos@example.com"},
        {"a@b", "a@b"},
        {"o'neil!#$%&*/=?^_`{|}~-@x-1.y", "o'neil!#$%&*/=?^_`{|}~-@x-1.y"},
    };
    char email[ACCOUNT_EMAIL_MAX + 1];
    struct pr_fault fault;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(account_check_email(pr_str(good[i].given), email, &fault), PR_OK);
        assert_string_equal(email, good[i].kept);
    }
}

static void test_what_is_no_address(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",      "anna",  "@b",     "a@",     "a@b@c",      "a b@c",     "a@b c",
        "a@-b",  "a@b-",  "a@b..c", "a@.b",   "a@b.",       "\"a b\"@c", "a@[127.0.0.1]",
        "a,b@c", "<a@b>", "a@b\n",  "a@b\nx", "\xc3\xa4@b", "a@b_c",     "a@b,c@d",
    };
    char email[ACCOUNT_EMAIL_MAX + 1], longest[400];
    struct pr_fault fault;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(account_check_email(pr_str(bad[i]), email, &fault), PR_ERR_INVALID);
        assert_string_equal(fault.field, "email");
        assert_string_equal(email, "");
    }
    assert_int_equal(account_check_email(pr_str_n("a@b\0c", 5), email, &fault), PR_ERR_INVALID);
    assert_int_equal(account_check_email(pr_str_n("a\0@b", 4), email, &fault), PR_ERR_INVALID);

    memset(longest, 'a', sizeof longest);
    longest[64] = '@'; /* 64 before it, and labels of 63 behind it */
    for (size_t i = 64 + 64; i < sizeof longest; i += 64)
        longest[i] = '.';
    assert_int_equal(account_check_email(pr_str_n(longest, ACCOUNT_EMAIL_MAX), email, &fault),
                     PR_OK);
    assert_int_equal(account_check_email(pr_str_n(longest, ACCOUNT_EMAIL_MAX + 1), email, &fault),
                     PR_ERR_INVALID);
    longest[64] = 'a';
    longest[65] = '@';
    assert_int_equal(account_check_email(pr_str_n(longest, 70), email, &fault), PR_ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_modes_of_signing_up_have_names),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_nobody_is_called_like_a_page),
        cmocka_unit_test(test_addresses_are_trimmed_and_lowered),
        cmocka_unit_test(test_what_is_no_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
