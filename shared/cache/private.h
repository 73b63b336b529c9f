/* private: what a cache is made of; the two kinds share nothing but this. */
#pragma once

#include "shared/cache/cache.h"

struct cache_ops {
    void (*get)(struct cache *cache, struct pr_str key, struct cache_value *out,
                struct pr_done done);
    void (*put)(struct cache *cache, struct pr_str key, struct pr_str value, int64_t ttl_ms,
                struct pr_done done);
    void (*remove)(struct cache *cache, struct pr_str key, struct pr_done done);
    void (*close)(struct cache *cache, void (*closed)(void *arg), void *arg);
};

struct cache {
    const struct cache_ops *ops;
};

struct cache *cache_memory_create(uv_loop_t *loop, size_t max_bytes);
struct cache *cache_redis_create(uv_loop_t *loop, const struct cache_options *options);

/* Fills a value that was found. */
void cache_value_set(struct cache_value *out, struct pr_str bytes);
