/* limit: token buckets, one for each key and rate: `count` requests at once, filled again evenly
 * within `period_ms`.
 *
 * Without Redis the buckets are in the process. With Redis they are there, and right for all
 * processes together: each takes tokens out in small leases (rate.lease) and spends them here, so
 * that most requests need no round trip, and never more pass in all than the rate allows. A Redis
 * that is away leaves the buckets in the process: limits then hold for each process alone.
 *
 * Memory is bounded: a fixed table; a bucket that finds no place pushes out the fullest one there.
 * Loop thread only. */
#pragma once

#include "shared/base/done.h"
#include "shared/base/str.h"
#include "shared/base/time.h"

#include <stdbool.h>
#include <uv.h>

struct limit_rate {
    const char *name; /* static, part of the key: "login" */
    int64_t count;    /* requests in a period; also how many may come at once. 0: no limit,
                      and a verdict's remaining is INT64_MAX */
    int64_t period_ms;
    int64_t lease; /* tokens taken from Redis at once, 1 to count; 1 where every request counts */
};

struct limit_verdict {
    bool allowed;
    const struct limit_rate *rate;
    int64_t remaining; /* requests that could come at once now, as Redis last told */
    int64_t reset_ms;  /* until the bucket is full again */
    int64_t retry_ms;  /* when not allowed: until the next token */
};

struct limiter;
struct limiter_options {
    const char *redis_url;        /* as in cache.h; NULL or "": in the process */
    const struct pr_clock *clock; /* NULL: one that never goes back. One that did would keep an
                                     empty bucket empty until it is where it was */
};
/* NULL (and a line in the log) when the URL is malformed. */
struct limiter *limiter_create(uv_loop_t *loop, const struct limiter_options *options);

/* Takes one token of key's bucket; out is filled before done(PR_OK), which comes at once when
 * Redis need not be asked. The key is copied (hashed); the rate outlives the call. */
void limiter_take(struct limiter *limiter, const struct limit_rate *rate, struct pr_str key,
                  struct limit_verdict *out, struct pr_done done);

/* The same without taking: whether the next one would pass. Never asks Redis. */
void limiter_peek(struct limiter *limiter, const struct limit_rate *rate, struct pr_str key,
                  struct limit_verdict *out);

/* What is under way is decided in the process; then closed is called, later. */
void limiter_close(struct limiter *limiter, void (*closed)(void *arg), void *arg);
