/* headers (of shared/kafka alone): a message's CloudEvents attributes as Kafka headers
 * (CloudEvents 1.0, Kafka protocol binding 1.0, binary content mode). */
#pragma once

#include "shared/kafka/kafka.h"

#include <librdkafka/rdkafka.h>

/* The caller's, until librdkafka takes them with a message. */
rd_kafka_headers_t *kafka_headers_new(const struct kafka_message *message);
void kafka_header_add(rd_kafka_headers_t *headers, const char *name, struct pr_str value);

/* Fills out with views into raw. NULL, or why it is not a message of ours (static text). */
const char *kafka_headers_read(const rd_kafka_message_t *raw, struct kafka_message *out);
