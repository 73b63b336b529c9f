#include "shared/kafka/dead_letter.h"

#include "shared/kafka/headers.h"
#include "shared/kafka/producer.h"

#include <inttypes.h>
#include <stdio.h>

static void add_number(rd_kafka_headers_t *headers, const char *name, int64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, value);
    kafka_header_add(headers, name, pr_str(text));
}

void kafka_dead_letter(struct kafka_producer *producer, const char *to,
                       const rd_kafka_message_t *message, enum pr_err err, const char *detail,
                       struct pr_done done)
{
    rd_kafka_headers_t *original, *headers;
    if (rd_kafka_message_headers(message, &original))
        headers = rd_kafka_headers_new(5);
    else
        headers = rd_kafka_headers_copy(original);
    kafka_header_add(headers, "dl_topic", pr_str(rd_kafka_topic_name(message->rkt)));
    add_number(headers, "dl_partition", message->partition);
    add_number(headers, "dl_offset", message->offset);
    kafka_header_add(headers, "dl_error", pr_str(pr_err_name(err)));
    kafka_header_add(headers, "dl_detail", pr_str(detail));
    kafka_produce_raw(producer, pr_str(to), pr_str_n(message->key, message->key_len),
                      pr_str_n(message->payload, message->len), headers, done);
}
