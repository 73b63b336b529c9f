#include "services/media/domain/code.h"

#include "shared/base/alloc.h"
#include "tests/support/test.h"

#include <stdio.h>

static const char alphabet[] = "23456789ABCDEFGHJKMNPQRSTUVWXYZ";

static void test_alphabet_has_no_look_alikes(void **state)
{
    (void)state;
    bool seen[256] = {false};
    size_t n = 0;
    for (unsigned byte = 0; byte < 256; byte++) {
        uint8_t random[CODE_LENGTH_MIN];
        char out[CODE_LENGTH_MAX + 1];
        memset(random, (int)byte, sizeof random);
        if (!code_from_random(random, sizeof random, CODE_LENGTH_MIN, out)) {
            assert_true(byte >= 248);
            continue;
        }
        assert_int_equal(strspn(out, alphabet), CODE_LENGTH_MIN);
        assert_null(strpbrk(out, "0O1IL"));
        n += !seen[(unsigned char)out[0]];
        seen[(unsigned char)out[0]] = true;
    }
    assert_int_equal(n, 31);
}

/* Of the 256 values a byte has, each character has eight. */
static void test_every_character_is_as_likely(void **state)
{
    (void)state;
    unsigned counts[256] = {0};
    for (unsigned byte = 0; byte < 256; byte++) {
        uint8_t random[] = {(uint8_t)byte, 0, 0, 0, 0, 0, 0};
        char out[CODE_LENGTH_MAX + 1];
        assert_true(code_from_random(random, sizeof random, CODE_LENGTH_MIN, out));
        if (byte < 248)
            counts[(unsigned char)out[0]]++;
    }
    for (const char *c = alphabet; *c; c++)
        assert_int_equal(counts[(unsigned char)*c], 8);
}

static void test_as_long_as_asked_or_not_at_all(void **state)
{
    (void)state;
    uint8_t random[CODE_RANDOM_BYTES];
    char out[CODE_LENGTH_MAX + 1];
    for (size_t i = 0; i < sizeof random; i++)
        random[i] = (uint8_t)(i % 2 ? 255 : i);
    for (size_t length = CODE_LENGTH_MIN; length <= CODE_LENGTH_MAX; length++) {
        assert_true(code_from_random(random, sizeof random, length, out));
        assert_int_equal(strlen(out), length);
        assert_true(code_from_random(random, 2 * length - 1, length, out));
        assert_false(code_from_random(random, 2 * length - 2, length, out));
    }
}

static bool draws(const char *code)
{
    uint8_t random[CODE_LENGTH_MAX];
    char out[CODE_LENGTH_MAX + 1];
    for (size_t i = 0; code[i]; i++)
        random[i] = (uint8_t)(strchr(alphabet, code[i]) - alphabet);
    bool drawn = code_from_random(random, strlen(code), strlen(code), out);
    assert_string_equal(out, code);
    return drawn;
}

/* A mail merge would print another code, or none. */
static void test_no_code_is_a_number_to_a_spreadsheet(void **state)
{
    (void)state;
    static const char *const numbers[] = {"2345E6", "2E3456", "23E4567", "99999999E999"};
    static const char *const codes[] = {"234567", "E23456", "23456E", "23EE45", "23E4A5", "ABCDEF"};
    for (size_t i = 0; i < PR_COUNT(numbers); i++)
        assert_false(draws(numbers[i]));
    for (size_t i = 0; i < PR_COUNT(codes); i++)
        assert_true(draws(codes[i]));
}

static void test_what_is_typed_is_read_generously(void **state)
{
    (void)state;
    static const struct {
        const char *typed, *code;
    } cases[] = {
        {"ABC234", "ABC234"},
        {"abc234", "ABC234"},
        {" aBc-234\n", "ABC234"},
        {"A B\tC - 2 3 4\r\n", "ABC234"},
        {"\xc2\xa0"
         "ABC\xe2\x80\xaf"
         "2\xe2\x80\x91"
         "3\xe2\x80\x93"
         "4\xe3\x80\x80",
         "ABC234"},
        {"ABCDEFGHJKMN", "ABCDEFGHJKMN"},
        {"ABCDEFGHJKMNP", NULL},
        {"ABC23", NULL},
        {"", NULL},
        {"      ", NULL},
        {"ABC230", NULL},
        {"ABC23O", NULL},
        {"ABC231", NULL},
        {"ABC23I", NULL},
        {"abc23l", NULL},
        {"ABC_234", NULL},
        {"ABC234\xc3\x9f", NULL},
        {"ABC234\xe2\x80\xae", NULL},
        {"ABC234\xe2\x80", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[CODE_LENGTH_MAX + 1];
        bool good = code_normalize(pr_str(cases[i].typed), out);
        assert_int_equal(good, cases[i].code != NULL);
        if (good)
            assert_string_equal(out, cases[i].code);
    }
    char out[CODE_LENGTH_MAX + 1];
    assert_false(code_normalize(pr_str_n("ABC234\0", 7), out));
}

static void test_labels(void **state)
{
    (void)state;
    struct code code = {.label = "before"};
    struct pr_fault fault;
    char longest[CODE_LABEL_MAX + 2];
    memset(longest, 'x', sizeof longest);
    longest[CODE_LABEL_MAX] = 0;
    static const struct pr_str bad[] = {
        PR_STR(""),     PR_STR(" \t "),          PR_STR("a\nb"),
        PR_STR("a\0b"), PR_STR("a\xe2\x80\xae"), PR_STR("\xff"),
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(code_set_label(&code, bad[i], &fault), PR_ERR_INVALID);
        assert_string_equal(fault.field, "label");
        assert_string_equal(code.label, "before");
    }
    assert_int_equal(code_set_label(&code, pr_str(longest), &fault), PR_OK);
    assert_string_equal(code.label, longest);
    assert_int_equal(code_set_label(&code, pr_str_n(longest, CODE_LABEL_MAX + 1), &fault),
                     PR_ERR_INVALID);
    assert_int_equal(code_set_label(&code, pr_str("  Tisch 4, M\xc3\xbcller "), &fault), PR_OK);
    assert_string_equal(code.label, "Tisch 4, M\xc3\xbcller");
}

static void test_never_outlives_the_event(void **state)
{
    (void)state;
    struct code code = {.expires_at_ms = 0};
    assert_int_equal(code_ends_at_ms(&code, 1000), 1000);
    code.expires_at_ms = 999;
    assert_int_equal(code_ends_at_ms(&code, 1000), 999);
    code.expires_at_ms = 1001;
    assert_int_equal(code_ends_at_ms(&code, 1000), 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alphabet_has_no_look_alikes),
        cmocka_unit_test(test_every_character_is_as_likely),
        cmocka_unit_test(test_as_long_as_asked_or_not_at_all),
        cmocka_unit_test(test_no_code_is_a_number_to_a_spreadsheet),
        cmocka_unit_test(test_what_is_typed_is_read_generously),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_never_outlives_the_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
