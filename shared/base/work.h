/* work: what a usecase answers to: a message, a job, a request that may come twice. */
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

/* An Idempotency-Key and the request it came with, as hashes. What is created is committed together
 * with it (`idempotency_claim` in SQL), so that asking again within 24 hours creates nothing. */
struct idempotency {
    bool given; /* false: no key came, nothing is remembered */
    uint8_t key_hash[32], request_hash[32];
};
