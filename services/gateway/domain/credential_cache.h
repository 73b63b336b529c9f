/* credential_cache: credentials seen lately, so that a request asks no database. A fixed table: an
 * entry that finds its place taken pushes out the oldest one there. */
#pragma once

#include "services/gateway/domain/credential.h"

struct credential_entry {
    uint8_t hash[SECRET_HASH_BYTES];
    int64_t loaded_at_ms; /* 0: empty */
    bool refreshing;      /* is being loaded again */
    struct caller caller;
    char header[IDENTITY_HEADER_MAX]; /* caller.identity, signed, for the services behind */
};

struct credential_cache;

struct credential_cache *credential_cache_create(void);
void credential_cache_destroy(struct credential_cache *cache);

/* NULL when it is not there. Valid until the next put or drop. */
struct credential_entry *credential_cache_find(struct credential_cache *cache,
                                               const uint8_t hash[SECRET_HASH_BYTES]);

/* How often accounts were dropped. Whoever begins to load a credential notes it for the put. */
uint64_t credential_cache_generation(const struct credential_cache *cache);

/* An empty entry to be filled, with hash in it. NULL when an account was dropped since `generation`:
 * what was loaded meanwhile may be how things were before, and must not be remembered. */
struct credential_entry *credential_cache_put(struct credential_cache *cache,
                                              const uint8_t hash[SECRET_HASH_BYTES],
                                              uint64_t generation);
void credential_cache_drop(struct credential_cache *cache, const uint8_t hash[SECRET_HASH_BYTES]);

/* Everything of an account: it changed, or some of its credentials are no more. Called after the
 * change was committed. */
void credential_cache_drop_account(struct credential_cache *cache,
                                   const struct pr_uuid *account_id);
