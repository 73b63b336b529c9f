#include "services/gateway/domain/token_cache.h"

#include "shared/base/alloc.h"

#define SETS 256
#define WAYS 8

struct token_cache {
    struct token_entry entries[SETS][WAYS];
};

struct token_cache *token_cache_create(void)
{
    return PR_NEW(struct token_cache);
}

void token_cache_destroy(struct token_cache *cache)
{
    free(cache);
}

/* A hash is as good as random: its first byte chooses the set. */
static struct token_entry *set_of(struct token_cache *cache, const uint8_t *hash)
{
    return cache->entries[hash[0] % SETS];
}

struct token_entry *token_cache_find(struct token_cache *cache,
                                     const uint8_t hash[TOKEN_HASH_BYTES])
{
    struct token_entry *set = set_of(cache, hash);
    for (int way = 0; way < WAYS; way++) {
        if (set[way].loaded_at_ms && memcmp(set[way].hash, hash, TOKEN_HASH_BYTES) == 0)
            return &set[way];
    }
    return NULL;
}

struct token_entry *token_cache_put(struct token_cache *cache, const uint8_t hash[TOKEN_HASH_BYTES])
{
    struct token_entry *set = set_of(cache, hash), *place = token_cache_find(cache, hash);
    for (int way = 0; !place && way < WAYS; way++) {
        if (!set[way].loaded_at_ms)
            place = &set[way];
    }
    if (!place) {
        place = &set[0];
        for (int way = 1; way < WAYS; way++) {
            if (set[way].loaded_at_ms < place->loaded_at_ms)
                place = &set[way];
        }
    }
    *place = (struct token_entry){0};
    memcpy(place->hash, hash, TOKEN_HASH_BYTES);
    return place;
}

void token_cache_drop(struct token_cache *cache, const uint8_t hash[TOKEN_HASH_BYTES])
{
    struct token_entry *entry = token_cache_find(cache, hash);
    if (entry)
        *entry = (struct token_entry){0};
}
