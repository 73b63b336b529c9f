#include "shared/cache/private.h"

struct cache *cache_create(uv_loop_t *loop, const struct cache_options *options)
{
    if (!options->redis_url || !*options->redis_url)
        return cache_memory_create(loop, options->max_bytes);
    return cache_redis_create(loop, options);
}

void cache_value_set(struct cache_value *out, struct pr_str bytes)
{
    out->found = true;
    pr_buf_init(&out->bytes, bytes.n);
    pr_buf_append(&out->bytes, bytes);
}

void cache_get(struct cache *cache, struct pr_str key, struct cache_value *out, struct pr_done done)
{
    *out = (struct cache_value){0};
    cache->ops->get(cache, key, out, done);
}

void cache_put(struct cache *cache, struct pr_str key, struct pr_str value, int64_t ttl_ms,
               struct pr_done done)
{
    /* What cannot be kept still ends what was there: a cache never answers with the older value. */
    if (value.n > CACHE_VALUE_MAX_BYTES || ttl_ms <= 0)
        cache->ops->remove(cache, key, done);
    else
        cache->ops->put(cache, key, value, ttl_ms, done);
}

void cache_delete(struct cache *cache, struct pr_str key, struct pr_done done)
{
    cache->ops->remove(cache, key, done);
}

void cache_close(struct cache *cache, void (*closed)(void *arg), void *arg)
{
    cache->ops->close(cache, closed, arg);
}
