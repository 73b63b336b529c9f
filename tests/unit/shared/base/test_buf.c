#include "shared/base/buf.h"

#include "tests/support/test.h"

static void test_appends_in_order(void **state)
{
    (void)state;
    struct pr_buf buf;
    pr_buf_init(&buf, 100);
    pr_buf_puts(&buf, "one ");
    pr_buf_append(&buf, pr_str_n("t\0o", 3));
    pr_buf_append(&buf, pr_str_n(NULL, 0));
    pr_buf_printf(&buf, " %d%s", 3, "!");
    assert_true(pr_str_eq(pr_buf_str(&buf), pr_str_n("one t\0o 3!", 10)));
    assert_false(buf.full);
    pr_buf_fini(&buf);
}

static void test_grows_to_the_maximum_and_not_beyond(void **state)
{
    (void)state;
    struct pr_buf buf;
    pr_buf_init(&buf, 1000);
    for (int i = 0; i < 1000; i++)
        pr_buf_append(&buf, pr_str_n(&"0123456789"[i % 10], 1));
    assert_int_equal(buf.n, 1000);
    assert_int_equal(buf.cap, 1000);
    assert_false(buf.full);
    pr_buf_puts(&buf, "x");
    assert_true(buf.full);
    assert_int_equal(buf.n, 1000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(buf.p[i], '0' + i % 10);
    pr_buf_fini(&buf);
}

static void test_what_does_not_fit_leaves_no_half(void **state)
{
    (void)state;
    struct pr_buf buf;
    pr_buf_init(&buf, 8);
    pr_buf_puts(&buf, "12345");
    pr_buf_puts(&buf, "6789");
    assert_true(buf.full);
    pr_buf_printf(&buf, "%s", "6789");
    assert_int_equal(buf.n, 5);
    pr_buf_puts(&buf, "678"); /* fits, but full stays said */
    assert_true(pr_str_is(pr_buf_str(&buf), "12345678"));
    assert_true(buf.full);
    pr_buf_clear(&buf);
    assert_false(buf.full);
    assert_int_equal(buf.n, 0);
    pr_buf_fini(&buf);
}

static void test_hostile_sizes_do_not_wrap(void **state)
{
    (void)state;
    struct pr_buf buf;
    pr_buf_init(&buf, 100);
    pr_buf_puts(&buf, "abc");
    assert_null(pr_buf_reserve(&buf, SIZE_MAX));
    assert_null(pr_buf_reserve(&buf, SIZE_MAX - 2));
    assert_null(pr_buf_reserve(&buf, 98));
    assert_true(buf.full);
    assert_non_null(pr_buf_reserve(&buf, 97));
    assert_true(pr_str_is(pr_buf_str(&buf), "abc"));
    pr_buf_fini(&buf);
}

static void test_reserved_bytes_count_once_committed(void **state)
{
    (void)state;
    struct pr_buf buf;
    pr_buf_init(&buf, 100);
    char *to = pr_buf_reserve(&buf, 50);
    memcpy(to, "abc", 3);
    assert_int_equal(buf.n, 0);
    pr_buf_commit(&buf, 3);
    assert_true(pr_str_is(pr_buf_str(&buf), "abc"));
    pr_buf_commit(&buf, 0);
    assert_int_equal(buf.n, 3);
    pr_buf_fini(&buf);
}

static void test_consume_drops_the_front(void **state)
{
    (void)state;
    struct pr_buf buf;
    pr_buf_init(&buf, 100);
    pr_buf_consume(&buf, 0);
    pr_buf_puts(&buf, "abcdef");
    pr_buf_consume(&buf, 2);
    assert_true(pr_str_is(pr_buf_str(&buf), "cdef"));
    pr_buf_consume(&buf, 4);
    assert_int_equal(buf.n, 0);
    pr_buf_puts(&buf, "again");
    assert_true(pr_str_is(pr_buf_str(&buf), "again"));
    pr_buf_fini(&buf);
}

static void test_maximum_of_nothing(void **state)
{
    (void)state;
    struct pr_buf buf;
    pr_buf_init(&buf, 0);
    pr_buf_puts(&buf, "");
    assert_false(buf.full);
    pr_buf_puts(&buf, "a");
    assert_true(buf.full);
    assert_int_equal(pr_buf_str(&buf).n, 0);
    pr_buf_fini(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_appends_in_order),
        cmocka_unit_test(test_grows_to_the_maximum_and_not_beyond),
        cmocka_unit_test(test_what_does_not_fit_leaves_no_half),
        cmocka_unit_test(test_hostile_sizes_do_not_wrap),
        cmocka_unit_test(test_reserved_bytes_count_once_committed),
        cmocka_unit_test(test_consume_drops_the_front),
        cmocka_unit_test(test_maximum_of_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
