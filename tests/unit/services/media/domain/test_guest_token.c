#include "services/media/domain/guest_token.h"

#include "tests/support/test.h"

#include <string.h>

static const struct guest_token token = {
    {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}},
    {0xff, 0xfe, 0xfd, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};

static void test_round_trip(void **state)
{
    char text[GUEST_TOKEN_TEXT];
    struct guest_token out;
    (void)state;
    guest_token_format(&token, text);
    assert_string_equal(text, "prg_AQIDBAUGBwgJCgsMDQ4PEP_-_QABAgMEBQYHCAkKCwwNDg8Q");
    assert_true(guest_token_parse(pr_str(text), &out));
    assert_memory_equal(&out, &token, sizeof out);
}

static void test_what_cannot_be_one(void **state)
{
    static const char *const bad[] = {
        "",
        "prg_",
        "prg_AQIDBAUGBwgJCgsMDQ4PEP_-_QABAgMEBQYHCAkKCwwNDg8",
        "prg_AQIDBAUGBwgJCgsMDQ4PEP_-_QABAgMEBQYHCAkKCwwNDg8QA",
        "prt_AQIDBAUGBwgJCgsMDQ4PEP_-_QABAgMEBQYHCAkKCwwNDg8Q",
        "prg_AQIDBAUGBwgJCgsMDQ4PEP+-_QABAgMEBQYHCAkKCwwNDg8Q",
        "prg_AQIDBAUGBwgJCgsMDQ4PEP_-_QABAgMEBQYHCAkKCwwNDg8=",
        " prg_AQIDBAUGBwgJCgsMDQ4PEP_-_QABAgMEBQYHCAkKCwwNDg8",
    };
    struct guest_token out;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(guest_token_parse(pr_str(bad[i]), &out));
    assert_false(guest_token_parse(pr_str_n(NULL, 0), &out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_what_cannot_be_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
