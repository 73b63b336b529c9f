#include "services/gateway/domain/credential.h"
#include "tests/support/test.h"

static void test_scopes_are_words_in_a_fixed_order(void **state)
{
    (void)state;
    static const char *const texts[] = {
        [1] = "read",       [2] = "write",       [3] = "read write",       [4] = "admin",
        [5] = "read admin", [6] = "write admin", [7] = "read write admin",
    };
    char text[SCOPES_TEXT];
    unsigned scopes;
    for (unsigned i = 1; i <= SCOPE_ALL; i++) {
        scopes_format(i, text);
        assert_string_equal(text, texts[i]);
        assert_true(scopes_parse(pr_str(text), &scopes));
        assert_int_equal(scopes, i);
    }
    assert_true(scopes_parse(pr_str("admin read"), &scopes));
    assert_int_equal(scopes, SCOPE_READ | SCOPE_ADMIN);
}

static void test_other_words_are_no_scopes(void **state)
{
    (void)state;
    static const char *const bad[] = {"",      " ",          "Read",        "read ",      " read",
                                      "reads", "write,read", "read  write", "read\twrite"};
    unsigned scopes;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(scopes_parse(pr_str(bad[i]), &scopes));
}

static void test_a_tokens_name_is_short_text(void **state)
{
    (void)state;
    static const char x65[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    static const char *const good[] = {"a", "backup of the bakery", "Büro \xf0\x9f\x93\xb7",
                                       x65 + 1};
    static const char *const bad[] = {"", "two\nlines", "\xff", "half \xc3", x65};
    struct credential token = {0};
    struct pr_fault fault;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(credential_set_name(&token, pr_str(good[i]), &fault), PR_OK);
        assert_string_equal(token.name, good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(credential_set_name(&token, pr_str(bad[i]), &fault), PR_ERR_INVALID);
        assert_string_equal(fault.field, "name");
    }
    assert_int_equal(credential_set_name(&token, pr_str_n("a\0b", 3), &fault), PR_ERR_INVALID);
}

static void test_a_browser_is_cut_to_what_can_be_kept(void **state)
{
    (void)state;
    struct credential session = {0};
    char longest[2 * CREDENTIAL_AGENT_MAX];
    memset(longest, 'm', sizeof longest);
    credential_set_browser(&session, pr_str_n(longest, sizeof longest), pr_str("192.0.2.1"));
    assert_int_equal(strlen(session.agent), CREDENTIAL_AGENT_MAX);
    assert_string_equal(session.address, "192.0.2.1");
    credential_set_browser(&session, pr_str_n("a\0\n\xc3\xbcz", 6), pr_str(""));
    assert_string_equal(session.agent, "a????z");
    assert_string_equal(session.address, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scopes_are_words_in_a_fixed_order),
        cmocka_unit_test(test_other_words_are_no_scopes),
        cmocka_unit_test(test_a_tokens_name_is_short_text),
        cmocka_unit_test(test_a_browser_is_cut_to_what_can_be_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
