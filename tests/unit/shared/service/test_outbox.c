#include "shared/service/outbox.h"

#include "tests/support/test.h"

static const struct log_context trace = {.trace_id = "0af7651916cd43dd8448eb211c80319c",
                                         .span_id = "b7ad6b7169203331"};

static void test_traceparent_of_the_current_context(void **state)
{
    (void)state;
    char text[TRACEPARENT_TEXT];
    const struct log_context *outer = log_context_enter(&trace);
    struct pr_str traceparent = current_traceparent(text);
    log_context_enter(outer);
    assert_true(pr_str_is(traceparent, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
}

static void test_without_a_trace_it_is_empty_but_not_null(void **state)
{
    (void)state;
    char text[TRACEPARENT_TEXT];
    struct log_context no_span = trace, no_trace = trace;
    no_span.span_id[0] = no_trace.trace_id[0] = 0;
    const struct log_context *contexts[] = {NULL, &no_span, &no_trace};
    for (size_t i = 0; i < 3; i++) {
        const struct log_context *outer = log_context_enter(contexts[i]);
        struct pr_str traceparent = current_traceparent(text);
        log_context_enter(outer);
        assert_int_equal(traceparent.n, 0);
        assert_non_null(traceparent.p);
    }
}

static void test_origin_names_the_message(void **state)
{
    (void)state;
    struct kafka_message message = {
        .id = {{1, 2, 3}}, .topic = PR_STR("media.rendered"), .partition = 2, .offset = 99};
    struct message_origin origin = message_origin_of(&message);
    assert_true(pr_uuid_eq(&origin.id, &message.id));
    assert_true(pr_str_is(origin.topic, "media.rendered"));
    assert_int_equal(origin.partition, 2);
    assert_int_equal(origin.offset, 99);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_traceparent_of_the_current_context),
        cmocka_unit_test(test_without_a_trace_it_is_empty_but_not_null),
        cmocka_unit_test(test_origin_names_the_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
