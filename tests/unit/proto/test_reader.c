/* Every head msgpack has, and every way to end too early. */
#include "proto/reader.h"
#include "shared/base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define BYTES(literal)                                                                             \
    {                                                                                              \
        ("" literal), sizeof(literal) - 1                                                          \
    }

static const struct {
    struct pr_str bytes;
    enum value_kind kind;
    int64_t number;
    size_t n; /* bytes or elements */
} forms[] = {
    {BYTES("\x00"), VALUE_INT, 0, 0},
    {BYTES("\x7f"), VALUE_INT, 127, 0},
    {BYTES("\xff"), VALUE_INT, -1, 0},
    {BYTES("\xe0"), VALUE_INT, -32, 0},
    {BYTES("\xcc\xff"), VALUE_INT, 255, 0},
    {BYTES("\xcd\xff\xfe"), VALUE_INT, 65534, 0},
    {BYTES("\xce\xff\xff\xff\xff"), VALUE_INT, 4294967295, 0},
    {BYTES("\xcf\x7f\xff\xff\xff\xff\xff\xff\xff"), VALUE_INT, INT64_MAX, 0},
    {BYTES("\xcf\x80\x00\x00\x00\x00\x00\x00\x00"), VALUE_OTHER, 0, 0},
    {BYTES("\xd0\x80"), VALUE_INT, -128, 0},
    {BYTES("\xd1\x80\x01"), VALUE_INT, -32767, 0},
    {BYTES("\xd2\xff\xff\xff\xfe"), VALUE_INT, -2, 0},
    {BYTES("\xd3\x80\x00\x00\x00\x00\x00\x00\x00"), VALUE_INT, INT64_MIN, 0},
    {BYTES("\xc2"), VALUE_BOOL, 0, 0},
    {BYTES("\xc3"), VALUE_BOOL, 1, 0},
    {BYTES("\xa0"), VALUE_STR, 0, 0},
    {BYTES("\xa3"
           "abc"),
     VALUE_STR, 0, 3},
    {BYTES("\xd9\x02"
           "ab"),
     VALUE_STR, 0, 2},
    {BYTES("\xda\x00\x01"
           "a"),
     VALUE_STR, 0, 1},
    {BYTES("\xdb\x00\x00\x00\x01"
           "a"),
     VALUE_STR, 0, 1},
    {BYTES("\xc4\x02\x00\x01"), VALUE_BIN, 0, 2},
    {BYTES("\xc5\x00\x01\x00"), VALUE_BIN, 0, 1},
    {BYTES("\xc6\x00\x00\x00\x01\x00"), VALUE_BIN, 0, 1},
    {BYTES("\x92\x01\x02"), VALUE_ARRAY, 0, 2},
    {BYTES("\xdc\x00\x01\x01"), VALUE_ARRAY, 0, 1},
    {BYTES("\xdd\x00\x00\x00\x01\x01"), VALUE_ARRAY, 0, 1},
    {BYTES("\x81\x01\x02"), VALUE_MAP, 0, 1},
    {BYTES("\xde\x00\x01\x01\x02"), VALUE_MAP, 0, 1},
    {BYTES("\xdf\x00\x00\x00\x01\x01\x02"), VALUE_MAP, 0, 1},
    {BYTES("\xc0"), VALUE_OTHER, 0, 0},
    {BYTES("\xca\x00\x00\x00\x00"), VALUE_OTHER, 0, 0},
    {BYTES("\xcb\x00\x00\x00\x00\x00\x00\x00\x00"), VALUE_OTHER, 0, 0},
    {BYTES("\xd4\x01\x00"), VALUE_OTHER, 0, 0},
    {BYTES("\xd5\x01\x00\x00"), VALUE_OTHER, 0, 0},
    {BYTES("\xd6\x01\x00\x00\x00\x00"), VALUE_OTHER, 0, 0},
    {BYTES("\xd7\x01\x00\x00\x00\x00\x00\x00\x00\x00"), VALUE_OTHER, 0, 0},
    {BYTES("\xd8\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"), VALUE_OTHER,
     0, 0},
    {BYTES("\xc7\x01\x05\x00"), VALUE_OTHER, 0, 0},
    {BYTES("\xc8\x00\x01\x05\x00"), VALUE_OTHER, 0, 0},
    {BYTES("\xc9\x00\x00\x00\x01\x05\x00"), VALUE_OTHER, 0, 0},
};

static void test_reads_every_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < PR_COUNT(forms); i++) {
        struct reader in = {forms[i].bytes};
        struct value value;
        assert_true(reader_next(&in, &value));
        assert_int_equal(value.kind, forms[i].kind);
        assert_true(value.number == forms[i].number);
        assert_int_equal(value.bytes.n + value.count, forms[i].n);
    }
}

static void test_skips_every_form_to_its_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < PR_COUNT(forms); i++) {
        struct reader in = {forms[i].bytes};
        assert_true(reader_skip(&in, 1));
        assert_int_equal(in.rest.n, 0);
    }
}

static void test_no_form_may_end_early(void **state)
{
    (void)state;
    for (size_t i = 0; i < PR_COUNT(forms); i++) {
        for (size_t n = 0; n < forms[i].bytes.n; n++) {
            struct reader in = {pr_str_n(forms[i].bytes.p, n)};
            assert_false(reader_skip(&in, 1));
        }
    }
}

static void test_believes_no_length(void **state)
{
    static const struct pr_str lies[] = {
        BYTES("\xc6\xff\xff\xff\xff"),
        BYTES("\xc9\xff\xff\xff\xff\x01"),
        BYTES("\xdb\xff\xff\xff\xff"),
        BYTES("\xdd\xff\xff\xff\xff\x01\x02"),
        BYTES("\xdf\xff\xff\xff\xff\x01\x02"),
        BYTES("\xdd\x05\xf5\xe1\x00"),
        BYTES("\xdf\x00\x00\x00\x02\x01\x02\x03"),
        BYTES("\xc1"),
    };
    (void)state;
    for (size_t i = 0; i < PR_COUNT(lies); i++) {
        struct reader in = {lies[i]};
        struct value value;
        assert_false(reader_next(&in, &value));
    }
}

static void test_skips_only_so_deep(void **state)
{
    struct reader in = {PR_STR("\x91\x91\x91\x01")};
    (void)state;
    assert_true(reader_skip(&in, 3));
    in = (struct reader){PR_STR("\x91\x91\x91\x01")};
    assert_false(reader_skip(&in, 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_every_form),
        cmocka_unit_test(test_skips_every_form_to_its_end),
        cmocka_unit_test(test_no_form_may_end_early),
        cmocka_unit_test(test_believes_no_length),
        cmocka_unit_test(test_skips_only_so_deep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
