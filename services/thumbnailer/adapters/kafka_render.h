/* kafka_render: what the thumbnailer does with each message. */
#pragma once

#include "services/thumbnailer/usecases/usecases.h"
#include "shared/kafka/kafka.h"

extern const char *const kafka_render_topics[]; /* NULL-terminated */

void kafka_render_handle(const struct render_deps *deps, const struct kafka_message *message,
                         struct pr_done done);
