/* pg: Postgres on the loop, never blocking it.
 *
 * A pool of connections in pipeline mode. A query is one or more prepared statements sent in one go
 * and answered in one round trip; together they are one transaction (what stands between two Syncs
 * is). A statement is prepared on a connection the first time it runs there. There are no
 * interactive transactions: what must be atomic and conditional is one statement with
 * data-modifying CTEs.
 *
 *     static const struct pg_stmt load_stmt = {"media_load", "select … where id = $1"};
 *     struct pg_query *query = pg_query_new(pg);
 *     pg_query_add(query, &load_stmt);
 *     pg_bind_uuid(query, &id);
 *     pg_query_rows(query, read_media, out);
 *     pg_query_run(query, done);
 *
 * Values travel in binary, and a parameter has the SQL type its bind function names. Where another
 * is wanted, cast in SQL: `$1::int4` for pg_bind_int, `$1::jsonb` or `$1::uuid[]` for pg_bind_text.
 * A statement is always bound with the same types.
 *
 * Errors a query can end with:
 *   PR_ERR_CONFLICT     a unique or exclusion constraint refused it
 *   PR_ERR_UNAVAILABLE  no connection before the deadline, too many wait, the server is out of
 *                       resources: nothing was changed. Or the connection broke, and it is not
 *                       known whether the transaction was committed
 *   PR_ERR_TIMEOUT      a statement, or its wait for a lock, took too long: nothing was changed. Or
 *                       the deadline passed unanswered: the connection is dropped, and it is not
 *                       known whether the transaction was committed
 *   PR_ERR_INTERNAL     anything else Postgres refused (the log has its message), or parameters of
 *                       more than 8 MiB
 *   what a rows function returned (the transaction is committed by then)
 *
 * Serialization failures and deadlocks (40001, 40P01) are tried again here, three times. So is,
 * once, a statement whose plan a migration made useless. */
#pragma once

#include "shared/base/buf.h"
#include "shared/base/done.h"
#include "shared/base/uuid.h"

#include <uv.h>

struct pg;
struct pg_query;
struct pg_result; /* libpq's own: PGresult */

struct pg_options {
    const char *url;      /* connection URI with one host; copied */
    const char *app_name; /* shown in pg_stat_activity; copied */
    unsigned connections; /* size of the pool */
    unsigned max_waiting; /* queries that may wait for a connection; more fail at once */
    int64_t deadline_ms;  /* for every query, its waiting included */
};

struct pg *pg_create(uv_loop_t *loop, const struct pg_options *options);

/* Fails what is under way with PR_ERR_UNAVAILABLE, closes every connection, then calls closed; the
 * memory is gone after it. */
void pg_close(struct pg *pg, void (*closed)(void *arg), void *arg);

bool pg_ready(const struct pg *pg);             /* at least one connection is up */
const char *pg_last_error(const struct pg *pg); /* why not ready, for people; "" when ready */

struct pg_stats {
    unsigned connections_up;
    unsigned in_flight; /* queries sent and not yet answered */
    unsigned waiting;   /* queries that wait for a connection */
};
void pg_stats(const struct pg *pg, struct pg_stats *out);

struct pg_stmt {
    const char *name; /* unique in the process; static */
    const char *sql;  /* static */
};

/* Parses a statement's rows; runs once all is committed, arg as given. Result and everything read
 * from it are borrowed for the call. Its error ends the query. */
typedef enum pr_err (*pg_rows_fn)(void *arg, const struct pg_result *result);

struct pg_query *pg_query_new(struct pg *pg);
void pg_query_add(struct pg_query *query,
                  const struct pg_stmt *stmt); /* binds now go to this one */
void pg_query_rows(struct pg_query *query, pg_rows_fn rows,
                   void *arg);                                  /* for the latest statement */
void pg_query_run(struct pg_query *query, struct pr_done done); /* takes the query */
void pg_query_drop(struct pg_query *query);                     /* instead of running it */

/* Parameters of the latest statement, in order. Bytes and text are copied. */
void pg_bind_uuid(struct pg_query *query, const struct pr_uuid *value); /* uuid; NULL is null */
void pg_bind_uuids(struct pg_query *query, const struct pr_uuid *values, size_t n); /* uuid[]; so */
void pg_bind_text(struct pg_query *query, struct pr_str value);  /* text; p == NULL is null */
void pg_bind_bytes(struct pg_query *query, struct pr_str value); /* bytea; p == NULL is null */
void pg_bind_int(struct pg_query *query, int64_t value);         /* int8 */
void pg_bind_bool(struct pg_query *query, bool value);           /* bool */
void pg_bind_time(struct pg_query *query, int64_t at_ms);        /* timestamptz */

size_t pg_count(const struct pg_result *result);    /* rows returned */
size_t pg_affected(const struct pg_result *result); /* rows inserted, updated or deleted */
bool pg_is_null(const struct pg_result *result, size_t row, int column);

/* The column must be of the named type and not null; anything else is a bug and aborts. */
int64_t pg_int(const struct pg_result *result, size_t row, int column); /* int2, int4, int8 */
bool pg_bool(const struct pg_result *result, size_t row, int column);
int64_t pg_time_ms(const struct pg_result *result, size_t row, int column); /* timestamptz */
struct pr_uuid pg_uuid(const struct pg_result *result, size_t row, int column);
struct pr_str pg_text(const struct pg_result *result, size_t row, int column);  /* text, varchar */
struct pr_str pg_bytes(const struct pg_result *result, size_t row, int column); /* bytea */

/* A session advisory lock: key, within the schema. It is held by a connection of its own (whatever
 * options.connections says) that reconnects with backoff and tries about once a second; changed
 * tells when it is won and when it is lost, but not of pg_lock_close. After a broken connection
 * another may have it a moment before the loser knows: what is done under it must bear being done
 * twice. */
struct pg_lock;
struct pg_lock *pg_lock_create(uv_loop_t *loop, const struct pg_options *options, int64_t key,
                               void (*changed)(void *arg, bool held), void *arg);
void pg_lock_close(struct pg_lock *lock, void (*closed)(void *arg), void *arg);
