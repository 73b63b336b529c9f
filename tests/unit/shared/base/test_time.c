#include "shared/base/time.h"

#include "tests/support/test.h"

static const struct {
    int64_t at_ms;
    const char *rfc3339, *amz;
} moments[] = {
    {0, "1970-01-01T00:00:00.000Z", "19700101T000000Z"},
    {999, "1970-01-01T00:00:00.999Z", "19700101T000000Z"},
    {1000, "1970-01-01T00:00:01.000Z", "19700101T000001Z"},
    {-1, "1969-12-31T23:59:59.999Z", "19691231T235959Z"},
    {-1000, "1969-12-31T23:59:59.000Z", "19691231T235959Z"},
    {1795248000123, "2026-11-21T08:00:00.123Z", "20261121T080000Z"},
    {951782399999, "2000-02-28T23:59:59.999Z", "20000228T235959Z"},
    {951782400000, "2000-02-29T00:00:00.000Z", "20000229T000000Z"},
    {4107542400000, "2100-03-01T00:00:00.000Z", "21000301T000000Z"}, /* 2100 is no leap year */
    {2147483648000, "2038-01-19T03:14:08.000Z", "20380119T031408Z"},
    {253402300799999, "9999-12-31T23:59:59.999Z", "99991231T235959Z"},
    {-62167219200000, "0000-01-01T00:00:00.000Z", "00000101T000000Z"},
};

static void test_written_and_read_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
        char text[PR_RFC3339_TEXT], amz[PR_AMZ_DATE_TEXT];
        int64_t at_ms;
        assert_string_equal(pr_time_rfc3339(moments[i].at_ms, text), moments[i].rfc3339);
        assert_string_equal(pr_time_amz(moments[i].at_ms, amz), moments[i].amz);
        assert_true(pr_time_parse(pr_str(text), &at_ms));
        assert_int_equal(at_ms, moments[i].at_ms);
    }
}

static void test_beyond_the_edges_it_stays_at_the_edge(void **state)
{
    (void)state;
    char text[PR_RFC3339_TEXT], amz[PR_AMZ_DATE_TEXT];
    assert_string_equal(pr_time_rfc3339(INT64_MAX, text), "9999-12-31T23:59:59.999Z");
    assert_string_equal(pr_time_rfc3339(INT64_MIN, text), "0000-01-01T00:00:00.000Z");
    assert_string_equal(pr_time_amz(INT64_MAX, amz), "99991231T235959Z");
    assert_string_equal(pr_time_amz(INT64_MIN, amz), "00000101T000000Z");
}

static void test_forms_that_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t at_ms;
    } good[] = {
        {"1985-04-12T23:20:50.52Z", 482196050520}, /* RFC 3339, section 5.8 */
        {"1996-12-19T16:39:57-08:00", 851042397000},
        {"1990-12-31T23:59:60Z", 662688000000},
        {"1990-12-31T15:59:60-08:00", 662688000000},
        {"1937-01-01T12:00:27.87+00:20", -1041337172130},
        {"2026-11-21t08:00:00z", 1795248000000},
        {"2026-11-21 08:00:00Z", 1795248000000},
        {"2026-11-21T08:00:00.1234567890123Z", 1795248000123},
        {"2026-11-21T08:00:00.9999Z", 1795248000999},
        {"2026-11-21T08:00:00-00:00", 1795248000000},
        {"2026-11-21T00:00:00+23:59", 1795132860000},
        {"2024-02-29T00:00:00Z", 1709164800000},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        int64_t at_ms;
        assert_true(pr_time_parse(pr_str(good[i].text), &at_ms));
        assert_int_equal(at_ms, good[i].at_ms);
    }
}

static void test_everything_else_is_refused(void **state)
{
    (void)state;
    static const struct pr_str bad[] = {
        {NULL, 0},
        PR_STR(""),
        PR_STR("2026-11-21"),
        PR_STR("2026-11-21T08:00:00"),
        PR_STR("2026-11-21T08:00Z"),
        PR_STR("2026-11-21T08:00:00.Z"),
        PR_STR("2026-11-21T08:00:00,5Z"),
        PR_STR("2026-11-21T08:00:00Z "),
        PR_STR(" 2026-11-21T08:00:00Z"),
        PR_STR("2026-11-21T08:00:00ZZ"),
        PR_STR("2026-11-21T08:00:00Z\0"),
        PR_STR("2026-11-21\0"
               "08:00:00Z"),
        PR_STR("2026-11-21T08:00:00+01"),
        PR_STR("2026-11-21T08:00:00+0100"),
        PR_STR("2026-11-21T08:00:00+24:00"),
        PR_STR("2026-11-21T08:00:00+01:60"),
        PR_STR("2026-11-21T08:00:00+-1:00"),
        PR_STR("2026-00-21T08:00:00Z"),
        PR_STR("2026-13-21T08:00:00Z"),
        PR_STR("2026-11-00T08:00:00Z"),
        PR_STR("2026-11-31T08:00:00Z"),
        PR_STR("2026-02-29T08:00:00Z"),
        PR_STR("2100-02-29T08:00:00Z"),
        PR_STR("2026-11-21T24:00:00Z"),
        PR_STR("2026-11-21T08:60:00Z"),
        PR_STR("2026-11-21T08:00:61Z"),
        PR_STR("2026-11-2T08:00:00Z"),
        PR_STR("2026-1-21T08:00:00Z"),
        PR_STR("02026-11-21T08:00:00Z"),
        PR_STR("-026-11-21T08:00:00Z"),
        PR_STR("2026--1-21T08:00:00Z"),
        PR_STR("2026-11-21T-1:00:00Z"),
        PR_STR("2026-11-21T-0:00:00Z"),
        PR_STR("2026-11-21T08:0a:00Z"),
        PR_STR("20261121T080000Z"),
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t at_ms = 77;
        if (pr_time_parse(bad[i], &at_ms))
            fail_msg("'" PR_STR_FMT "' was read", PR_STR_ARG(bad[i]));
        assert_int_equal(at_ms, 77);
    }
}

static void test_every_beginning_of_a_time_is_refused(void **state)
{
    (void)state;
    static const char text[] = "2026-11-21T08:00:00.123+01:30";
    int64_t at_ms;
    for (size_t n = 0; n < sizeof text - 1; n++)
        assert_false(pr_time_parse(pr_str_n(text, n), &at_ms));
    assert_true(pr_time_parse(pr_str(text), &at_ms));
}

static void test_as_dos_has_it(void **state)
{
    (void)state;
    assert_int_equal(pr_time_dos(1763710201999),
                     (45 << 9 | 11 << 5 | 21) << 16 |
                         (7 << 11 | 30 << 5 | 0)); /* 2025-11-21T07:30:01 */
    assert_int_equal(pr_time_dos(0), (1 << 5 | 1) << 16);
    assert_int_equal(pr_time_dos(INT64_MAX),
                     (uint32_t)(127 << 9 | 12 << 5 | 31) << 16 | (23 << 11 | 59 << 5 | 29));
}

static void test_clocks_go(void **state)
{
    (void)state;
    int64_t before = pr_monotonic_ns();
    assert_true(pr_monotonic_ns() >= before);
    assert_true(pr_now_ms(&pr_clock_system) > 1700000000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_written_and_read_again),
        cmocka_unit_test(test_beyond_the_edges_it_stays_at_the_edge),
        cmocka_unit_test(test_forms_that_are_read),
        cmocka_unit_test(test_everything_else_is_refused),
        cmocka_unit_test(test_every_beginning_of_a_time_is_refused),
        cmocka_unit_test(test_as_dos_has_it),
        cmocka_unit_test(test_clocks_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
