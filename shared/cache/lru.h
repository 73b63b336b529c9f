/* lru: bytes under keys, in memory, at most so many; what was not asked for longest goes first.
 * Pure: the time is handed in (milliseconds of a clock that never goes back). */
#pragma once

#include "shared/base/str.h"

#include <sys/queue.h>

struct lru_entry;

struct lru {
    TAILQ_HEAD(lru_list, lru_entry) newest_first;
    struct lru_entry **buckets;
    size_t buckets_count;             /* a power of two */
    size_t entries, bytes, max_bytes; /* bytes: keys, values and what keeping them costs */
    uint8_t hash_key[16];
};

void lru_init(struct lru *lru, size_t max_bytes);
void lru_fini(struct lru *lru);

/* The value, borrowed until the next call; p == NULL when it is not there or its time is over. */
struct pr_str lru_get(struct lru *lru, struct pr_str key, int64_t now_ms);

/* Copies both; evicts others to make room. What is larger than max_bytes is not kept. */
void lru_put(struct lru *lru, struct pr_str key, struct pr_str value, int64_t expires_at_ms);
void lru_remove(struct lru *lru, struct pr_str key);
