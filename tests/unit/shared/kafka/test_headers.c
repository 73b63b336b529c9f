/* CloudEvents attributes to headers, and the trace of a traceparent. The way back through a broker
 * is in the integration tests. */
#include "shared/kafka/headers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void assert_header(const rd_kafka_headers_t *headers, const char *name, const char *value)
{
    const void *found;
    size_t n;
    if (rd_kafka_header_get_last(headers, name, &found, &n))
        fail_msg("no header %s", name);
    assert_true(pr_str_is(pr_str_n(found, n), value));
}

static struct kafka_message message(void)
{
    struct kafka_message message = {
        .type = PR_STR("pierrot.media.created.v1"),
        .source = PR_STR("pierrot/media"),
        .subject = PR_STR("0192f0c1-7a00-7000-8000-000000000002"),
        .traceparent = PR_STR("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        .time_ms = 1795246200123,
    };
    assert_true(pr_uuid_parse(pr_str("0192f0c1-7a10-7000-8000-000000000003"), &message.id));
    return message;
}

static void test_every_attribute(void **state)
{
    const struct kafka_message full = message();
    rd_kafka_headers_t *headers = kafka_headers_new(&full);
    (void)state;
    assert_int_equal(rd_kafka_header_cnt(headers), 8);
    assert_header(headers, "ce_specversion", "1.0");
    assert_header(headers, "ce_id", "0192f0c1-7a10-7000-8000-000000000003");
    assert_header(headers, "ce_type", "pierrot.media.created.v1");
    assert_header(headers, "ce_source", "pierrot/media");
    assert_header(headers, "ce_time", "2026-11-21T07:30:00.123Z");
    assert_header(headers, "ce_subject", "0192f0c1-7a00-7000-8000-000000000002");
    assert_header(headers, "content-type", "application/msgpack");
    assert_header(headers, "traceparent",
                  "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    rd_kafka_headers_destroy(headers);
}

static void test_what_is_empty_is_left_out(void **state)
{
    struct kafka_message bare = message();
    const void *value;
    size_t n;
    (void)state;
    bare.subject = bare.traceparent = (struct pr_str){NULL, 0};
    rd_kafka_headers_t *headers = kafka_headers_new(&bare);
    assert_int_equal(rd_kafka_header_cnt(headers), 6);
    assert_int_equal(rd_kafka_header_get_last(headers, "ce_subject", &value, &n),
                     RD_KAFKA_RESP_ERR__NOENT);
    assert_int_equal(rd_kafka_header_get_last(headers, "traceparent", &value, &n),
                     RD_KAFKA_RESP_ERR__NOENT);
    rd_kafka_headers_destroy(headers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_attribute),
        cmocka_unit_test(test_what_is_empty_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
