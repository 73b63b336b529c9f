/* The connections ("links") to a service.
 *
 *     (none) -> connecting -> busy <-> idle
 *                   |          |        |
 *                   +----------+--------+--> closed -> freed in the close callback
 *
 * A link idles shorter than the service would keep it, so that a request seldom meets a closed one.
 * One timer looks at all deadlines twice a second, while there are any. */
#include "shared/http/upstream.h"

#include "shared/base/alloc.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>

#define CONNECT_MS 2000
#define IDLE_MS 5000
#define TICK_MS 500
#define SCRATCH_MAX ((size_t)65536)

struct http_upstream {
    uv_loop_t *loop;
    uv_timer_t timer;
    char *name, *host;
    int port;
    struct link *links, *idle;
    struct exchange *queue, **queue_end;
    unsigned links_count, links_max;
    struct pr_buf scratch;
    bool closing, timer_closed;
    void (*closed)(void *arg);
    void *closed_arg;
};

static void serve_queue(struct http_upstream *upstream);
static void finish_close(struct http_upstream *upstream);

static void move(struct link *link, enum link_state to)
{
    static const bool allowed[LINK_STATES][LINK_STATES] = {
        [LINK_CONNECTING] = {[LINK_BUSY] = true, [LINK_CLOSED] = true},
        [LINK_BUSY] = {[LINK_IDLE] = true, [LINK_CLOSED] = true},
        [LINK_IDLE] = {[LINK_BUSY] = true, [LINK_CLOSED] = true},
    };
    assert(allowed[link->state][to]);
    link->state = to;
}

static void on_link_closed(uv_handle_t *handle)
{
    struct link *link = PR_CONTAINER(handle, struct link, tcp);
    struct http_upstream *upstream = link->upstream;
    if (link->prev)
        link->prev->next = link->next;
    else
        upstream->links = link->next;
    if (link->next)
        link->next->prev = link->prev;
    free(link);
    upstream->links_count--;
    if (upstream->closing)
        finish_close(upstream);
    else
        serve_queue(upstream);
}

static void close_link(struct link *link)
{
    move(link, LINK_CLOSED);
    if (link->exchange)
        link->exchange->link = NULL;
    link->exchange = NULL;
    link_set_deadline(link, 0);
    if (link->resolving)
        uv_cancel((uv_req_t *)&link->resolve); /* on_resolved goes on */
    else
        uv_close((uv_handle_t *)&link->tcp, on_link_closed);
}

static void fail(struct link *link, enum pr_err err, const char *cause)
{
    struct exchange *exchange = link->exchange;
    close_link(link);
    exchange_failed(exchange, err, cause);
}

void link_set_deadline(struct link *link, int64_t in_ms)
{
    link->deadline_ms = in_ms ? (int64_t)uv_now(link->upstream->loop) + in_ms : INT64_MAX;
}

static void leave_idle(struct link *link)
{
    struct link **place = &link->upstream->idle;
    while (*place != link)
        place = &(*place)->idle_next;
    *place = link->idle_next;
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct link *link = PR_CONTAINER(handle, struct link, tcp);
    (void)suggested;
    *buf = uv_buf_init(link->input + link->input_n, (unsigned)(sizeof link->input - link->input_n));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct link *link = PR_CONTAINER(stream, struct link, tcp);
    (void)buf;
    if (n == 0)
        return;
    if (link->state == LINK_IDLE) { /* closed by the service, or it speaks unasked */
        leave_idle(link);
        close_link(link);
    } else if (n < 0) {
        exchange_broken(link->exchange, (int)n);
    } else {
        exchange_input(link->exchange, (size_t)n);
    }
}

void link_pause(struct link *link)
{
    uv_read_stop((uv_stream_t *)&link->tcp);
    link->reading = false;
}

void link_resume(struct link *link)
{
    if (!link->reading)
        uv_read_start((uv_stream_t *)&link->tcp, on_alloc, on_read);
    link->reading = true;
}

static void on_connect(uv_connect_t *connect, int status)
{
    struct link *link = PR_CONTAINER(connect, struct link, connect);
    if (link->state == LINK_CLOSED)
        return;
    struct exchange *exchange = link->exchange;
    if (status < 0 && exchange->address + 1 < link->addresses) {
        close_link(link); /* its place in the queue comes first, with the next address */
        exchange->address++;
        exchange->next = link->upstream->queue;
        link->upstream->queue = exchange;
        if (!exchange->next)
            link->upstream->queue_end = &exchange->next;
        return;
    }
    if (status < 0) {
        fail(link, PR_ERR_UNAVAILABLE, uv_strerror(status));
        return;
    }
    uv_tcp_nodelay(&link->tcp, 1);
    move(link, LINK_BUSY);
    link_resume(link);
    exchange_connected(exchange);
}

static void on_resolved(uv_getaddrinfo_t *resolve, int status, struct addrinfo *result)
{
    struct link *link = PR_CONTAINER(resolve, struct link, resolve);
    link->resolving = false;
    if (link->state == LINK_CLOSED) {
        uv_freeaddrinfo(result);
        uv_close((uv_handle_t *)&link->tcp, on_link_closed);
        return;
    }
    const struct addrinfo *chosen = result;
    for (const struct addrinfo *a = result; a; a = a->ai_next) {
        if (link->addresses++ == link->exchange->address)
            chosen = a;
    }
    if (status == 0 && chosen)
        status = uv_tcp_connect(&link->connect, &link->tcp, chosen->ai_addr, on_connect);
    uv_freeaddrinfo(result);
    if (status < 0)
        fail(link, PR_ERR_UNAVAILABLE, uv_strerror(status));
}

static void open_link(struct http_upstream *upstream, struct exchange *exchange)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct sockaddr_storage address;
    char port[8];
    struct link *link = PR_NEW(struct link);
    int err = uv_tcp_init(upstream->loop, &link->tcp);
    assert(err == 0);
    link->upstream = upstream;
    link->state = LINK_CONNECTING;
    link->exchange = exchange;
    exchange->link = link;
    link->next = upstream->links;
    if (link->next)
        link->next->prev = link;
    upstream->links = link;
    upstream->links_count++;
    link_set_deadline(link, CONNECT_MS);
    if (uv_ip4_addr(upstream->host, upstream->port, (struct sockaddr_in *)&address) == 0 ||
        uv_ip6_addr(upstream->host, upstream->port, (struct sockaddr_in6 *)&address) == 0) {
        err = uv_tcp_connect(&link->connect, &link->tcp, (struct sockaddr *)&address, on_connect);
    } else {
        snprintf(port, sizeof port, "%d", upstream->port);
        err = uv_getaddrinfo(upstream->loop, &link->resolve, on_resolved, upstream->host, port,
                             &hints);
        link->resolving = err == 0;
    }
    if (err < 0)
        fail(link, PR_ERR_UNAVAILABLE, uv_strerror(err));
}

static void use_link(struct link *link, struct exchange *exchange)
{
    move(link, LINK_BUSY);
    link->exchange = exchange;
    exchange->link = link;
    exchange_connected(exchange);
}

static void serve_queue(struct http_upstream *upstream)
{
    while (upstream->queue && (upstream->idle || upstream->links_count < upstream->links_max)) {
        struct exchange *exchange = upstream->queue;
        struct link *link = upstream->idle;
        upstream->queue = exchange->next;
        if (!upstream->queue)
            upstream->queue_end = &upstream->queue;
        /* A retry must not meet another link that was closed meanwhile. */
        bool fresh = exchange->retried && upstream->links_count < upstream->links_max;
        if (link && !fresh) {
            upstream->idle = link->idle_next;
            use_link(link, exchange);
        } else {
            open_link(upstream, exchange);
        }
    }
}

/* Whoever is told may open another link, which is put before these: not seen, and not due. */
static void close_due(struct http_upstream *upstream, int64_t now_ms)
{
    struct link *next;
    for (struct link *link = upstream->links; link; link = next) {
        next = link->next;
        if (link->deadline_ms > now_ms)
            continue;
        if (link->state == LINK_IDLE) {
            leave_idle(link);
            close_link(link);
        } else if (link->state != LINK_CLOSED) {
            fail(link, link->state == LINK_BUSY ? PR_ERR_TIMEOUT : PR_ERR_UNAVAILABLE,
                 "not in time");
        }
    }
}

static void on_tick(uv_timer_t *timer)
{
    struct http_upstream *upstream = PR_CONTAINER(timer, struct http_upstream, timer);
    int64_t now_ms = (int64_t)uv_now(upstream->loop);
    close_due(upstream, now_ms);
    while (upstream->queue && upstream->queue->deadline_ms <= now_ms) {
        struct exchange *exchange = upstream->queue;
        upstream->queue = exchange->next;
        if (!upstream->queue)
            upstream->queue_end = &upstream->queue;
        exchange_failed(exchange, PR_ERR_UNAVAILABLE, "all connections are busy");
    }
    if (!upstream->links && !upstream->queue)
        uv_timer_stop(&upstream->timer);
}

void upstream_take(struct exchange *exchange)
{
    struct http_upstream *upstream = exchange->upstream;
    if (upstream->closing) {
        exchange_failed(exchange, PR_ERR_UNAVAILABLE, "closing");
        return;
    }
    if (!uv_is_active((uv_handle_t *)&upstream->timer))
        uv_timer_start(&upstream->timer, on_tick, TICK_MS, TICK_MS);
    exchange->deadline_ms = (int64_t)uv_now(upstream->loop) + CONNECT_MS;
    exchange->next = NULL;
    *upstream->queue_end = exchange;
    upstream->queue_end = &exchange->next;
    serve_queue(upstream);
}

void link_give_back(struct link *link, bool reusable)
{
    struct http_upstream *upstream = link->upstream;
    if (!reusable || link->writing || upstream->closing) {
        close_link(link);
        return;
    }
    move(link, LINK_IDLE);
    link->exchange = NULL;
    link->used = true;
    link->input_n = 0;
    link_set_deadline(link, IDLE_MS);
    link_resume(link);
    link->idle_next = upstream->idle;
    upstream->idle = link;
    serve_queue(upstream);
}

struct pr_buf *upstream_scratch(struct http_upstream *upstream)
{
    pr_buf_clear(&upstream->scratch);
    return &upstream->scratch;
}

struct pr_str upstream_name(const struct http_upstream *upstream)
{
    return pr_str(upstream->name);
}

struct http_upstream *http_upstream_create(uv_loop_t *loop, const char *address,
                                           unsigned max_connections)
{
    const char *colon = strrchr(address, ':');
    int64_t port;
    if (!colon || colon == address || !pr_str_to_int(pr_str(colon + 1), 1, 65535, &port)) {
        log_at(LOG_ERROR, "not an address", LOG_TEXT("address", address));
        return NULL;
    }
    struct pr_str host = pr_str_n(address, (size_t)(colon - address));
    if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
        host = pr_str_n(host.p + 1, host.n - 2);
    signal(SIGPIPE, SIG_IGN);
    struct http_upstream *upstream = PR_NEW(struct http_upstream);
    upstream->loop = loop;
    upstream->name = pr_str_dup(pr_str(address));
    upstream->host = pr_str_dup(host);
    upstream->port = (int)port;
    upstream->queue_end = &upstream->queue;
    upstream->links_max = max_connections;
    pr_buf_init(&upstream->scratch, SCRATCH_MAX);
    uv_timer_init(loop, &upstream->timer);
    return upstream;
}

static void finish_close(struct http_upstream *upstream)
{
    if (!upstream->timer_closed || upstream->links)
        return;
    void (*closed)(void *arg) = upstream->closed;
    void *closed_arg = upstream->closed_arg;
    pr_buf_fini(&upstream->scratch);
    free(upstream->name);
    free(upstream->host);
    free(upstream);
    closed(closed_arg);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct http_upstream *upstream = PR_CONTAINER(handle, struct http_upstream, timer);
    upstream->timer_closed = true;
    finish_close(upstream);
}

void http_upstream_close(struct http_upstream *upstream, void (*closed)(void *arg), void *arg)
{
    assert(!upstream->closing);
    upstream->closing = true;
    upstream->closed = closed;
    upstream->closed_arg = arg;
    while (upstream->queue) {
        struct exchange *exchange = upstream->queue;
        upstream->queue = exchange->next;
        exchange_failed(exchange, PR_ERR_UNAVAILABLE, "closing");
    }
    for (struct link *link = upstream->links, *next; link; link = next) {
        next = link->next;
        if (link->state == LINK_IDLE)
            close_link(link);
        else if (link->state != LINK_CLOSED)
            fail(link, PR_ERR_UNAVAILABLE, "closing");
    }
    uv_close((uv_handle_t *)&upstream->timer, on_timer_closed);
}
