/* kafka_media: what media does with each message. */
#pragma once

#include "services/media/usecases/usecases.h"
#include "shared/kafka/kafka.h"

extern const char *const kafka_media_topics[]; /* NULL-terminated */

void kafka_media_handle(const struct media_deps *deps, const struct kafka_message *message,
                        struct pr_done done);
