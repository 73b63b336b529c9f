/* work: what a usecase answers to when it is not an HTTP request. */
#pragma once

#include "shared/base/uuid.h"

/* A message from Kafka: with its id a change is made once (inbox). Views are borrowed. */
struct message_origin {
    struct pr_uuid id;
    struct pr_str topic;
    int32_t partition;
    int64_t offset;
};

/* A job under way, whose end is committed together with its effect. */
struct job_claim {
    int64_t id;
    struct pr_uuid lease; /* fencing token */
};
