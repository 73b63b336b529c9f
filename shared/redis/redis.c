/* The states of the connection:
 *
 *     AWAY --timer--> RESOLVING --address--> CONNECTING --greeting answered--> READY
 *       ^                 |                      |                               |
 *       +--- any error, or longer than timeout_ms without the answer due next ---+
 *
 *     any --close--> CLOSED
 *
 * Only READY sends. When a connection goes, what is under way on it is answered with REDIS_AWAY,
 * and the next try comes after a pause that doubles from 100 ms to 5 s. An outage is one log line
 * for each new cause, and one at its end. */
#include "shared/redis/redis.h"

#include "shared/base/alloc.h"
#include "shared/log/log.h"
#include "shared/redis/poll.h"
#include "shared/redis/url.h"

#include <assert.h>
#include <stdio.h>
#include <sys/queue.h>

#define PAUSE_MIN_MS 100
#define PAUSE_MAX_MS 5000
#define CONNECT_TIMEOUT_MS 2000
#define REQUESTS_MAX 1024                    /* under way; to one more Redis is away */
#define BYTES_MAX ((size_t)16 * 1024 * 1024) /* of commands under way; likewise */

enum redis_state { AWAY, RESOLVING, CONNECTING, READY, CLOSED };

struct request {
    TAILQ_ENTRY(request) link;
    struct redis *redis;
    size_t bytes;       /* of the command */
    uint64_t due_at_ms; /* on the loop's clock */
    redis_answer_fn answered;
    void *arg;
};

struct redis {
    uv_loop_t *loop;
    struct redis_url url;
    const char *use;
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

/* The loop gave a handle or a request back; after close the last one ends it. */
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
        log_at(LOG_WARN, "Redis is away", LOG_TEXT("use", redis->use),
               LOG_TEXT("host", redis->url.host), LOG_INT("port", redis->url.port),
               LOG_TEXT("cause", why));
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
        log_at(LOG_INFO, "Redis is back", LOG_TEXT("use", redis->use),
               LOG_TEXT("host", redis->url.host), LOG_INT("port", redis->url.port));
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

static void finish(struct request *request, const struct redis_answer *answer)
{
    struct redis *redis = request->redis;
    redis_answer_fn answered = request->answered;
    void *arg = request->arg;
    TAILQ_REMOVE(&redis->requests, request, link);
    redis->requests_count--;
    redis->requests_bytes -= request->bytes;
    free(request);
    if (redis->state == READY)
        watch_oldest(redis);
    answered(arg, answer);
}

/* Once a connection. That a script is not known to Redis is part of using scripts. */
static void log_refusal(struct redis *redis, struct pr_str words)
{
    static const struct pr_str no_script = PR_STR("NOSCRIPT");
    if (redis->refusal_logged || pr_str_has_prefix(words, no_script))
        return;
    redis->refusal_logged = true;
    log_at(LOG_WARN, "Redis refused a command", LOG_TEXT("use", redis->use),
           LOG_STR("cause", words));
}

static void read_numbers(const redisReply *reply, struct redis_answer *out)
{
    if (reply->elements > REDIS_NUMBERS_MAX)
        return;
    for (size_t i = 0; i < reply->elements; i++) {
        if (reply->element[i]->type != REDIS_REPLY_INTEGER)
            return;
        out->numbers[i] = reply->element[i]->integer;
    }
    out->numbers_n = reply->elements;
    out->kind = REDIS_NUMBERS;
}

static struct redis_answer read_answer(const redisReply *reply)
{
    struct redis_answer answer = {.kind = reply ? REDIS_OTHER : REDIS_AWAY};
    if (reply && (reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_ERROR)) {
        answer.kind = reply->type == REDIS_REPLY_STRING ? REDIS_TEXT : REDIS_REFUSED;
        answer.text = pr_str_n(reply->str, reply->len);
    } else if (reply && reply->type == REDIS_REPLY_ARRAY) {
        read_numbers(reply, &answer);
    }
    return answer;
}

static void on_answer(redisAsyncContext *context, void *reply, void *arg)
{
    struct request *request = arg;
    struct redis_answer answer = read_answer(reply); /* NULL: the connection went */
    (void)context;
    if (answer.kind == REDIS_REFUSED)
        log_refusal(request->redis, answer.text);
    finish(request, &answer);
}

bool redis_ready(const struct redis *redis)
{
    return redis->state == READY;
}

void redis_command(struct redis *redis, const struct pr_str *args, size_t args_n,
                   redis_answer_fn answered, void *arg)
{
    static const struct redis_answer away = {.kind = REDIS_AWAY};
    const char *argv[REDIS_ARGS_MAX];
    size_t lengths[REDIS_ARGS_MAX], bytes = 0;
    assert(args_n <= REDIS_ARGS_MAX);
    for (size_t i = 0; i < args_n; i++) {
        argv[i] = args[i].n ? args[i].p : "";
        lengths[i] = args[i].n;
        bytes += args[i].n;
    }
    if (redis->state != READY || redis->requests_count == REQUESTS_MAX ||
        bytes > BYTES_MAX - redis->requests_bytes) {
        answered(arg, &away);
        return;
    }
    struct request *request = PR_NEW(struct request);
    uv_update_time(redis->loop); /* whatever the caller did before does not count */
    *request = (struct request){.redis = redis,
                                .bytes = bytes,
                                .due_at_ms = uv_now(redis->loop) + redis->timeout_ms,
                                .answered = answered,
                                .arg = arg};
    TAILQ_INSERT_TAIL(&redis->requests, request, link);
    redis->requests_bytes += bytes;
    if (redis->requests_count++ == 0)
        watch_oldest(redis);
    if (redisAsyncCommandArgv(redis->context, on_answer, request, (int)args_n, argv, lengths) !=
        REDIS_OK)
        finish(request, &away); /* hiredis is just ending the connection */
}

static void on_timer_closed(uv_handle_t *handle)
{
    released(PR_CONTAINER(handle, struct redis, timer));
}

void redis_close(struct redis *redis, void (*closed)(void *arg), void *arg)
{
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

struct redis *redis_create(uv_loop_t *loop, const struct redis_options *options)
{
    struct redis_url url;
    if (!redis_url_parse(pr_str(options->url), &url))
        return NULL;
    struct redis *redis = PR_NEW(struct redis);
    redis->loop = loop;
    redis->url = url;
    redis->use = options->use;
    redis->timeout_ms = (uint64_t)options->timeout_ms;
    redis->pause_ms = PAUSE_MIN_MS;
    TAILQ_INIT(&redis->requests);
    uv_timer_init(loop, &redis->timer);
    redis->held_by_loop = 1;
    resolve(redis);
    return redis;
}
