/* dead_letter (of shared/kafka alone): a message nobody can use, kept for people to look at.
 *
 * Key, value and headers are as they came; added are dl_topic, dl_partition, dl_offset (where it
 * was), dl_error (the error's name, "PR_ERR_DECODE") and dl_detail (what was wrong, as text). */
#pragma once

#include "shared/kafka/kafka.h"

#include <librdkafka/rdkafka.h>

/* Copies everything; done as kafka_produce_raw says. */
void kafka_dead_letter(struct kafka_producer *producer, const char *to,
                       const rd_kafka_message_t *message, enum pr_err err, const char *detail,
                       struct pr_done done);
