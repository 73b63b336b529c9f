/* conn: one connection to Postgres, from first try to close.
 *
 *     start ──► RESOLVING ──► CONNECTING ──► UP
 *                 ▲  │            │           │
 *       pause over│  │no address  │refused,   │broken, server gone,
 *                 │  ▼            ▼too slow   ▼a deadline passed
 *                BACKOFF ◄────────┴───────────┘      conn_lose
 *
 *     any ──► CLOSING ──► CLOSED                     conn_close, when the loop holds nothing of it
 *
 * Every event (socket, timer, address) ends in tick(), which does what the state asks for. The pool
 * is told of UP, of each failure and of CLOSED. */
#include "shared/pg/internal.h"

#include "shared/base/alloc.h"

#include <assert.h>
#include <netdb.h>
#include <sodium.h>
#include <stdio.h>

#define CONNECT_LIMIT_MS 5000
#define BACKOFF_MIN_MS 100u
#define BACKOFF_MAX_MS 10000u
#define STEADY_MS 10000u /* up for so long, the next backoff starts small again */

/* A socket's watch. It has memory of its own, because a connection may have a new socket before the
 * loop lets go of the old watch. */
struct conn_poll {
    uv_poll_t handle;
    struct conn *conn;
    int events;
};

static void tick(struct conn *conn);
static void unwatch(struct conn *conn);

static void move(struct conn *conn, enum conn_state to)
{
    static const unsigned allowed[] = {
        [CONN_BACKOFF] = 1u << CONN_RESOLVING | 1u << CONN_CLOSING,
        [CONN_RESOLVING] = 1u << CONN_CONNECTING | 1u << CONN_BACKOFF | 1u << CONN_CLOSING,
        [CONN_CONNECTING] = 1u << CONN_UP | 1u << CONN_BACKOFF | 1u << CONN_CLOSING,
        [CONN_UP] = 1u << CONN_BACKOFF | 1u << CONN_CLOSING,
        [CONN_CLOSING] = 1u << CONN_CLOSED,
        [CONN_CLOSED] = 0,
    };
    assert(allowed[conn->state] & 1u << to);
    conn->state = to;
}

static void poll_closed(uv_handle_t *handle)
{
    free(PR_CONTAINER(handle, struct conn_poll, handle));
}

static void on_socket(uv_poll_t *handle, int status, int events)
{
    struct conn *conn = PR_CONTAINER(handle, struct conn_poll, handle)->conn;
    (void)events;
    if (status <
        0) /* libuv watches no more; libpq finds out what is wrong, or a new watch begins */
        unwatch(conn);
    tick(conn);
}

static void unwatch(struct conn *conn)
{
    if (conn->poll)
        uv_close((uv_handle_t *)&conn->poll->handle, poll_closed);
    conn->poll = NULL;
}

static void watch(struct conn *conn, int events)
{
    if (!conn->poll) {
        conn->poll = PR_NEW(struct conn_poll);
        conn->poll->conn = conn;
        int rc = uv_poll_init(conn->pg->loop, &conn->poll->handle, PQsocket(conn->pq));
        assert(rc == 0);
    }
    if (conn->poll->events != events)
        uv_poll_start(&conn->poll->handle, events, on_socket);
    conn->poll->events = events;
}

/* The watch goes before the socket: a closed one must not stay in the loop's set. */
static void disconnect(struct conn *conn)
{
    unwatch(conn);
    PQfinish(conn->pq);
    conn->pq = NULL;
    conn->n_prepared = 0;
    conn_params_fini(&conn->params);
}

static void fail_in_flight(struct conn *conn)
{
    struct pg_queries failed = TAILQ_HEAD_INITIALIZER(failed);
    struct pg_query *query;
    int64_t now_ms = (int64_t)uv_now(conn->pg->loop);
    TAILQ_CONCAT(&failed, &conn->in_flight, link);
    conn->n_in_flight = 0;
    conn->bytes_in_flight = 0;
    while ((query = TAILQ_FIRST(&failed))) {
        TAILQ_REMOVE(&failed, query, link);
        pool_failed(query, query->deadline_ms <= now_ms ? PR_ERR_TIMEOUT : PR_ERR_UNAVAILABLE);
    }
}

/* libpq's texts have several lines; the first says it. */
static void first_line(char *out, size_t size, const char *text)
{
    snprintf(out, size, "%.*s", (int)strcspn(text, "\n"), text);
}

static void on_timer(uv_timer_t *timer)
{
    struct conn *conn = PR_CONTAINER(timer, struct conn, timer);
    if (conn->state == CONN_CONNECTING)
        conn_lose(conn, "connecting took too long");
    else
        tick(conn);
}

void conn_lose(struct conn *conn, const char *reason)
{
    char why[256];
    bool was_up = conn->state == CONN_UP;
    uint64_t now_ms = uv_now(conn->pg->loop);
    first_line(why, sizeof why, conn->farewell[0] ? conn->farewell : reason);
    conn->farewell[0] = 0;
    disconnect(conn);
    if (was_up && now_ms - conn->up_at_ms > STEADY_MS)
        conn->failures = 0;
    uint32_t most = BACKOFF_MIN_MS << (conn->failures < 7 ? conn->failures : 7);
    conn->failures++;
    move(conn, CONN_BACKOFF);
    uv_timer_start(&conn->timer, on_timer,
                   randombytes_uniform(most < BACKOFF_MAX_MS ? most : BACKOFF_MAX_MS) + 1, 0);
    pool_conn_down(conn, was_up, why);
    fail_in_flight(conn);
}

void conn_keep_farewell(struct conn *conn, const PGresult *result)
{
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (severity && text && (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0))
        first_line(conn->farewell, sizeof conn->farewell, text);
}

static void on_notice(void *arg, const PGresult *result)
{
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    conn_keep_farewell(arg, result);
    log_at(LOG_DEBUG, "Postgres notice", LOG_TEXT("text", text ? text : ""));
}

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *addresses)
{
    struct conn *conn = PR_CONTAINER(request, struct conn, resolve);
    conn->resolving = false;
    if (conn->state == CONN_RESOLVING && status == 0)
        conn_params_resolved(&conn->params, addresses);
    uv_freeaddrinfo(addresses);
    if (conn->state == CONN_RESOLVING && status < 0)
        conn_lose(conn, uv_strerror(status));
    else
        tick(conn);
}

/* Names are resolved here, off the loop's thread: libpq would block on it. */
static void start_resolving(struct conn *conn)
{
    static const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    move(conn, CONN_RESOLVING);
    if (!conn_params_init(&conn->params, &conn->pg->options)) {
        conn_lose(conn, "the database URL is malformed");
        return;
    }
    const char *host = conn_params_host(&conn->params);
    if (host)
        conn->resolving =
            uv_getaddrinfo(conn->pg->loop, &conn->resolve, on_resolved, host, NULL, &hints) == 0;
    if (!conn->resolving)
        tick(conn);
}

static void start_connecting(struct conn *conn)
{
    move(conn, CONN_CONNECTING);
    uv_timer_start(&conn->timer, on_timer, CONNECT_LIMIT_MS, 0);
    conn->pq = PQconnectStartParams(conn->params.keys, conn->params.values, 0);
    if (!conn->pq || PQstatus(conn->pq) == CONNECTION_BAD) {
        conn_lose(conn, conn->pq ? PQerrorMessage(conn->pq) : "out of memory");
        return;
    }
    PQsetNoticeReceiver(conn->pq, on_notice, conn);
    watch(conn, UV_WRITABLE);
}

/* PQconnectPoll may change sockets, even to one with the same number; so each step gets a new
 * watch. */
static void step_connecting(struct conn *conn)
{
    unwatch(conn);
    switch (PQconnectPoll(conn->pq)) {
    case PGRES_POLLING_READING:
        watch(conn, UV_READABLE);
        break;
    case PGRES_POLLING_WRITING:
        watch(conn, UV_WRITABLE);
        break;
    case PGRES_POLLING_OK:
        uv_timer_stop(&conn->timer);
        PQsetnonblocking(conn->pq, 1);
        PQenterPipelineMode(conn->pq);
        watch(conn, UV_READABLE);
        move(conn, CONN_UP);
        conn->up_at_ms = uv_now(conn->pg->loop);
        pool_conn_up(conn);
        break;
    default:
        conn_lose(conn, PQerrorMessage(conn->pq));
    }
}

/* While something waits to be written we read as well, or both sides could wait for each other. */
void conn_flush(struct conn *conn)
{
    int left = PQflush(conn->pq);
    if (left < 0)
        conn_lose(conn, PQerrorMessage(conn->pq));
    else
        watch(conn, left ? UV_READABLE | UV_WRITABLE : UV_READABLE);
}

/* A TLS record of a newer server (17) holds up to 16 KiB, libpq makes room for 8 at least, and the
 * socket would not tell of what stayed behind in the TLS library. */
static void serve(struct conn *conn)
{
    for (int reads = PQsslInUse(conn->pq) ? 3 : 1; reads > 0; reads--) {
        if (!PQconsumeInput(conn->pq)) {
            conn_lose(conn, PQerrorMessage(conn->pq));
            return;
        }
    }
    pipeline_read(conn);
    if (conn->state == CONN_UP)
        conn_flush(conn);
}

static void tick(struct conn *conn)
{
    switch (conn->state) {
    case CONN_BACKOFF:
        start_resolving(conn);
        break;
    case CONN_RESOLVING:
        start_connecting(conn);
        break;
    case CONN_CONNECTING:
        step_connecting(conn);
        break;
    case CONN_UP:
        serve(conn);
        break;
    case CONN_CLOSING:
        if (conn->resolving || conn->timer_open)
            break;
        move(conn, CONN_CLOSED);
        free(conn->prepared);
        pool_conn_closed(conn);
        break;
    case CONN_CLOSED:
        break;
    }
}

void conn_init(struct conn *conn, struct pg *pg)
{
    *conn = (struct conn){.pg = pg, .state = CONN_BACKOFF, .timer_open = true};
    TAILQ_INIT(&conn->in_flight);
    uv_timer_init(pg->loop, &conn->timer);
    uv_timer_start(&conn->timer, on_timer, 0, 0);
}

void conn_hurry(struct conn *conn)
{
    if (conn->state == CONN_BACKOFF)
        uv_timer_start(&conn->timer, on_timer, 0, 0);
}

static void timer_closed(uv_handle_t *handle)
{
    struct conn *conn = PR_CONTAINER(handle, struct conn, timer);
    conn->timer_open = false;
    tick(conn);
}

void conn_close(struct conn *conn)
{
    move(conn, CONN_CLOSING);
    disconnect(conn);
    if (conn->resolving)
        uv_cancel((uv_req_t *)&conn->resolve);
    uv_close((uv_handle_t *)&conn->timer, timer_closed);
    fail_in_flight(conn);
}
