#include "shared/kafka/headers.h"

#include "shared/base/time.h"
#include "shared/base/utf8.h"

#define CONTENT_TYPE "application/msgpack"
#define SPEC_VERSION "1.0"
#define ATTRIBUTE_MAX_BYTES 256

void kafka_header_add(rd_kafka_headers_t *headers, const char *name, struct pr_str value)
{
    rd_kafka_header_add(headers, name, -1, value.p, (ssize_t)value.n);
}

rd_kafka_headers_t *kafka_headers_new(const struct kafka_message *message)
{
    rd_kafka_headers_t *headers = rd_kafka_headers_new(8);
    char id[PR_UUID_TEXT], time[PR_RFC3339_TEXT];
    kafka_header_add(headers, "ce_specversion", pr_str(SPEC_VERSION));
    kafka_header_add(headers, "ce_id", pr_str(pr_uuid_format(&message->id, id)));
    kafka_header_add(headers, "ce_type", message->type);
    kafka_header_add(headers, "ce_source", message->source);
    kafka_header_add(headers, "ce_time", pr_str(pr_time_rfc3339(message->time_ms, time)));
    if (message->subject.n)
        kafka_header_add(headers, "ce_subject", message->subject);
    if (message->traceparent.n)
        kafka_header_add(headers, "traceparent", message->traceparent);
    kafka_header_add(headers, "content-type", pr_str(CONTENT_TYPE));
    return headers;
}

/* Empty when the header is missing; false when it is not short text. */
static bool read_text(const rd_kafka_headers_t *headers, const char *name, struct pr_str *out)
{
    const void *value = NULL;
    size_t n = 0;
    if (rd_kafka_header_get_last(headers, name, &value, &n) || !value)
        n = 0;
    *out = pr_str_n(value, n);
    return n <= ATTRIBUTE_MAX_BYTES && pr_utf8_valid(*out) && !pr_utf8_has_control(*out);
}

const char *kafka_headers_read(const rd_kafka_message_t *raw, struct kafka_message *out)
{
    rd_kafka_headers_t *headers;
    struct pr_str version, id, time, content_type;
    *out = (struct kafka_message){
        .topic = pr_str(rd_kafka_topic_name(raw->rkt)),
        .key = pr_str_n(raw->key, raw->key_len),
        .value = pr_str_n(raw->payload, raw->len),
        .partition = raw->partition,
        .offset = raw->offset,
    };
    if (rd_kafka_message_headers(raw, &headers))
        return "no headers";
    if (!read_text(headers, "ce_specversion", &version) || !pr_str_is(version, SPEC_VERSION))
        return "ce_specversion is not " SPEC_VERSION;
    if (!read_text(headers, "content-type", &content_type) ||
        !pr_str_is(content_type, CONTENT_TYPE))
        return "content-type is not " CONTENT_TYPE;
    if (!read_text(headers, "ce_id", &id) || !pr_uuid_parse(id, &out->id))
        return "ce_id is not a UUID";
    if (!read_text(headers, "ce_type", &out->type) || !out->type.n)
        return "ce_type is missing or not text";
    if (!read_text(headers, "ce_source", &out->source) || !out->source.n)
        return "ce_source is missing or not text";
    if (!read_text(headers, "ce_time", &time) || !pr_time_parse(time, &out->time_ms))
        return "ce_time is not an RFC 3339 time";
    if (!read_text(headers, "ce_subject", &out->subject))
        return "ce_subject is not text";
    if (!read_text(headers, "traceparent", &out->traceparent))
        return "traceparent is not text";
    return NULL;
}
