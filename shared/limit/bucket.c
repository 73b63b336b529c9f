#include "shared/limit/bucket.h"

#include "shared/base/alloc.h"

#include <sodium.h>

void bucket_table_init(struct bucket_table *table)
{
    table->buckets = pr_alloc(BUCKETS * sizeof(*table->buckets));
    crypto_shorthash_keygen(table->hash_keys[0]);
    crypto_shorthash_keygen(table->hash_keys[1]);
}

void bucket_table_fini(struct bucket_table *table)
{
    free(table->buckets);
    *table = (struct bucket_table){0};
}

static uint64_t short_hash(struct pr_str text, const uint8_t hash_key[16])
{
    uint64_t hash;
    crypto_shorthash((uint8_t *)&hash, (const uint8_t *)text.p, text.n, hash_key);
    return hash;
}

uint64_t bucket_hash(const struct bucket_table *table, const char *rate_name, struct pr_str key)
{
    return short_hash(pr_str(rate_name), table->hash_keys[0]) ^
           short_hash(key, table->hash_keys[1]);
}

static struct bucket *places_of(const struct bucket_table *table, uint64_t hash)
{
    return table->buckets + hash % (BUCKETS / BUCKET_WAYS) * BUCKET_WAYS;
}

const struct bucket *bucket_find(const struct bucket_table *table, uint64_t hash)
{
    const struct bucket *places = places_of(table, hash);
    for (size_t i = 0; i < BUCKET_WAYS; i++) {
        if (places[i].hash == hash)
            return &places[i];
    }
    return NULL;
}

struct bucket *bucket_get(struct bucket_table *table, uint64_t hash)
{
    struct bucket *places = places_of(table, hash), *fullest = places;
    for (size_t i = 0; i < BUCKET_WAYS; i++) {
        if (places[i].hash == hash)
            return &places[i];
        if (places[i].full_at_us < fullest->full_at_us)
            fullest = &places[i];
    }
    *fullest = (struct bucket){.hash = hash};
    return fullest;
}

int64_t bucket_interval_us(const struct limit_rate *rate)
{
    return (rate->period_ms * 1000 + rate->count - 1) / rate->count;
}

int64_t bucket_lack_us(const struct bucket *bucket, const struct limit_rate *rate, int64_t now_ms)
{
    int64_t lack_us = bucket->full_at_us - now_ms * 1000;
    int64_t most_us = bucket_interval_us(rate) * rate->count;
    return lack_us < 0 ? 0 : lack_us > most_us ? most_us : lack_us;
}

int64_t bucket_tokens(const struct bucket *bucket, const struct limit_rate *rate, int64_t now_ms)
{
    int64_t interval_us = bucket_interval_us(rate);
    return (interval_us * rate->count - bucket_lack_us(bucket, rate, now_ms)) / interval_us;
}

void bucket_spend(struct bucket *bucket, const struct limit_rate *rate, int64_t n, int64_t now_ms)
{
    bucket->full_at_us =
        now_ms * 1000 + bucket_lack_us(bucket, rate, now_ms) + n * bucket_interval_us(rate);
}

static int64_t ms_rounded_up(int64_t us)
{
    return (us + 999) / 1000;
}

void bucket_verdict(const struct bucket *bucket, const struct limit_rate *rate, int64_t now_ms,
                    bool allowed, struct limit_verdict *out)
{
    int64_t left = bucket_tokens(bucket, rate, now_ms) + bucket->lease;
    int64_t lack_us = bucket_lack_us(bucket, rate, now_ms);
    int64_t one_token_us =
        bucket_interval_us(rate) * (rate->count - 1); /* the lack that leaves it */
    *out = (struct limit_verdict){
        .allowed = allowed,
        .rate = rate,
        .remaining = left < rate->count ? left : rate->count,
        .reset_ms = ms_rounded_up(lack_us),
        .retry_ms = allowed ? 0 : ms_rounded_up(lack_us - one_token_us),
    };
}
