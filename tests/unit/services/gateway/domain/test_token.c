#include "services/gateway/domain/token.h"
#include "tests/support/test.h"

static void test_a_formatted_token_is_recognised(void **state)
{
    (void)state;
    uint8_t random[TOKEN_RANDOM_BYTES];
    char text[TOKEN_TEXT], header[128] = "bearer ";
    struct pr_str token;
    for (size_t i = 0; i < sizeof random; i++)
        random[i] = (uint8_t)(i * 37);
    token_format(random, text);
    assert_int_equal(strlen(text), TOKEN_TEXT - 1);
    assert_memory_equal(text, "prt_", 4);
    strncat(header, text, 100);
    assert_true(token_from_authorization(pr_str(header), &token));
    assert_true(pr_str_is(token, text));
}

static void test_anything_else_is_refused(void **state)
{
    (void)state;
    static const char good[] = "Bearer prt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    static const char *const bad[] = {
        "",
        "Bearer",
        "Bearer ",
        "Basic cHJ0Xw==",
        "prt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "Bearer prt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "Bearer prt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "Bearer prx_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "Bearer prt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA+A",
        "Bearer  prt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    };
    struct pr_str token;
    assert_true(token_from_authorization(pr_str(good), &token));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(token_from_authorization(pr_str(bad[i]), &token));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_formatted_token_is_recognised),
        cmocka_unit_test(test_anything_else_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
