#include "shared/cache/lru.h"

#include "shared/base/alloc.h"

#include <assert.h>
#include <sodium.h>

#define BUCKETS_FIRST 64

struct lru_entry {
    TAILQ_ENTRY(lru_entry) link;
    struct lru_entry *next; /* in its bucket */
    uint64_t hash;
    int64_t expires_at_ms;
    size_t key_bytes, value_bytes;
    char bytes[]; /* the key, then the value */
};

void lru_init(struct lru *lru, size_t max_bytes)
{
    *lru = (struct lru){.max_bytes = max_bytes, .buckets_count = BUCKETS_FIRST};
    TAILQ_INIT(&lru->newest_first);
    lru->buckets = pr_alloc(BUCKETS_FIRST * sizeof(*lru->buckets));
    crypto_shorthash_keygen(lru->hash_key);
}

/* Keyed, as keys may hold what strangers sent: nobody can make them collide. */
static uint64_t hash_of(const struct lru *lru, struct pr_str key)
{
    uint64_t hash;
    crypto_shorthash((uint8_t *)&hash, (const uint8_t *)key.p, key.n, lru->hash_key);
    return hash;
}

static struct lru_entry **bucket_of(const struct lru *lru, uint64_t hash)
{
    return &lru->buckets[hash & (lru->buckets_count - 1)];
}

/* Where the entry with this key hangs; *answer is NULL when there is none. */
static struct lru_entry **find(const struct lru *lru, struct pr_str key, uint64_t hash)
{
    struct lru_entry **at = bucket_of(lru, hash);
    while (*at &&
           ((*at)->hash != hash || !pr_str_eq(pr_str_n((*at)->bytes, (*at)->key_bytes), key)))
        at = &(*at)->next;
    return at;
}

static size_t cost_of(size_t key_bytes, size_t value_bytes)
{
    return sizeof(struct lru_entry) + sizeof(struct lru_entry *) + key_bytes + value_bytes;
}

static void drop(struct lru *lru, struct lru_entry **at)
{
    struct lru_entry *entry = *at;
    assert(entry);
    *at = entry->next;
    TAILQ_REMOVE(&lru->newest_first, entry, link);
    lru->entries--;
    lru->bytes -= cost_of(entry->key_bytes, entry->value_bytes);
    free(entry);
}

void lru_fini(struct lru *lru)
{
    struct lru_entry *entry;
    while ((entry = TAILQ_FIRST(&lru->newest_first))) {
        TAILQ_REMOVE(&lru->newest_first, entry, link);
        free(entry);
    }
    free(lru->buckets);
    *lru = (struct lru){0};
}

struct pr_str lru_get(struct lru *lru, struct pr_str key, int64_t now_ms)
{
    struct lru_entry **at = find(lru, key, hash_of(lru, key)), *entry = *at;
    if (entry && entry->expires_at_ms <= now_ms) {
        drop(lru, at);
        entry = NULL;
    }
    if (!entry)
        return pr_str_n(NULL, 0);
    TAILQ_REMOVE(&lru->newest_first, entry, link);
    TAILQ_INSERT_HEAD(&lru->newest_first, entry, link);
    return pr_str_n(entry->bytes + entry->key_bytes, entry->value_bytes);
}

static void grow(struct lru *lru)
{
    free(lru->buckets);
    lru->buckets_count *= 2;
    lru->buckets = pr_alloc(lru->buckets_count * sizeof(*lru->buckets));
    struct lru_entry *entry;
    TAILQ_FOREACH (entry, &lru->newest_first, link) {
        struct lru_entry **bucket = bucket_of(lru, entry->hash);
        entry->next = *bucket;
        *bucket = entry;
    }
}

void lru_put(struct lru *lru, struct pr_str key, struct pr_str value, int64_t expires_at_ms)
{
    lru_remove(lru, key);
    size_t cost = cost_of(key.n, value.n);
    if (cost > lru->max_bytes)
        return;
    while (lru->bytes + cost > lru->max_bytes) {
        struct lru_entry *oldest = TAILQ_LAST(&lru->newest_first, lru_list);
        drop(lru, find(lru, pr_str_n(oldest->bytes, oldest->key_bytes), oldest->hash));
    }
    if (lru->entries == lru->buckets_count)
        grow(lru);

    struct lru_entry *entry = pr_alloc(sizeof(*entry) + key.n + value.n);
    entry->hash = hash_of(lru, key);
    entry->expires_at_ms = expires_at_ms;
    entry->key_bytes = key.n;
    entry->value_bytes = value.n;
    if (key.n)
        memcpy(entry->bytes, key.p, key.n);
    if (value.n)
        memcpy(entry->bytes + key.n, value.p, value.n);
    struct lru_entry **bucket = bucket_of(lru, entry->hash);
    entry->next = *bucket;
    *bucket = entry;
    TAILQ_INSERT_HEAD(&lru->newest_first, entry, link);
    lru->entries++;
    lru->bytes += cost;
}

void lru_remove(struct lru *lru, struct pr_str key)
{
    struct lru_entry **at = find(lru, key, hash_of(lru, key));
    if (*at)
        drop(lru, at);
}
