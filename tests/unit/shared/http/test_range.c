#include "shared/http/range.h"

#include "shared/base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SIZE 1000
#define BIG "99999999999999999999"

static const struct {
    const char *range;
    enum http_range is;
    int64_t first, n;
} ranges[] = {
    {"bytes=0-", HTTP_RANGE_PART, 0, SIZE},
    {"bytes=0-0", HTTP_RANGE_PART, 0, 1},
    {"bytes=999-", HTTP_RANGE_PART, 999, 1},
    {"bytes=10-19", HTTP_RANGE_PART, 10, 10},
    {"BYTES=10-19", HTTP_RANGE_PART, 10, 10},
    {" bytes= 10 - 19 ", HTTP_RANGE_PART, 10, 10},
    {"bytes=990-5000", HTTP_RANGE_PART, 990, 10},
    {"bytes=990-" BIG, HTTP_RANGE_PART, 990, 10},
    {"bytes=-1", HTTP_RANGE_PART, 999, 1},
    {"bytes=-1000", HTTP_RANGE_PART, 0, SIZE},
    {"bytes=-" BIG, HTTP_RANGE_PART, 0, SIZE},
    {"bytes=1000-", HTTP_RANGE_UNSATISFIABLE, 0, 0},
    {"bytes=1000-2000", HTTP_RANGE_UNSATISFIABLE, 0, 0},
    {"bytes=" BIG "-", HTTP_RANGE_UNSATISFIABLE, 0, 0},
    {"bytes=-0", HTTP_RANGE_UNSATISFIABLE, 0, 0},
    {"", HTTP_RANGE_WHOLE, 0, SIZE},
    {"bytes", HTTP_RANGE_WHOLE, 0, SIZE},
    {"bytes=", HTTP_RANGE_WHOLE, 0, SIZE},
    {"bytes=-", HTTP_RANGE_WHOLE, 0, SIZE},
    {"bytes=5", HTTP_RANGE_WHOLE, 0, SIZE},
    {"bytes=5-4", HTTP_RANGE_WHOLE, 0, SIZE},
    {"bytes=0-1,5-9", HTTP_RANGE_WHOLE, 0, SIZE},
    {"bytes=+1-2", HTTP_RANGE_WHOLE, 0, SIZE},
    {"bytes=1-2x", HTTP_RANGE_WHOLE, 0, SIZE},
    {"bytes=0x1-2", HTTP_RANGE_WHOLE, 0, SIZE},
    {"bytes=--1", HTTP_RANGE_WHOLE, 0, SIZE},
    {"items=0-1", HTTP_RANGE_WHOLE, 0, SIZE},
};

static enum http_range ask(const char *range, const char *if_range, int64_t size_bytes,
                           int64_t *first, int64_t *n)
{
    return http_range_read(pr_str(range), pr_str(if_range), pr_str("\"e\""), size_bytes, first, n);
}

static void test_ranges(void **state)
{
    int64_t first, n;
    (void)state;
    for (size_t i = 0; i < PR_COUNT(ranges); i++) {
        print_message("%s\n", ranges[i].range);
        assert_int_equal(ask(ranges[i].range, "", SIZE, &first, &n), ranges[i].is);
        if (ranges[i].is != HTTP_RANGE_UNSATISFIABLE) {
            assert_int_equal(first, ranges[i].first);
            assert_int_equal(n, ranges[i].n);
        }
    }
}

static void test_of_nothing_there_is_no_part(void **state)
{
    int64_t first, n;
    (void)state;
    assert_int_equal(ask("bytes=0-", "", 0, &first, &n), HTTP_RANGE_UNSATISFIABLE);
    assert_int_equal(ask("bytes=-1", "", 0, &first, &n), HTTP_RANGE_UNSATISFIABLE);
}

static void test_if_range_wants_the_same_bytes(void **state)
{
    int64_t first, n;
    (void)state;
    assert_int_equal(ask("bytes=5-", "\"e\"", SIZE, &first, &n), HTTP_RANGE_PART);
    assert_int_equal(first, 5);
    assert_int_equal(ask("bytes=5-", "\"f\"", SIZE, &first, &n), HTTP_RANGE_WHOLE);
    assert_int_equal(first, 0);
    assert_int_equal(n, SIZE);
    assert_int_equal(ask("bytes=5-", "W/\"e\"", SIZE, &first, &n), HTTP_RANGE_WHOLE);
    assert_int_equal(ask("bytes=5-", "Sat, 21 Nov 2026 08:00:00 GMT", SIZE, &first, &n),
                     HTTP_RANGE_WHOLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_of_nothing_there_is_no_part),
        cmocka_unit_test(test_if_range_wants_the_same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
