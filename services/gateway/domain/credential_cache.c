#include "services/gateway/domain/credential_cache.h"

#include "shared/base/alloc.h"

#define SETS 256
#define WAYS 8

struct credential_cache {
    uint64_t generation;
    struct credential_entry entries[SETS][WAYS];
};

struct credential_cache *credential_cache_create(void)
{
    return PR_NEW(struct credential_cache);
}

void credential_cache_destroy(struct credential_cache *cache)
{
    free(cache);
}

/* A hash is as good as random: its first byte chooses the set. */
static struct credential_entry *set_of(struct credential_cache *cache, const uint8_t *hash)
{
    return cache->entries[hash[0] % SETS];
}

struct credential_entry *credential_cache_find(struct credential_cache *cache,
                                               const uint8_t hash[SECRET_HASH_BYTES])
{
    struct credential_entry *set = set_of(cache, hash);
    for (int way = 0; way < WAYS; way++) {
        if (set[way].loaded_at_ms && memcmp(set[way].hash, hash, SECRET_HASH_BYTES) == 0)
            return &set[way];
    }
    return NULL;
}

uint64_t credential_cache_generation(const struct credential_cache *cache)
{
    return cache->generation;
}

/* An empty entry was loaded at 0, so that the oldest one is also the first free one. */
static struct credential_entry *oldest(struct credential_entry *set)
{
    struct credential_entry *found = &set[0];
    for (int way = 1; way < WAYS; way++) {
        if (set[way].loaded_at_ms < found->loaded_at_ms)
            found = &set[way];
    }
    return found;
}

struct credential_entry *credential_cache_put(struct credential_cache *cache,
                                              const uint8_t hash[SECRET_HASH_BYTES],
                                              uint64_t generation)
{
    if (generation != cache->generation)
        return NULL;
    struct credential_entry *place = credential_cache_find(cache, hash);
    if (!place)
        place = oldest(set_of(cache, hash));
    *place = (struct credential_entry){0};
    memcpy(place->hash, hash, SECRET_HASH_BYTES);
    return place;
}

void credential_cache_drop(struct credential_cache *cache, const uint8_t hash[SECRET_HASH_BYTES])
{
    struct credential_entry *entry = credential_cache_find(cache, hash);
    if (entry)
        *entry = (struct credential_entry){0};
}

void credential_cache_drop_account(struct credential_cache *cache, const struct pr_uuid *account_id)
{
    cache->generation++;
    for (int set = 0; set < SETS; set++) {
        for (int way = 0; way < WAYS; way++) {
            struct credential_entry *entry = &cache->entries[set][way];
            if (entry->loaded_at_ms && pr_uuid_eq(&entry->caller.identity.account_id, account_id))
                *entry = (struct credential_entry){0};
        }
    }
}
