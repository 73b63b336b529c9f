/* token_cache: tokens seen lately, so that a request asks no database. A fixed table: an entry that
 * finds its place taken pushes out the oldest one there. */
#pragma once

#include "services/gateway/domain/token.h"

#define TOKEN_IDENTITY_MAX 256 /* bytes of a signed identity header, terminated */

struct token_entry {
    uint8_t hash[TOKEN_HASH_BYTES];
    int64_t loaded_at_ms;              /* 0: empty */
    bool refreshing;                   /* is being loaded again */
    char identity[TOKEN_IDENTITY_MAX]; /* signed, for the services behind */
};

struct token_cache;

struct token_cache *token_cache_create(void);
void token_cache_destroy(struct token_cache *cache);

/* NULL when it is not there. Valid until the next put. */
struct token_entry *token_cache_find(struct token_cache *cache,
                                     const uint8_t hash[TOKEN_HASH_BYTES]);
struct token_entry *token_cache_put(struct token_cache *cache,
                                    const uint8_t hash[TOKEN_HASH_BYTES]);
void token_cache_drop(struct token_cache *cache, const uint8_t hash[TOKEN_HASH_BYTES]);
