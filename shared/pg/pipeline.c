/* pipeline: queries on a connection that is up.
 *
 * A query is sent as
 *
 *     { Parse, Sync } for each statement this connection has not prepared yet
 *     { Bind, Execute } for each statement, Sync
 *
 * and answered in that order. What stands between two Syncs is one transaction; a Parse has a Sync
 * of its own, so that it is not undone, or skipped, with a query that fails. Results are kept until
 * the last Sync is answered: only then are they committed. */
#include "shared/pg/internal.h"

#include "shared/base/alloc.h"

#include <assert.h>
#include <stdio.h>

#define NAME_SIZE 80

static struct pg_prepared *find_prepared(struct conn *conn, const struct pg_stmt *stmt)
{
    for (size_t i = 0; i < conn->n_prepared; i++) {
        if (conn->prepared[i].stmt == stmt)
            return &conn->prepared[i];
    }
    if (conn->n_prepared == conn->cap_prepared) {
        conn->cap_prepared = conn->cap_prepared ? 2 * conn->cap_prepared : 32;
        conn->prepared = pr_realloc(conn->prepared, conn->cap_prepared * sizeof *conn->prepared);
    }
    struct pg_prepared *prepared = &conn->prepared[conn->n_prepared++];
    *prepared = (struct pg_prepared){.stmt = stmt};
    return prepared;
}

static const char *part_name(const struct pg_part *part, char out[NAME_SIZE])
{
    int n = part->generation ? snprintf(out, NAME_SIZE, "%s.%u", part->stmt->name, part->generation)
                             : snprintf(out, NAME_SIZE, "%s", part->stmt->name);
    assert(n < NAME_SIZE);
    return out;
}

static bool send_prepare(PGconn *pq, const struct pg_query *query, const struct pg_part *part)
{
    char name[NAME_SIZE];
    Oid types[PG_PARAMS_MAX];
    for (size_t i = 0; i < part->n_params; i++)
        types[i] = query->params[part->first_param + i].type;
    return PQsendPrepare(pq, part_name(part, name), part->stmt->sql, (int)part->n_params, types) &&
           PQpipelineSync(pq);
}

static bool send_execute(PGconn *pq, const struct pg_query *query, const struct pg_part *part)
{
    char name[NAME_SIZE];
    const char *values[PG_PARAMS_MAX];
    int lengths[PG_PARAMS_MAX], formats[PG_PARAMS_MAX];
    for (size_t i = 0; i < part->n_params; i++) {
        const struct pg_param *param = &query->params[part->first_param + i];
        values[i] = param->value.p;
        lengths[i] = (int)param->value.n;
        formats[i] = 1;
    }
    return PQsendQueryPrepared(pq, part_name(part, name), (int)part->n_params, values, lengths,
                               formats, 1);
}

static bool send_all(struct conn *conn, struct pg_query *query)
{
    for (size_t i = 0; i < query->n_parts; i++) {
        struct pg_part *part = &query->parts[i];
        struct pg_prepared *prepared = find_prepared(conn, part->stmt);
        part->generation = prepared->generation;
        part->prepares = !prepared->sent;
        prepared->sent = true;
        if (part->prepares && !send_prepare(conn->pq, query, part))
            return false;
    }
    for (size_t i = 0; i < query->n_parts; i++) {
        if (!send_execute(conn->pq, query, &query->parts[i]))
            return false;
    }
    return PQpipelineSync(conn->pq) == 1;
}

/* On to the next part that is being prepared; after the last, to the replies to the query itself.
 */
static void next_preparing(struct pg_query *query, size_t from)
{
    query->at = from;
    while (query->at < query->n_parts && !query->parts[query->at].prepares)
        query->at++;
    query->preparing = query->at < query->n_parts;
    if (!query->preparing)
        query->at = 0;
}

void pipeline_send(struct conn *conn, struct pg_query *query)
{
    query->conn = conn;
    TAILQ_INSERT_TAIL(&conn->in_flight, query, link);
    conn->n_in_flight++;
    conn->bytes_in_flight += query->bytes;
    bool sent = send_all(conn, query);
    next_preparing(query, 0);
    if (sent)
        conn_flush(conn);
    else
        conn_lose(conn, PQerrorMessage(conn->pq));
}

/* Postgres says so when a table changed under a statement, or when it no longer knows the
 * statement. */
static bool is_stale(const PGresult *error)
{
    const char *state = PQresultErrorField(error, PG_DIAG_SQLSTATE);
    return state && (strcmp(state, "0A000") == 0 || strcmp(state, "26000") == 0);
}

static void take_error(struct conn *conn, struct pg_query *query, PGresult *result)
{
    conn_keep_farewell(conn, result);
    if (query->at < query->n_parts) {
        const struct pg_part *part = &query->parts[query->at];
        struct pg_prepared *prepared = find_prepared(conn, part->stmt);
        if (query->preparing) {
            prepared->sent = false;
        } else if (is_stale(result)) {
            query->stale = !query->failure;
            if (prepared->sent && prepared->generation == part->generation) {
                prepared->sent = false;
                prepared->generation++;
            }
        }
    }
    if (query->failure)
        PQclear(result);
    else
        query->failure = result;
}

static void take_sync(struct conn *conn, struct pg_query *query)
{
    if (query->preparing) {
        next_preparing(query, query->at + 1);
        return;
    }
    TAILQ_REMOVE(&conn->in_flight, query, link);
    conn->n_in_flight--;
    conn->bytes_in_flight -= query->bytes;
    query->conn = NULL;
    pool_answered(conn, query);
}

/* One reply to the query that was sent first. False when it makes no sense. */
static bool take_reply(struct conn *conn, struct pg_query *query, PGresult *result)
{
    switch (PQresultStatus(result)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
        if (query->preparing) {
            PQclear(result);
            return true;
        }
        if (query->at == query->n_parts)
            break;
        query->parts[query->at++].result = result;
        return true;
    case PGRES_FATAL_ERROR:
        take_error(conn, query, result);
        return true;
    case PGRES_PIPELINE_ABORTED: /* the parts after the one that failed */
        PQclear(result);
        return true;
    case PGRES_PIPELINE_SYNC:
        PQclear(result);
        take_sync(conn, query);
        return true;
    default:
        break;
    }
    PQclear(result);
    return false;
}

/* libpq puts a NULL after each statement's result; two in a row: there is no more. */
void pipeline_read(struct conn *conn)
{
    unsigned nulls = 0;
    while (conn->state == CONN_UP && nulls < 2 && !PQisBusy(conn->pq)) {
        PGresult *result = PQgetResult(conn->pq);
        struct pg_query *query = TAILQ_FIRST(&conn->in_flight);
        nulls = result ? 0 : nulls + 1;
        if (!result)
            continue;
        if (!query || !take_reply(conn, query, result)) {
            conn_lose(conn, "an answer that was not asked for");
            return;
        }
    }
}
