/* cache: bytes that can be made again: previews, query results. Redis when it is configured,
 * otherwise an LRU inside the process. A cache that is away is a cache that misses: every call ends
 * with PR_OK, a get of what is not there, or could not be had in time, with found == false.
 *
 * Keys are namespaced by the caller ("preview:<media id>"). One cache belongs to one loop thread;
 * the process ignores SIGPIPE. */
#pragma once

#include "shared/base/buf.h"
#include "shared/base/done.h"

#include <uv.h>

#define CACHE_VALUE_MAX_BYTES ((size_t)1024 * 1024) /* what is larger is never kept */

struct cache;

struct cache_options {
    const char
        *redis_url;   /* redis://[:password@]host[:port][/db]; NULL or "": in the process; copied */
    size_t max_bytes; /* of the LRU in the process */
    int64_t
        timeout_ms; /* for an answer of Redis; then it is a miss, and the connection is made anew */
};

/* Answers at once; Redis is connected to meanwhile. NULL when the URL is malformed. */
struct cache *cache_create(uv_loop_t *loop, const struct cache_options *options);

struct cache_value {
    bool found;
    struct pr_buf bytes; /* the caller frees it (pr_buf_fini), found or not */
};

/* out is written now and again before done. */
void cache_get(struct cache *cache, struct pr_str key, struct cache_value *out,
               struct pr_done done);

/* Key and value are copied. A value over the limit, or a ttl of 0 or less, removes what was there.
 */
void cache_put(struct cache *cache, struct pr_str key, struct pr_str value, int64_t ttl_ms,
               struct pr_done done);
void cache_delete(struct cache *cache, struct pr_str key, struct pr_done done);

/* What is under way ends as a miss; then closed is called, later, and the memory is gone. */
void cache_close(struct cache *cache, void (*closed)(void *arg), void *arg);
