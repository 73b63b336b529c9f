/* producer (of shared/kafka alone): what dead letters need beyond kafka_produce. */
#pragma once

#include "shared/kafka/kafka.h"

#include <librdkafka/rdkafka.h>

/* Copies topic, key and value, takes headers. done gets
 *   PR_OK              acknowledged
 *   PR_ERR_UNAVAILABLE not acknowledged: closing, made anew, or the queue is full
 *   PR_ERR_TOO_LARGE, PR_ERR_INVALID  the broker or librdkafka will never take it */
void kafka_produce_raw(struct kafka_producer *producer, struct pr_str topic, struct pr_str key,
                       struct pr_str value, rd_kafka_headers_t *headers, struct pr_done done);

/* What librdkafka calls this producer; changes when it is made anew. For tests that inject a fault.
 */
rd_kafka_t *kafka_producer_handle(struct kafka_producer *producer);
