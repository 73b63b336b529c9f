#include "shared/http/uri.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct pr_arena arena;
static struct query query;

static int teardown(void **state)
{
    (void)state;
    pr_arena_fini(&arena);
    return 0;
}

static void assert_value(const char *name, const char *value)
{
    struct pr_str got;
    assert_true(query_find(&query, name, &got));
    if (!pr_str_is(got, value))
        fail_msg("%s is \"%.*s\", not \"%s\"", name, (int)got.n, got.p, value);
}

static void test_query(void **state)
{
    struct pr_str none;
    (void)state;
    assert_true(query_parse(&arena, pr_str("a=1&b=&c&&a=2&d=x=y"), &query));
    assert_int_equal(query.count, 5);
    assert_value("a", "1");
    assert_value("b", "");
    assert_value("c", "");
    assert_value("d", "x=y");
    assert_false(query_find(&query, "e", &none));
    assert_true(query_parse(&arena, pr_str(""), &query));
    assert_int_equal(query.count, 0);
}

static void test_query_is_decoded(void **state)
{
    (void)state;
    assert_true(query_parse(&arena, pr_str("%61%20b=a+b%2Bc%26d&%C3%A9=%E2%82%AC"), &query));
    assert_value("a b", "a b+c&d");
    assert_value("\xc3\xa9", "\xe2\x82\xac");
}

static void test_bad_queries_are_refused(void **state)
{
    static const char *const bad[] = {"a=%",   "a=%1",   "%zz=1",   "a=%00",
                                      "a=%ff", "a=\xff", "a=%c0%80"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(query_parse(&arena, pr_str(bad[i]), &query));
}

static void test_query_is_bounded(void **state)
{
    char text[2 * (QUERY_MAX + 1)];
    (void)state;
    for (unsigned i = 0; i <= QUERY_MAX; i++)
        memcpy(text + 2 * i, "a&", 2);
    assert_true(query_parse(&arena, pr_str_n(text, (size_t)2 * QUERY_MAX), &query));
    assert_false(query_parse(&arena, pr_str_n(text, sizeof text), &query));
}

static void test_plain_text_is_not_copied(void **state)
{
    struct pr_str text = pr_str("plain+text"), out;
    (void)state;
    assert_true(uri_decode_text(&arena, text, false, &out));
    assert_ptr_equal(out.p, text.p);
    assert_true(uri_decode_text(&arena, pr_str_n(NULL, 0), true, &out));
    assert_int_equal(out.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_query),
        cmocka_unit_test(test_query_is_decoded),
        cmocka_unit_test(test_bad_queries_are_refused),
        cmocka_unit_test(test_query_is_bounded),
        cmocka_unit_test(test_plain_text_is_not_copied),
    };
    return cmocka_run_group_tests(tests, NULL, teardown);
}
