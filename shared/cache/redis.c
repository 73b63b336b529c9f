/* The cache in Redis: one connection, commands pipelined on it, answers in their order.
 *
 *     AWAY --timer--> RESOLVING --address--> CONNECTING --greeting answered--> READY
 *       ^                 |                      |                               |
 *       +--- any error, or longer than timeout_ms without the answer due next ---+
 *
 *     any --close--> CLOSED
 *
 * Only READY sends; in every other state a get misses and a put does nothing, at once. When a
 * connection goes, what is under way on it is answered so, and the next try comes after a pause
 * that doubles from 100 ms to 5 s. An outage is one log line for each new cause, and one at its
 * end. */
#include "shared/cache/private.h"

#include "shared/base/alloc.h"
#include "shared/cache/redis_poll.h"
#include "shared/log/log.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/queue.h>

#define PAUSE_MIN_MS 100
#define PAUSE_MAX_MS 5000
#define CONNECT_TIMEOUT_MS 2000
#define REQUESTS_MAX 1024                    /* under way; one more misses */
#define BYTES_MAX ((size_t)16 * 1024 * 1024) /* of commands under way; likewise */

enum redis_state { AWAY, RESOLVING, CONNECTING, READY, CLOSED };

struct request {
    TAILQ_ENTRY(request) link;
    struct redis *redis;
    struct cache_value *out; /* get */
    size_t bytes;            /* of the command */
    uint64_t due_at_ms;      /* on the loop's clock */
    struct pr_done done;
};

struct redis {
    struct cache cache;
    uv_loop_t *loop;
    struct redis_url url;
    uint64_t timeout_ms, pause_ms;
    enum redis_state state;
    redisAsyncContext *context;                 /* CONNECTING and READY */
    TAILQ_HEAD(request_list, request) requests; /* as they were sent */
    size_t requests_count, requests_bytes;
    char cause[128]; /* of the outage, as logged last; empty: there is none */
    bool refusal_logged;
    uv_timer_t timer; /* AWAY: the pause; CONNECTING: the limit; READY: the oldest request */
    uv_getaddrinfo_t resolving;
    unsigned tries;
    unsigned held_by_loop; /* handles and requests libuv has yet to give back */
    void (*closed)(void *arg);
    void *closed_arg;
};

static void move(struct redis *redis, enum redis_state to)
{
    static const unsigned allowed[] = {
        [AWAY] = 1u << RESOLVING | 1u << CLOSED,
        [RESOLVING] = 1u << CONNECTING | 1u << AWAY | 1u << CLOSED,
        [CONNECTING] = 1u << READY | 1u << AWAY | 1u << CLOSED,
        [READY] = 1u << AWAY | 1u << CLOSED,
        [CLOSED] = 0,
    };
    assert(allowed[redis->state] & 1u << to);
    redis->state = to;
}

/* The loop gave a handle or a request back; after close the last one ends the cache. */
static void released(void *arg)
{
    struct redis *redis = arg;
    if (--redis->held_by_loop > 0 || redis->state != CLOSED)
        return;
    void (*closed)(void *arg) = redis->closed;
    void *closed_arg = redis->closed_arg;
    free(redis);
    closed(closed_arg);
}

static void on_timer(uv_timer_t *timer);

static void set_timer(struct redis *redis, uint64_t in_ms)
{
    uv_timer_start(&redis->timer, on_timer, in_ms, 0);
}

/* The end of a connection or of the attempt at one. The context is ours to free unless hiredis is
 * just doing so. */
static void lose(struct redis *redis, const char *why)
{
    redisAsyncContext *context = redis->context;
    if (strncmp(redis->cause, why, sizeof(redis->cause) - 1) != 0) {
        snprintf(redis->cause, sizeof(redis->cause), "%s", why);
        log_at(LOG_WARN, "the cache is away", LOG_TEXT("host", redis->url.host),
               LOG_INT("port", redis->url.port), LOG_TEXT("cause", why));
    }
    redis->context = NULL;
    move(redis, AWAY);
    set_timer(redis, redis->pause_ms);
    redis->pause_ms = redis->pause_ms * 2 < PAUSE_MAX_MS ? redis->pause_ms * 2 : PAUSE_MAX_MS;
    if (context)
        redisAsyncFree(context); /* answers what is under way */
}

static void greeted(struct redis *redis)
{
    if (*redis->cause)
        log_at(LOG_INFO, "the cache is back", LOG_TEXT("host", redis->url.host),
               LOG_INT("port", redis->url.port));
    *redis->cause = 0;
    redis->refusal_logged = false;
    redis->pause_ms = PAUSE_MIN_MS;
    uv_timer_stop(&redis->timer);
    move(redis, READY);
}

/* arg is NULL but for the last of the greeting's answers. */
static void on_greeting(redisAsyncContext *context, void *answer, void *arg)
{
    struct redis *redis = context->data;
    const redisReply *reply = answer;
    if (!reply || redis->context != context)
        return; /* on_connect or on_disconnect tells */
    if (reply->type == REDIS_REPLY_ERROR)
        lose(redis, reply->str);
    else if (arg)
        greeted(redis);
}

static void on_connect(const redisAsyncContext *context, int status)
{
    struct redis *redis = context->data;
    if (status == REDIS_OK || redis->context != context)
        return;
    redis->context = NULL; /* hiredis frees it */
    lose(redis, context->c.errstr);
}

static void on_disconnect(const redisAsyncContext *context, int status)
{
    struct redis *redis = context->data;
    (void)status;
    if (redis->context != context)
        return; /* it was lose or close */
    redis->context = NULL;
    lose(redis, context->err ? context->errstr : "connection closed");
}

static void connect_to(struct redis *redis, const char *address)
{
    redisAsyncContext *context = redis->context = redisAsyncConnect(address, redis->url.port);
    move(redis, CONNECTING);
    if (!context || context->err || !redis_poll_attach(context, redis->loop, released, redis)) {
        lose(redis, context && context->err ? context->errstr : "cannot watch a socket");
        return;
    }
    redis->held_by_loop++;
    context->data = redis;
    set_timer(redis, CONNECT_TIMEOUT_MS);
    redisAsyncSetConnectCallback(context, on_connect);
    redisAsyncSetDisconnectCallback(context, on_disconnect);
    if (*redis->url.password)
        redisAsyncCommand(context, on_greeting, NULL, "AUTH %s", redis->url.password);
    redisAsyncCommand(context, on_greeting, redis, "SELECT %d", redis->url.db);
}

static void on_address(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    struct redis *redis = PR_CONTAINER(request, struct redis, resolving);
    if (redis->state == RESOLVING && status == 0) {
        unsigned count = 0;
        for (struct addrinfo *at = found; at; at = at->ai_next)
            count++;
        assert(count > 0);             /* or getaddrinfo had failed */
        struct addrinfo *pick = found; /* another one each time: one of them may not listen */
        for (unsigned skip = redis->tries++ % count; skip > 0; skip--)
            pick = pick->ai_next;
        char address[INET6_ADDRSTRLEN] = "";
        uv_ip_name(pick->ai_addr, address, sizeof(address));
        connect_to(redis, address);
    } else if (redis->state == RESOLVING) {
        lose(redis, uv_strerror(status));
    }
    uv_freeaddrinfo(found);
    released(redis);
}

static void resolve(struct redis *redis)
{
    static const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    move(redis, RESOLVING);
    int err =
        uv_getaddrinfo(redis->loop, &redis->resolving, on_address, redis->url.host, NULL, &hints);
    if (err)
        lose(redis, uv_strerror(err));
    else
        redis->held_by_loop++;
}

static void watch_oldest(struct redis *redis)
{
    struct request *oldest = TAILQ_FIRST(&redis->requests);
    uint64_t now = uv_now(redis->loop);
    if (!oldest)
        uv_timer_stop(&redis->timer);
    else
        set_timer(redis, oldest->due_at_ms > now ? oldest->due_at_ms - now : 0);
}

static void on_timer(uv_timer_t *timer)
{
    struct redis *redis = PR_CONTAINER(timer, struct redis, timer);
    if (redis->state == AWAY) {
        resolve(redis);
        return;
    }
    /* When the loop itself was late, the answer may be waiting in the socket. */
    if (redis->state == READY)
        redisAsyncHandleRead(redis->context);
    struct request *oldest = TAILQ_FIRST(&redis->requests);
    if (redis->state == CONNECTING ||
        (redis->state == READY && oldest && oldest->due_at_ms <= uv_now(redis->loop)))
        lose(redis, "timed out");
    else if (redis->state == READY)
        watch_oldest(redis);
}

static void finish(struct request *request)
{
    struct redis *redis = request->redis;
    struct pr_done done = request->done;
    TAILQ_REMOVE(&redis->requests, request, link);
    redis->requests_count--;
    redis->requests_bytes -= request->bytes;
    free(request);
    if (redis->state == READY)
        watch_oldest(redis);
    pr_done_call(done, PR_OK);
}

static void on_answer(redisAsyncContext *context, void *answer, void *arg)
{
    struct request *request = arg;
    struct redis *redis = request->redis;
    const redisReply *reply = answer; /* NULL: the connection went */
    (void)context;
    if (reply && reply->type == REDIS_REPLY_ERROR && !redis->refusal_logged) {
        redis->refusal_logged = true; /* once a connection */
        log_at(LOG_WARN, "the cache refused a command", LOG_TEXT("cause", reply->str));
    }
    if (reply && reply->type == REDIS_REPLY_STRING && request->out &&
        reply->len <= CACHE_VALUE_MAX_BYTES)
        cache_value_set(request->out, pr_str_n(reply->str, reply->len));
    finish(request);
}

static void command(struct cache *cache, const struct pr_str *args, int count,
                    struct cache_value *out, struct pr_done done)
{
    struct redis *redis = PR_CONTAINER(cache, struct redis, cache);
    const char *argv[5];
    size_t lengths[5], bytes = 0;
    for (int i = 0; i < count; i++) {
        argv[i] = args[i].n ? args[i].p : "";
        lengths[i] = args[i].n;
        bytes += args[i].n;
    }
    if (redis->state != READY || redis->requests_count == REQUESTS_MAX ||
        bytes > BYTES_MAX - redis->requests_bytes) {
        pr_done_call(done, PR_OK);
        return;
    }
    struct request *request = PR_NEW(struct request);
    uv_update_time(redis->loop); /* whatever the caller did before does not count */
    *request = (struct request){.redis = redis,
                                .out = out,
                                .bytes = bytes,
                                .due_at_ms = uv_now(redis->loop) + redis->timeout_ms,
                                .done = done};
    TAILQ_INSERT_TAIL(&redis->requests, request, link);
    redis->requests_bytes += bytes;
    if (redis->requests_count++ == 0)
        watch_oldest(redis);
    if (redisAsyncCommandArgv(redis->context, on_answer, request, count, argv, lengths) != REDIS_OK)
        finish(request); /* hiredis is just ending the connection */
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

static void on_timer_closed(uv_handle_t *handle)
{
    released(PR_CONTAINER(handle, struct redis, timer));
}

static void redis_close(struct cache *cache, void (*closed)(void *arg), void *arg)
{
    struct redis *redis = PR_CONTAINER(cache, struct redis, cache);
    redisAsyncContext *context = redis->context;
    redis->closed = closed;
    redis->closed_arg = arg;
    redis->context = NULL;
    if (redis->state == RESOLVING)
        uv_cancel((uv_req_t *)&redis->resolving);
    move(redis, CLOSED);
    uv_close((uv_handle_t *)&redis->timer, on_timer_closed);
    if (context)
        redisAsyncFree(context);
}

struct cache *cache_redis_create(uv_loop_t *loop, const struct redis_url *url, int64_t timeout_ms)
{
    static const struct cache_ops ops = {redis_get, redis_put, redis_remove, redis_close};
    struct redis *redis = PR_NEW(struct redis);
    redis->cache.ops = &ops;
    redis->loop = loop;
    redis->url = *url;
    redis->timeout_ms = (uint64_t)timeout_ms;
    redis->pause_ms = PAUSE_MIN_MS;
    TAILQ_INIT(&redis->requests);
    uv_timer_init(loop, &redis->timer);
    redis->held_by_loop = 1;
    resolve(redis);
    return &redis->cache;
}
