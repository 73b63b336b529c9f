#include "shared/http/trace.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define TRACE_ID "0af7651916cd43dd8448eb211c80319c"
#define SPAN_ID "b7ad6b7169203331"

static void test_parse(void **state)
{
    struct trace trace;
    (void)state;
    assert_true(trace_parse(pr_str("00-" TRACE_ID "-" SPAN_ID "-01"), &trace));
    assert_string_equal(trace.trace_id, TRACE_ID);
    assert_string_equal(trace.span_id, SPAN_ID);
    assert_int_equal(trace.flags, 1);
    assert_true(trace_parse(pr_str("00-" TRACE_ID "-" SPAN_ID "-00"), &trace));
    assert_int_equal(trace.flags, 0);
}

static void test_a_later_version_may_say_more(void **state)
{
    struct trace trace;
    (void)state;
    assert_true(trace_parse(pr_str("cc-" TRACE_ID "-" SPAN_ID "-01"), &trace));
    assert_true(trace_parse(pr_str("cc-" TRACE_ID "-" SPAN_ID "-01-more"), &trace));
    assert_false(trace_parse(pr_str("cc-" TRACE_ID "-" SPAN_ID "-01more"), &trace));
    assert_false(trace_parse(pr_str("00-" TRACE_ID "-" SPAN_ID "-01-more"), &trace));
}

static void test_what_is_not_valid(void **state)
{
    static const char *const bad[] = {
        "",
        "00",
        "00-" TRACE_ID "-" SPAN_ID,
        "00-" TRACE_ID "-" SPAN_ID "-0",
        "00-" TRACE_ID "-" SPAN_ID "-0g",
        "00-" TRACE_ID "-" SPAN_ID "-0G",
        "ff-" TRACE_ID "-" SPAN_ID "-01",
        "0x-" TRACE_ID "-" SPAN_ID "-01",
        "00-0AF7651916CD43DD8448EB211C80319C-" SPAN_ID "-01",
        "00-00000000000000000000000000000000-" SPAN_ID "-01",
        "00-" TRACE_ID "-0000000000000000-01",
        "00_" TRACE_ID "-" SPAN_ID "-01",
        "00-" TRACE_ID "_" SPAN_ID "-01",
        "00-" TRACE_ID "-" SPAN_ID "_01",
    };
    struct trace trace;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (trace_parse(pr_str(bad[i]), &trace))
            fail_msg("\"%s\" was taken", bad[i]);
    }
}

static void test_continue_keeps_the_trace_and_makes_a_span(void **state)
{
    struct trace trace, again;
    char text[TRACEPARENT_BYTES + 1];
    (void)state;
    trace_continue(pr_str("00-" TRACE_ID "-" SPAN_ID "-00"), &trace);
    assert_string_equal(trace.trace_id, TRACE_ID);
    assert_string_not_equal(trace.span_id, SPAN_ID);
    trace_format(&trace, text);
    assert_int_equal(strlen(text), TRACEPARENT_BYTES);
    assert_true(trace_parse(pr_str(text), &again));
    assert_memory_equal(&again, &trace, sizeof trace);
}

static void test_a_broken_trace_begins_anew(void **state)
{
    struct trace first, second;
    char text[TRACEPARENT_BYTES + 1];
    (void)state;
    trace_continue(pr_str("nonsense"), &first);
    trace_continue(pr_str_n(NULL, 0), &second);
    assert_string_not_equal(first.trace_id, second.trace_id);
    trace_format(&first, text);
    assert_true(trace_parse(pr_str(text), &second));
}

static void test_request_ids(void **state)
{
    char longest[64];
    (void)state;
    memset(longest, 'a', sizeof longest);
    assert_true(request_id_valid(pr_str("Az09._-")));
    assert_true(request_id_valid(pr_str_n(longest, 63)));
    assert_false(request_id_valid(pr_str_n(longest, 64)));
    assert_false(request_id_valid(pr_str("")));
    assert_false(request_id_valid(pr_str("a b")));
    assert_false(request_id_valid(pr_str("a\"b")));
    assert_false(request_id_valid(pr_str("\xc3\xa9")));
    assert_false(request_id_valid(pr_str_n("a\0b", 3)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_a_later_version_may_say_more),
        cmocka_unit_test(test_what_is_not_valid),
        cmocka_unit_test(test_continue_keeps_the_trace_and_makes_a_span),
        cmocka_unit_test(test_a_broken_trace_begins_anew),
        cmocka_unit_test(test_request_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
