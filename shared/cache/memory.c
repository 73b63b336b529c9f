/* The cache inside the process: an LRU that answers at once. */
#include "shared/cache/private.h"

#include "shared/base/alloc.h"
#include "shared/base/time.h"
#include "shared/cache/lru.h"

struct memory {
    struct cache cache;
    struct lru lru;
    uv_timer_t closing; /* only so that `closed` comes later, as every close promises */
    void (*closed)(void *arg);
    void *closed_arg;
};

static int64_t now_ms(void)
{
    return pr_monotonic_ns() / 1000000;
}

static void memory_get(struct cache *cache, struct pr_str key, struct cache_value *out,
                       struct pr_done done)
{
    struct memory *memory = PR_CONTAINER(cache, struct memory, cache);
    struct pr_str value = lru_get(&memory->lru, key, now_ms());
    if (value.p)
        cache_value_set(out, value);
    pr_done_call(done, PR_OK);
}

static void memory_put(struct cache *cache, struct pr_str key, struct pr_str value, int64_t ttl_ms,
                       struct pr_done done)
{
    struct memory *memory = PR_CONTAINER(cache, struct memory, cache);
    int64_t now = now_ms();
    lru_put(&memory->lru, key, value, ttl_ms > INT64_MAX - now ? INT64_MAX : now + ttl_ms);
    pr_done_call(done, PR_OK);
}

static void memory_remove(struct cache *cache, struct pr_str key, struct pr_done done)
{
    struct memory *memory = PR_CONTAINER(cache, struct memory, cache);
    lru_remove(&memory->lru, key);
    pr_done_call(done, PR_OK);
}

static void on_closed(uv_handle_t *handle)
{
    struct memory *memory = PR_CONTAINER(handle, struct memory, closing);
    void (*closed)(void *arg) = memory->closed;
    void *arg = memory->closed_arg;
    lru_fini(&memory->lru);
    free(memory);
    closed(arg);
}

static void memory_close(struct cache *cache, void (*closed)(void *arg), void *arg)
{
    struct memory *memory = PR_CONTAINER(cache, struct memory, cache);
    memory->closed = closed;
    memory->closed_arg = arg;
    uv_close((uv_handle_t *)&memory->closing, on_closed);
}

struct cache *cache_memory_create(uv_loop_t *loop, size_t max_bytes)
{
    static const struct cache_ops ops = {memory_get, memory_put, memory_remove, memory_close};
    struct memory *memory = PR_NEW(struct memory);
    memory->cache.ops = &ops;
    lru_init(&memory->lru, max_bytes);
    uv_timer_init(loop, &memory->closing);
    return &memory->cache;
}
