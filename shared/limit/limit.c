/* One take, in the order in which it is decided:
 *
 *     a lease holds            -> spent here: allowed
 *     the bucket is empty      -> denied: it was, when Redis last told, and nobody fills it but time
 *     Redis is there           -> asked, once for all who wait for the same bucket
 *     no Redis, or it is away  -> a token of the bucket here
 *
 * What Redis tells of its bucket becomes the bucket here, which goes on from there when Redis goes
 * away. A lease holds for a second; what is left of it is given back with the next question. */
#include "shared/limit/limit.h"

#include "shared/base/alloc.h"
#include "shared/base/encode.h"
#include "shared/crypto/crypto.h"
#include "shared/limit/bucket.h"
#include "shared/log/log.h"
#include "shared/redis/redis.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/queue.h>

#define LEASE_MS 1000
#define REDIS_TIMEOUT_MS 100
#define ASKING_HEADS 256
#define KEY_HASH_BYTES 16 /* in Redis, keys say nothing of whose they are */

/* bucket.h's arithmetic, in Redis, by its clock: {tokens given, lack in microseconds}. */
static const struct pr_str script =
    PR_STR("local time = redis.call('TIME')\n"
           "local now = time[1] * 1000000 + time[2]\n"
           "local interval, count = tonumber(ARGV[1]), tonumber(ARGV[2])\n"
           "local want, back = tonumber(ARGV[3]), tonumber(ARGV[4])\n"
           "local most = interval * count\n"
           "local lack = (tonumber(redis.call('GET', KEYS[1])) or 0) - now\n"
           "lack = math.max(math.min(lack, most) - back * interval, 0)\n"
           "local given = math.min(math.floor((most - lack) / interval), want)\n"
           "lack = lack + given * interval\n"
           "redis.call('SET', KEYS[1], string.format('%.0f', now + lack),\n"
           "           'PX', math.ceil(lack / 1000))\n"
           "return {given, lack}\n");

struct waiter {
    STAILQ_ENTRY(waiter) link;
    struct limit_verdict *out;
    struct pr_done done;
};

/* A bucket of which Redis is being asked. */
struct asking {
    LIST_ENTRY(asking) link;
    struct limiter *limiter;
    const struct limit_rate *rate;
    uint64_t hash;
    char key[112];
    int64_t want, back; /* of the question under way */
    bool whole;         /* it carries the script itself, which Redis did not know */
    STAILQ_HEAD(, waiter) waiters;
    int64_t waiters_n;
};

struct limiter {
    const struct pr_clock *clock;
    struct bucket_table table;
    struct redis *redis; /* NULL: the buckets are here */
    char script_sha[2 * SHA1_BYTES + 1];
    LIST_HEAD(, asking) asking[ASKING_HEADS];
    uv_timer_t closing; /* only so that closed comes later, also without Redis */
    void (*closed)(void *arg);
    void *closed_arg;
};

static struct asking *find_asking(struct limiter *limiter, uint64_t hash)
{
    struct asking *asking;
    LIST_FOREACH (asking, &limiter->asking[hash % ASKING_HEADS], link) {
        if (asking->hash == hash)
            break;
    }
    return asking;
}

/* False when Redis must be asked first, unless alone: then it could not be. */
static bool decide(struct limiter *limiter, const struct limit_rate *rate, uint64_t hash,
                   bool alone, struct limit_verdict *out)
{
    int64_t now_ms = pr_now_ms(limiter->clock);
    struct bucket *bucket = bucket_get(&limiter->table, hash);
    bool leased = bucket->lease > 0 && now_ms < bucket->lease_ends_ms;
    bool allowed = bucket->lease > 0 || bucket_tokens(bucket, rate, now_ms) > 0;
    if (leased) {
        bucket->lease--;
    } else if (allowed) {
        if (!alone && limiter->redis && redis_ready(limiter->redis))
            return false;
        bucket_spend(bucket, rate, -bucket->lease, now_ms);
        bucket_spend(bucket, rate, 1, now_ms);
        bucket->lease = 0;
    }
    bucket_verdict(bucket, rate, now_ms, allowed, out);
    return true;
}

static int64_t steady_now_ms(const struct pr_clock *clock)
{
    (void)clock;
    return pr_monotonic_ns() / 1000000;
}

static const struct pr_clock steady_clock = {steady_now_ms};

static void on_answer(void *arg, const struct redis_answer *answer);

static void send_question(struct asking *asking)
{
    struct limiter *limiter = asking->limiter;
    char interval[21], count[21], want[21], back[21];
    snprintf(interval, sizeof(interval), "%" PRId64, bucket_interval_us(asking->rate));
    snprintf(count, sizeof(count), "%" PRId64, asking->rate->count);
    snprintf(want, sizeof(want), "%" PRId64, asking->want);
    snprintf(back, sizeof(back), "%" PRId64, asking->back);
    const struct pr_str args[] = {
        pr_str(asking->whole ? "EVAL" : "EVALSHA"),
        asking->whole ? script : pr_str(limiter->script_sha),
        pr_str("1"),
        pr_str(asking->key),
        pr_str(interval),
        pr_str(count),
        pr_str(want),
        pr_str(back),
    };
    redis_command(limiter->redis, args, PR_COUNT(args), on_answer, asking);
}

static void ask(struct asking *asking)
{
    const struct limit_rate *rate = asking->rate;
    struct bucket *bucket = bucket_get(&asking->limiter->table, asking->hash);
    asking->want = asking->waiters_n > rate->lease ? asking->waiters_n : rate->lease;
    if (asking->want > rate->count)
        asking->want = rate->count;
    asking->back = bucket->lease;
    asking->whole = false;
    bucket->lease = 0;
    send_question(asking);
}

/* False when the answer is none. */
static bool learn(const struct asking *asking, const struct redis_answer *answer)
{
    struct limiter *limiter = asking->limiter;
    int64_t now_ms = pr_now_ms(limiter->clock);
    int64_t given = answer->numbers[0], lack_us = answer->numbers[1];
    if (answer->kind != REDIS_NUMBERS || answer->numbers_n != 2 || given < 0 ||
        given > asking->want || lack_us < 0)
        return false;
    struct bucket *bucket = bucket_get(&limiter->table, asking->hash);
    bucket->full_at_us = now_ms * 1000 + lack_us;
    bucket->lease = given;
    bucket->lease_ends_ms = now_ms + LEASE_MS;
    return true;
}

/* Whoever is answered may take again at once, and then waits here too. */
static void answer_waiters(struct asking *asking, bool alone)
{
    struct waiter *waiter;
    while ((waiter = STAILQ_FIRST(&asking->waiters))) {
        struct pr_done done = waiter->done;
        if (!decide(asking->limiter, asking->rate, asking->hash, alone, waiter->out)) {
            ask(asking); /* more came while Redis was asked than it was asked for */
            return;
        }
        STAILQ_REMOVE_HEAD(&asking->waiters, link);
        asking->waiters_n--;
        free(waiter);
        pr_done_call(done, PR_OK);
    }
    LIST_REMOVE(asking, link);
    free(asking);
}

static void on_answer(void *arg, const struct redis_answer *answer)
{
    static const struct pr_str no_script = PR_STR("NOSCRIPT");
    struct asking *asking = arg;
    if (answer->kind == REDIS_REFUSED && !asking->whole &&
        pr_str_has_prefix(answer->text, no_script)) {
        asking->whole = true;
        send_question(asking);
        return;
    }
    answer_waiters(asking, !learn(asking, answer));
}

static struct asking *start_asking(struct limiter *limiter, const struct limit_rate *rate,
                                   struct pr_str key, uint64_t hash)
{
    uint8_t digest[SHA256_BYTES];
    char hex[2 * KEY_HASH_BYTES + 1];
    struct asking *asking = PR_NEW(struct asking);
    sha256(key, digest);
    pr_hex_encode(digest, KEY_HASH_BYTES, hex);
    /* A rate that was changed begins anew: what the old one took would be wrong for it. */
    snprintf(asking->key, sizeof(asking->key), "limit:%.24s:%" PRId64 "/%" PRId64 ":%s", rate->name,
             rate->count, rate->period_ms, hex);
    asking->limiter = limiter;
    asking->rate = rate;
    asking->hash = hash;
    STAILQ_INIT(&asking->waiters);
    LIST_INSERT_HEAD(&limiter->asking[hash % ASKING_HEADS], asking, link);
    return asking;
}

static void no_limit(const struct limit_rate *rate, struct limit_verdict *out)
{
    *out = (struct limit_verdict){.allowed = true, .rate = rate, .remaining = INT64_MAX};
}

void limiter_take(struct limiter *limiter, const struct limit_rate *rate, struct pr_str key,
                  struct limit_verdict *out, struct pr_done done)
{
    if (rate->count == 0) {
        no_limit(rate, out);
        pr_done_call(done, PR_OK);
        return;
    }
    uint64_t hash = bucket_hash(&limiter->table, rate->name, key);
    struct asking *under_way = find_asking(limiter, hash), *asking = under_way;
    if (!under_way) {
        if (decide(limiter, rate, hash, false, out)) {
            pr_done_call(done, PR_OK);
            return;
        }
        asking = start_asking(limiter, rate, key, hash);
    }
    struct waiter *waiter = PR_NEW(struct waiter);
    waiter->out = out;
    waiter->done = done;
    STAILQ_INSERT_TAIL(&asking->waiters, waiter, link);
    asking->waiters_n++;
    if (!under_way)
        ask(asking);
}

void limiter_peek(struct limiter *limiter, const struct limit_rate *rate, struct pr_str key,
                  struct limit_verdict *out)
{
    static const struct bucket full = {0};
    if (rate->count == 0) {
        no_limit(rate, out);
        return;
    }
    int64_t now_ms = pr_now_ms(limiter->clock);
    const struct bucket *bucket =
        bucket_find(&limiter->table, bucket_hash(&limiter->table, rate->name, key));
    if (!bucket)
        bucket = &full;
    bucket_verdict(bucket, rate, now_ms,
                   bucket->lease > 0 || bucket_tokens(bucket, rate, now_ms) > 0, out);
}

struct limiter *limiter_create(uv_loop_t *loop, const struct limiter_options *options)
{
    const struct redis_options redis_options = {
        .url = options->redis_url, .use = "limits", .timeout_ms = REDIS_TIMEOUT_MS};
    struct redis *redis = NULL;
    if (options->redis_url && *options->redis_url) {
        redis = redis_create(loop, &redis_options);
        if (!redis) {
            log_at(LOG_ERROR, "the Redis of the limits has a malformed URL");
            return NULL;
        }
    }
    struct limiter *limiter = PR_NEW(struct limiter);
    uint8_t digest[SHA1_BYTES];
    limiter->clock = options->clock ? options->clock : &steady_clock;
    limiter->redis = redis;
    bucket_table_init(&limiter->table);
    sha1(script, digest);
    pr_hex_encode(digest, sizeof(digest), limiter->script_sha);
    for (size_t i = 0; i < ASKING_HEADS; i++)
        LIST_INIT(&limiter->asking[i]);
    uv_timer_init(loop, &limiter->closing);
    return limiter;
}

static void on_closed(uv_handle_t *handle)
{
    struct limiter *limiter = PR_CONTAINER(handle, struct limiter, closing);
    void (*closed)(void *arg) = limiter->closed;
    void *closed_arg = limiter->closed_arg;
    bucket_table_fini(&limiter->table);
    free(limiter);
    closed(closed_arg);
}

static void on_redis_closed(void *arg)
{
    struct limiter *limiter = arg;
    uv_close((uv_handle_t *)&limiter->closing, on_closed);
}

void limiter_close(struct limiter *limiter, void (*closed)(void *arg), void *arg)
{
    limiter->closed = closed;
    limiter->closed_arg = arg;
    if (limiter->redis)
        redis_close(limiter->redis, on_redis_closed, limiter);
    else
        on_redis_closed(limiter);
}
