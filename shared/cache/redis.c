/* The cache in Redis. While Redis is away a get misses and a put does nothing, at once. */
#include "shared/cache/private.h"

#include "shared/base/alloc.h"
#include "shared/redis/redis.h"

#include <inttypes.h>
#include <stdio.h>

struct redis_cache {
    struct cache cache;
    struct redis *redis;
    void (*closed)(void *arg);
    void *closed_arg;
};

struct call {
    struct cache_value *out; /* of a get */
    struct pr_done done;
};

static void on_answer(void *arg, const struct redis_answer *answer)
{
    struct call *call = arg;
    struct pr_done done = call->done;
    if (call->out && answer->kind == REDIS_TEXT && answer->text.n <= CACHE_VALUE_MAX_BYTES)
        cache_value_set(call->out, answer->text);
    free(call);
    pr_done_call(done, PR_OK);
}

static void command(struct cache *cache, const struct pr_str *args, size_t args_n,
                    struct cache_value *out, struct pr_done done)
{
    struct redis_cache *self = PR_CONTAINER(cache, struct redis_cache, cache);
    struct call *call = PR_NEW(struct call);
    *call = (struct call){out, done};
    redis_command(self->redis, args, args_n, on_answer, call);
}

static void redis_get(struct cache *cache, struct pr_str key, struct cache_value *out,
                      struct pr_done done)
{
    command(cache, (const struct pr_str[]){PR_STR("GET"), key}, 2, out, done);
}

static void redis_put(struct cache *cache, struct pr_str key, struct pr_str value, int64_t ttl_ms,
                      struct pr_done done)
{
    char ttl[21];
    snprintf(ttl, sizeof(ttl), "%" PRId64, ttl_ms);
    command(cache, (const struct pr_str[]){PR_STR("SET"), key, value, PR_STR("PX"), pr_str(ttl)}, 5,
            NULL, done);
}

static void redis_remove(struct cache *cache, struct pr_str key, struct pr_done done)
{
    command(cache, (const struct pr_str[]){PR_STR("DEL"), key}, 2, NULL, done);
}

static void on_closed(void *arg)
{
    struct redis_cache *self = arg;
    void (*closed)(void *arg) = self->closed;
    void *closed_arg = self->closed_arg;
    free(self);
    closed(closed_arg);
}

static void redis_cache_close(struct cache *cache, void (*closed)(void *arg), void *arg)
{
    struct redis_cache *self = PR_CONTAINER(cache, struct redis_cache, cache);
    self->closed = closed;
    self->closed_arg = arg;
    redis_close(self->redis, on_closed, self);
}

struct cache *cache_redis_create(uv_loop_t *loop, const struct cache_options *options)
{
    static const struct cache_ops ops = {redis_get, redis_put, redis_remove, redis_cache_close};
    const struct redis_options redis_options = {
        .url = options->redis_url, .use = "cache", .timeout_ms = options->timeout_ms};
    struct redis *redis = redis_create(loop, &redis_options);
    if (!redis)
        return NULL;
    struct redis_cache *self = PR_NEW(struct redis_cache);
    self->cache.ops = &ops;
    self->redis = redis;
    return &self->cache;
}
