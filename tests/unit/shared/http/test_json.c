#include "shared/http/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static bool within(const char *text, unsigned max)
{
    return json_depth_within(pr_str(text), max);
}

static void test_depth(void **state)
{
    (void)state;
    assert_true(within("", 0));
    assert_true(within("1", 0));
    assert_false(within("{}", 0));
    assert_true(within("{}", 1));
    assert_true(within("[[],[],[]]", 2));
    assert_false(within("[[],[[]],[]]", 2));
    assert_true(within("{\"a\":{\"b\":[1]}}", 3));
    assert_false(within("{\"a\":{\"b\":[1]}}", 2));
}

static void test_brackets_in_texts_do_not_count(void **state)
{
    (void)state;
    assert_true(within("\"[[[[\"", 0));
    assert_true(within("[\"\\\"[[[\",\"\\\\\"]", 1));
    assert_false(within("[\"\\\\\",[]]", 1));
    assert_true(within("\"[\\", 0));
}

static void test_closing_too_often_gives_no_credit(void **state)
{
    (void)state;
    assert_false(within("]]]][[", 1));
}

static void test_hostile_depth(void **state)
{
    size_t n = 10 * 1000 * 1000;
    char *text = malloc(n);
    (void)state;
    assert_non_null(text);
    memset(text, '[', n);
    assert_false(json_depth_within(pr_str_n(text, n), JSON_DEPTH_MAX));
    assert_false(json_depth_within(pr_str_n(text, JSON_DEPTH_MAX + 1), JSON_DEPTH_MAX));
    assert_true(json_depth_within(pr_str_n(text, JSON_DEPTH_MAX), JSON_DEPTH_MAX));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_brackets_in_texts_do_not_count),
        cmocka_unit_test(test_closing_too_often_gives_no_credit),
        cmocka_unit_test(test_hostile_depth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
