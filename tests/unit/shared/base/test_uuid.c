#include "shared/base/uuid.h"

#include "tests/support/test.h"

/* RFC 9562, appendix A.6: the example of version 7. */
#define RFC_TEXT "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"
#define RFC_TIME_MS INT64_C(1645557742000)

static void test_parse_and_format_are_each_others_reverse(void **state)
{
    (void)state;
    struct pr_uuid uuid, upper;
    char text[PR_UUID_TEXT];
    assert_true(pr_uuid_parse(pr_str(RFC_TEXT), &uuid));
    assert_string_equal(pr_uuid_format(&uuid, text), RFC_TEXT);
    assert_int_equal(uuid.b[0], 0x01);
    assert_int_equal(uuid.b[15], 0x8f);
    assert_true(pr_uuid_parse(pr_str("017F22E2-79B0-7CC3-98C4-DC0C0C07398F"), &upper));
    assert_true(pr_uuid_eq(&uuid, &upper));
}

static void test_parse_refuses_everything_else(void **state)
{
    (void)state;
    static const struct pr_str bad[] = {
        {NULL, 0},
        PR_STR(""),
        PR_STR("017f22e2-79b0-7cc3-98c4-dc0c0c07398"),
        PR_STR("017f22e2-79b0-7cc3-98c4-dc0c0c07398f0"),
        PR_STR("017f22e279b07cc398c4dc0c0c07398f"),
        PR_STR("017f22e279b07cc398c4dc0c0c07398f----"),
        PR_STR("{17f22e2-79b0-7cc3-98c4-dc0c0c07398}"),
        PR_STR("017f22e2-79b0-7cc3-98c4_dc0c0c07398f"),
        PR_STR("017f22e-279b0-7cc3-98c4-dc0c0c07398f"),
        PR_STR("017f22e2-79b0-7cc3-98c4-dc0c0c07398g"),
        PR_STR("017f22e2-79b0-7cc3-98c4-dc0c0c07398\0"),
        PR_STR("017f22e2-79b0-7cc3-98c4-dc0c0c07 98f"),
        PR_STR(" 17f22e2-79b0-7cc3-98c4-dc0c0c07398f"),
        PR_STR("-17f22e2-79b0-7cc3-98c4-dc0c0c07398f"),
        PR_STR("017f22e2-79b0-7cc3-98c4-dc0c0c07398f\n"),
        PR_STR("urn:uuid:017f22e2-79b0-7cc3-98c4-dc0c"),
    };
    struct pr_uuid uuid;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(pr_uuid_parse(bad[i], &uuid));
}

static void test_every_single_wrong_byte_is_refused(void **state)
{
    (void)state;
    char text[] = RFC_TEXT;
    struct pr_uuid uuid;
    for (size_t at = 0; at < sizeof text - 1; at++) {
        for (int c = 0; c < 256; c++) {
            bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
            bool dash = at == 8 || at == 13 || at == 18 || at == 23;
            char was = text[at];
            text[at] = (char)c;
            assert_int_equal(pr_uuid_parse(pr_str_n(text, sizeof text - 1), &uuid),
                             dash ? c == '-' : digit);
            text[at] = was;
        }
    }
}

static void test_v7_has_its_time_version_and_variant(void **state)
{
    (void)state;
    struct pr_uuid uuid = pr_uuid_v7(RFC_TIME_MS), rfc;
    assert_true(pr_uuid_parse(pr_str(RFC_TEXT), &rfc));
    assert_memory_equal(uuid.b, rfc.b, 6);
    for (int i = 0; i < 1000; i++) {
        uuid = pr_uuid_v7(i);
        assert_int_equal(uuid.b[6] >> 4, 7);
        assert_int_equal(uuid.b[8] >> 6, 2);
    }
}

static void test_v7_sorts_by_time(void **state)
{
    (void)state;
    static const int64_t times[] = {0,
                                    1,
                                    255,
                                    256,
                                    RFC_TIME_MS,
                                    RFC_TIME_MS + 1,
                                    (INT64_C(1) << 40) - 1,
                                    INT64_C(1) << 40,
                                    INT64_C(253402300799999)};
    for (size_t i = 1; i < sizeof times / sizeof *times; i++) {
        struct pr_uuid before = pr_uuid_v7(times[i - 1]), after = pr_uuid_v7(times[i]);
        int order = memcmp(before.b, after.b, sizeof before.b);
        if (times[i - 1] < times[i])
            assert_true(order < 0);
    }
}

static void test_v7_of_one_moment_differ(void **state)
{
    (void)state;
    struct pr_uuid uuids[1000];
    for (size_t i = 0; i < 1000; i++) {
        uuids[i] = pr_uuid_v7(RFC_TIME_MS);
        for (size_t k = 0; k < i; k++)
            assert_false(pr_uuid_eq(&uuids[i], &uuids[k]));
    }
}

static void test_nil(void **state)
{
    (void)state;
    struct pr_uuid nil, last;
    assert_true(pr_uuid_parse(pr_str("00000000-0000-0000-0000-000000000000"), &nil));
    assert_true(pr_uuid_is_nil(&nil));
    assert_true(pr_uuid_parse(pr_str("00000000-0000-0000-0000-000000000001"), &last));
    assert_false(pr_uuid_is_nil(&last));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_and_format_are_each_others_reverse),
        cmocka_unit_test(test_parse_refuses_everything_else),
        cmocka_unit_test(test_every_single_wrong_byte_is_refused),
        cmocka_unit_test(test_v7_has_its_time_version_and_variant),
        cmocka_unit_test(test_v7_sorts_by_time),
        cmocka_unit_test(test_v7_of_one_moment_differ),
        cmocka_unit_test(test_nil),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
