/* kafka_updates: what the services say of media, told to those who listen. */
#pragma once

#include "services/gateway/domain/updates.h"
#include "shared/kafka/kafka.h"

extern const char *const kafka_updates_topics[]; /* ends with NULL */

/* What cannot be read, or is about something else, is passed over. */
void kafka_updates_handle(struct updates *updates, const struct kafka_message *message);
