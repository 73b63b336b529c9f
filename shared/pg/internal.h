/* What the files of this module share; nobody else includes it.
 *
 *     pg.c        the pool: gives queries to connections, deadlines, retries
 *     conn.c      one connection through its states
 *     params.c    how to connect: the URL and the session's settings
 *     pipeline.c  sending queries on a connection that is up, and reading their replies
 *     values.c    parameters and results
 *     lock.c      pg_lock, a pool of one connection */
#pragma once

#include "shared/base/arena.h"
#include "shared/log/log.h"
#include "shared/pg/pg.h"

#include <libpq-fe.h>
#include <sys/queue.h>

/* ---- a query ---- */

#define PG_PARAMS_MAX 64 /* of one statement */

struct pg_param {
    Oid type;
    struct pr_str value; /* in the arena; p == NULL is null */
};

/* One statement of a query. */
struct pg_part {
    const struct pg_stmt *stmt;
    size_t first_param, n_params;
    pg_rows_fn rows;
    void *rows_arg;
    bool prepares;       /* this sending prepares it too */
    unsigned generation; /* of the prepared statement it was sent to */
    PGresult *result;
};

struct pg_query {
    TAILQ_ENTRY(pg_query) due;  /* pg->live, by deadline */
    TAILQ_ENTRY(pg_query) link; /* pg->waiting, or in_flight of its connection */
    struct pg *pg;
    struct conn *conn; /* NULL while it waits */
    struct pr_arena arena;
    size_t bytes; /* of parameters */
    bool too_large;
    struct pg_param *params;
    struct pg_part *parts;
    size_t n_params, cap_params, n_parts, cap_parts;
    bool preparing;    /* the replies that come are those to preparing parts */
    size_t at;         /* the part whose reply is next */
    PGresult *failure; /* the first error of this sending */
    unsigned retries;
    bool stale;          /* the failure: the server's prepared statement is of no use any more */
    bool renewed;        /* sent again because of that */
    int64_t deadline_ms; /* loop time */
    struct pr_done done;
    struct log_context context; /* whom it works for; copied */
};

TAILQ_HEAD(pg_queries, pg_query);

/* ---- a connection ---- */

enum conn_state {
    CONN_BACKOFF,
    CONN_RESOLVING,
    CONN_CONNECTING,
    CONN_UP,
    CONN_CLOSING,
    CONN_CLOSED,
};

struct pg_prepared {
    const struct pg_stmt *stmt;
    unsigned generation; /* part of its name on the server; grows when the old one is of no use */
    bool sent;           /* prepared, or on its way */
};

/* The parameters of a connection, for PQconnectStartParams. */
struct conn_params {
    struct pr_arena arena;
    const char *keys[64], *values[64]; /* NULL-terminated */
    size_t n;
};

struct conn {
    struct pg *pg;
    enum conn_state state;
    PGconn *pq;
    struct conn_params params;
    struct conn_poll *poll; /* of the present socket, or NULL */
    uv_timer_t timer;       /* the backoff, or the limit for connecting */
    uv_getaddrinfo_t resolve;
    bool resolving, timer_open; /* what the loop still holds of us */
    unsigned failures;          /* in a row, for the backoff */
    uint64_t up_at_ms;          /* loop time */
    char farewell[256];         /* what the server said unasked, before it closed */
    struct pg_prepared *prepared;
    size_t n_prepared, cap_prepared;
    struct pg_queries in_flight;
    unsigned n_in_flight;
    size_t bytes_in_flight;
};

/* False when the URL is malformed; params is to be freed by conn_params_fini in any case. */
bool conn_params_init(struct conn_params *params, const struct pg_options *options);
void conn_params_fini(struct conn_params *params);
const char *conn_params_host(const struct conn_params *params); /* the name to resolve, or NULL */
struct addrinfo;
void conn_params_resolved(struct conn_params *params, const struct addrinfo *addresses);

void conn_init(struct conn *conn, struct pg *pg); /* starts to connect */
void conn_hurry(struct conn *conn);               /* ends its backoff, if it is in one */
void conn_close(struct conn *conn);               /* ends in pool_conn_closed */

/* Gives an open connection up and starts anew. What is in flight ends with PR_ERR_TIMEOUT when its
 * deadline is over, else with PR_ERR_UNAVAILABLE. */
void conn_lose(struct conn *conn, const char *reason);
void conn_flush(struct conn *conn); /* writes what is buffered, as far as the socket takes it */
void conn_keep_farewell(struct conn *conn, const PGresult *result); /* if it is a FATAL */

void pipeline_send(struct conn *conn, struct pg_query *query);
void pipeline_read(struct conn *conn);

/* ---- the pool ---- */

struct pg {
    uv_loop_t *loop;
    struct pg_options options; /* its texts are our copies */
    struct conn *conns;
    unsigned n_up, n_waiting;
    struct pg_queries waiting, live;
    uv_timer_t deadline;
    unsigned open; /* handles and connections that are to close before us */
    bool closing, told_away, told_full;
    char last_error[256];
    void (*watch)(void *arg, bool up); /* for lock.c: the pool came up, or went away */
    void *watch_arg;
    void (*closed)(void *arg);
    void *closed_arg;
};

void pool_conn_up(struct conn *conn);
void pool_conn_down(struct conn *conn, bool was_up, const char *reason);
void pool_conn_closed(struct conn *conn);
void pool_answered(struct conn *conn, struct pg_query *query); /* all its replies are there */
void pool_failed(struct pg_query *query, enum pr_err err);     /* it left its connection */
