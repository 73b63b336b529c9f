#include "shared/base/str.h"

#include "tests/support/test.h"

#include <stdlib.h>

static const struct pr_str none = {NULL, 0};

static void test_equality_looks_at_bytes(void **state)
{
    (void)state;
    assert_true(pr_str_eq(none, pr_str("")));
    assert_true(pr_str_eq(pr_str_n("a\0b", 3), pr_str_n("a\0b", 3)));
    assert_false(pr_str_eq(pr_str_n("a\0b", 3), pr_str_n("a\0c", 3)));
    assert_false(pr_str_eq(pr_str("ab"), pr_str("abc")));
    assert_false(pr_str_eq(none, pr_str("a")));
    assert_true(pr_str_is(none, ""));
    assert_false(pr_str_is(pr_str_n("a\0", 2), "a"));
}

static void test_prefix_and_suffix(void **state)
{
    (void)state;
    struct pr_str s = PR_STR("image/jpeg");
    assert_true(pr_str_has_prefix(s, pr_str("image/")));
    assert_true(pr_str_has_prefix(s, none));
    assert_true(pr_str_has_prefix(s, s));
    assert_false(pr_str_has_prefix(s, pr_str("image/jpegs")));
    assert_false(pr_str_has_prefix(s, pr_str("video/")));
    assert_true(pr_str_has_suffix(s, pr_str("/jpeg")));
    assert_true(pr_str_has_suffix(s, none));
    assert_true(pr_str_has_suffix(s, s));
    assert_false(pr_str_has_suffix(s, pr_str("an image/jpeg")));
    assert_false(pr_str_has_suffix(s, pr_str("/jpe")));
    assert_true(pr_str_has_prefix(none, none));
    assert_false(pr_str_has_prefix(none, pr_str("a")));
    assert_false(pr_str_has_suffix(none, pr_str("a")));
}

static void check_cut(struct pr_str s, bool found, const char *head, const char *tail)
{
    struct pr_str a, b;
    assert_int_equal(pr_str_cut(s, '=', &a, &b), found);
    assert_true(pr_str_is(a, head));
    assert_true(pr_str_is(b, tail));
}

static void test_cut_is_at_the_first(void **state)
{
    (void)state;
    check_cut(pr_str("a=b=c"), true, "a", "b=c");
    check_cut(pr_str("="), true, "", "");
    check_cut(pr_str("=b"), true, "", "b");
    check_cut(pr_str("a="), true, "a", "");
    check_cut(pr_str("ab"), false, "ab", "");
    check_cut(none, false, "", "");
    struct pr_str rest = PR_STR("a=b"), head;
    assert_true(pr_str_cut(rest, '=', &head, &rest)); /* the tail may replace what is cut */
    assert_true(pr_str_is(rest, "b"));
}

static void test_int_within_bounds(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
    } good[] = {{"0", 0},
                {"-0", 0},
                {"007", 7},
                {"42", 42},
                {"-42", -42},
                {"9223372036854775807", INT64_MAX},
                {"-9223372036854775808", INT64_MIN}};
    int64_t value;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(pr_str_to_int(pr_str(good[i].text), INT64_MIN, INT64_MAX, &value));
        assert_int_equal(value, good[i].value);
    }
    assert_true(pr_str_to_int(pr_str("5"), 5, 5, &value));
    assert_false(pr_str_to_int(pr_str("4"), 5, 5, &value));
    assert_false(pr_str_to_int(pr_str("6"), 5, 5, &value));
}

static void test_what_is_not_an_int(void **state)
{
    (void)state;
    static const struct pr_str bad[] = {
        {NULL, 0},
        PR_STR(""),
        PR_STR("-"),
        PR_STR("+1"),
        PR_STR(" 1"),
        PR_STR("1 "),
        PR_STR("1.0"),
        PR_STR("1e3"),
        PR_STR("0x10"),
        PR_STR("--1"),
        PR_STR("1-"),
        PR_STR("1\0"),
        PR_STR("\n1"),
        PR_STR("\xd9\xa1"),
        PR_STR("9223372036854775808"),
        PR_STR("-9223372036854775809"),
        PR_STR("99999999999999999999999999999999999999"),
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t value = 77;
        assert_false(pr_str_to_int(bad[i], INT64_MIN, INT64_MAX, &value));
        assert_int_equal(value, 77);
    }
}

static void test_copy_fits_or_is_empty(void **state)
{
    (void)state;
    char out[4] = "xxx";
    assert_true(pr_str_copy(pr_str("abc"), out, sizeof out));
    assert_string_equal(out, "abc");
    assert_false(pr_str_copy(pr_str("abcd"), out, sizeof out));
    assert_string_equal(out, "");
    assert_true(pr_str_copy(none, out, 1));
    assert_string_equal(out, "");
}

static void test_dup_is_terminated(void **state)
{
    (void)state;
    char *copy = pr_str_dup(pr_str_n("abcdef", 3)), *empty = pr_str_dup(none);
    assert_string_equal(copy, "abc");
    assert_string_equal(empty, "");
    free(copy);
    free(empty);
}

static void test_trim_takes_spaces_and_tabs_at_the_ends(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {"", ""}, {" \t ", ""}, {"a", "a"}, {"\t a \tb  ", "a \tb"}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_true(pr_str_is(pr_str_trim(pr_str(texts[i][0])), texts[i][1]));
    assert_true(pr_str_is(pr_str_trim(pr_str_n(" ab ", 2)), "a"));
}

static void test_case_of_ascii_letters_alone(void **state)
{
    (void)state;
    char text[] = "AZaz09@[\xc3\x84-Z";
    assert_true(pr_str_is_nocase(pr_str("gZiP"), "GzIp"));
    assert_true(pr_str_is_nocase(none, ""));
    assert_false(pr_str_is_nocase(pr_str("gzip"), "gzi"));
    assert_false(pr_str_is_nocase(pr_str("gzi"), "gzip"));
    assert_false(pr_str_is_nocase(pr_str("@"), "`"));
    assert_true(pr_str_eq_nocase(pr_str_n("ABC", 2), pr_str_n("abd", 2)));
    pr_lower(text, sizeof text - 2);
    assert_string_equal(text, "azaz09@[\xc3\x84-Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equality_looks_at_bytes),
        cmocka_unit_test(test_case_of_ascii_letters_alone),
        cmocka_unit_test(test_prefix_and_suffix),
        cmocka_unit_test(test_trim_takes_spaces_and_tabs_at_the_ends),
        cmocka_unit_test(test_cut_is_at_the_first),
        cmocka_unit_test(test_int_within_bounds),
        cmocka_unit_test(test_what_is_not_an_int),
        cmocka_unit_test(test_copy_fits_or_is_empty),
        cmocka_unit_test(test_dup_is_terminated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
