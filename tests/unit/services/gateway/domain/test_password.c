#include "services/gateway/domain/account.h"
#include "tests/support/test.h"

static const struct account anna = {.name = "anna-photo", .email = "anna@example.com"};

static enum pr_err check(struct pr_str password)
{
    struct pr_fault fault = {0};
    enum pr_err err = account_check_password(password, "new_password", &anna, &fault);
    if (err)
        assert_string_equal(fault.field, "new_password");
    return err;
}

static void test_length_counts_characters(void **state)
{
    (void)state;
    char bytes[4 * ACCOUNT_PASSWORD_MAX + 4];
    for (size_t i = 0; i < sizeof bytes; i += 4)
        memcpy(bytes + i, "\xf0\x9f\x93\xb7", 4);
    assert_int_equal(check(pr_str_n(bytes, 4 * 7)), PR_ERR_INVALID);
    assert_int_equal(check(pr_str_n(bytes, 4 * 8)), PR_OK);
    assert_int_equal(check(pr_str_n(bytes, sizeof bytes - 4)), PR_OK);
    assert_int_equal(check(pr_str_n(bytes, sizeof bytes)), PR_ERR_INVALID);
    assert_int_equal(check(pr_str("")), PR_ERR_INVALID);
    assert_int_equal(check(pr_str("7 chars")), PR_ERR_INVALID);
    assert_int_equal(check(pr_str("8 chars.")), PR_OK);
    assert_int_equal(check(pr_str("not UTF-8 \xff")), PR_ERR_INVALID);
}

static void test_what_everybody_tries_first_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"password", "PassWord", "12345678", "QWERTYUIOP",
                                      "iloveyou", "zaq12wsx", "Passw0rd"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(check(pr_str(bad[i])), PR_ERR_INVALID);
    assert_int_equal(check(pr_str("password of mine")), PR_OK);
}

static void test_name_and_address_are_no_passwords(void **state)
{
    (void)state;
    assert_int_equal(check(pr_str("anna-photo")), PR_ERR_INVALID);
    assert_int_equal(check(pr_str("Anna-Photo")), PR_ERR_INVALID);
    assert_int_equal(check(pr_str("ANNA@example.com")), PR_ERR_INVALID);
    assert_int_equal(check(pr_str("anna-photos")), PR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_length_counts_characters),
        cmocka_unit_test(test_what_everybody_tries_first_is_refused),
        cmocka_unit_test(test_name_and_address_are_no_passwords),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
