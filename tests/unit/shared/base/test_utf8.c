#include "shared/base/utf8.h"

#include "tests/support/test.h"

static const struct pr_str none = {NULL, 0};

static void test_well_formed(void **state)
{
    (void)state;
    static const struct pr_str good[] = {
        {NULL, 0},
        PR_STR(""),
        PR_STR("plain"),
        PR_STR("\0"),
        PR_STR("\x7f"),
        PR_STR("\xc2\x80"), /* the first and the last of each length */
        PR_STR("\xdf\xbf"),
        PR_STR("\xe0\xa0\x80"),
        PR_STR("\xef\xbf\xbf"),
        PR_STR("\xf0\x90\x80\x80"),
        PR_STR("\xf4\x8f\xbf\xbf"),
        PR_STR("\xed\x9f\xbf"), /* around the surrogates */
        PR_STR("\xee\x80\x80"),
        PR_STR("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x8e\xad!"),
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(pr_utf8_valid(good[i]));
}

static void test_ill_formed(void **state)
{
    (void)state;
    static const struct pr_str bad[] = {
        PR_STR("\x80"),
        PR_STR("\xbf"),
        PR_STR("a\x80"),
        PR_STR("\xc2"), /* cut off */
        PR_STR("\xe2\x82"),
        PR_STR("\xf0\x9f\x8e"),
        PR_STR("\xc2\x41"), /* no continuation */
        PR_STR("\xe2\x82\x41"),
        PR_STR("\xc2\xc2\x80"),
        PR_STR("\xc0\x80"), /* overlong */
        PR_STR("\xc0\xaf"),
        PR_STR("\xc1\xbf"),
        PR_STR("\xe0\x80\xaf"),
        PR_STR("\xe0\x9f\xbf"),
        PR_STR("\xf0\x80\x80\xaf"),
        PR_STR("\xf0\x8f\xbf\xbf"),
        PR_STR("\xed\xa0\x80"), /* surrogates */
        PR_STR("\xed\xbf\xbf"),
        PR_STR("\xed\xa0\xbd\xed\xb8\x80"),
        PR_STR("\xf4\x90\x80\x80"), /* above U+10FFFF */
        PR_STR("\xf5\x80\x80\x80"),
        PR_STR("\xf8\x88\x80\x80\x80"),
        PR_STR("\xfe"),
        PR_STR("\xff"),
        PR_STR("caf\xe9"), /* Latin-1 */
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(pr_utf8_valid(bad[i]));
}

/* Writes a code point, surrogates too. */
static struct pr_str encode(uint32_t c, char out[4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return pr_str_n(out, 1);
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned first[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = n; i-- > 1; c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)(first[n] | c);
    return pr_str_n(out, n);
}

static bool is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x61c || c == 0x200e || c == 0x200f ||
           (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

static void test_every_code_point(void **state)
{
    (void)state;
    char bytes[4];
    for (uint32_t c = 0; c < 0x110000; c++) {
        struct pr_str s = encode(c, bytes);
        bool surrogate = c >= 0xd800 && c <= 0xdfff;
        if (pr_utf8_valid(s) == surrogate)
            fail_msg("U+%04X", c);
        if (!surrogate && pr_utf8_has_control(s) != is_control(c))
            fail_msg("U+%04X", c);
    }
}

/* Of two bytes, those are well-formed that the table of RFC 3629 says. */
static void test_every_pair_of_bytes(void **state)
{
    (void)state;
    for (int a = 0; a < 256; a++) {
        for (int b = 0; b < 256; b++) {
            bool expected =
                (a < 0x80 && b < 0x80) || (a >= 0xc2 && a <= 0xdf && b >= 0x80 && b <= 0xbf);
            assert_int_equal(pr_utf8_valid(pr_str_n((char[]){(char)a, (char)b}, 2)), expected);
        }
    }
}

static void test_control_anywhere_is_found(void **state)
{
    (void)state;
    assert_false(pr_utf8_has_control(none));
    assert_false(pr_utf8_has_control(pr_str("caf\xc3\xa9 \xf0\x9f\x8e\xad")));
    assert_true(pr_utf8_has_control(pr_str("caf\xc3\xa9\n")));
    assert_true(pr_utf8_has_control(pr_str("\x01 a")));
    assert_true(pr_utf8_has_control(pr_str("a\xe2\x80\xae"
                                           "b")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_well_formed),
        cmocka_unit_test(test_ill_formed),
        cmocka_unit_test(test_every_code_point),
        cmocka_unit_test(test_every_pair_of_bytes),
        cmocka_unit_test(test_control_anywhere_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
