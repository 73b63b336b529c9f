/* cache: bytes that can be made again: previews, query results. Redis when it is configured, otherwise an
 * LRU inside the process. A cache that is away is a cache that misses: no call ever fails for it. */
#pragma once

#include "shared/base/buf.h"
#include "shared/base/done.h"

#include <uv.h>

struct cache;

struct cache_options {
    const char *redis_url; /* redis://[:password@]host:port/db; NULL or "": in the process */
    size_t max_bytes;      /* of the LRU in the process; a value over 1 MiB is never cached */
    int64_t timeout_ms;    /* for Redis; then it is a miss */
};

/* NULL when the URL is malformed. */
struct cache *cache_create(uv_loop_t *loop, const struct cache_options *options);

struct cache_value {
    bool found;
    struct pr_buf bytes; /* the caller frees it (pr_buf_fini), found or not */
};

void cache_get(struct cache *cache, struct pr_str key, struct cache_value *out, struct pr_done done);
void cache_put(struct cache *cache, struct pr_str key, struct pr_str value, int64_t ttl_ms,
               struct pr_done done); /* key and value are copied */
void cache_delete(struct cache *cache, struct pr_str key, struct pr_done done);
void cache_close(struct cache *cache, void (*closed)(void *arg), void *arg);
