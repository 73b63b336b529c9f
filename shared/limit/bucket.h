/* bucket: the token buckets of a process, and their arithmetic. A bucket is one number, the time at
 * which it will be full again: taking a token moves that time on by the interval between two
 * tokens, and a token is there while it is no more than a full bucket away (the generic cell rate
 * algorithm of ITU-T I.371). So a bucket that is full needs no memory, and of any two the fuller one
 * has the earlier time, whatever their rates.
 *
 * All in whole microseconds; the interval is rounded up, so that no rate is exceeded. */
#pragma once

#include "shared/limit/limit.h"

/* What one process knows of a bucket. All zero: a full one. */
struct bucket {
    uint64_t hash;
    int64_t full_at_us; /* leased tokens count as taken */
    int64_t lease;      /* tokens taken out of Redis and not spent yet */
    int64_t lease_ends_ms;
};

struct bucket_table {
    struct bucket *buckets;
    uint8_t hash_keys[2][16];
};

#define BUCKETS 65536 /* 2 MiB */
#define BUCKET_WAYS 8 /* places that one key may have */

void bucket_table_init(struct bucket_table *table);
void bucket_table_fini(struct bucket_table *table);

/* Keyed by random bytes: nobody can choose keys that meet. */
uint64_t bucket_hash(const struct bucket_table *table, const char *rate_name, struct pr_str key);

/* The bucket there, or NULL. */
const struct bucket *bucket_find(const struct bucket_table *table, uint64_t hash);
/* The same, made (full) when there is none; the fullest of those in its places goes for it.
 * Borrowed until the next bucket_get. */
struct bucket *bucket_get(struct bucket_table *table, uint64_t hash);

int64_t bucket_interval_us(const struct limit_rate *rate);

/* How long until it is full; never more than an empty one takes, though the clock went back. */
int64_t bucket_lack_us(const struct bucket *bucket, const struct limit_rate *rate, int64_t now_ms);
int64_t bucket_tokens(const struct bucket *bucket, const struct limit_rate *rate, int64_t now_ms);

/* Takes n tokens, or gives back as many as n is below 0. */
void bucket_spend(struct bucket *bucket, const struct limit_rate *rate, int64_t n, int64_t now_ms);

/* All of the verdict, of what is left now. */
void bucket_verdict(const struct bucket *bucket, const struct limit_rate *rate, int64_t now_ms,
                    bool allowed, struct limit_verdict *out);
