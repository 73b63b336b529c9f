/* pg: the pool.
 *
 *     pg_query_run ──► waiting ──► in flight on a connection ──► answered ──► done
 *                         │ ▲          │                            │
 *            deadline or  │ └──────────┼──── 40001, 40P01, stale ───┘
 *            full: fails  ▼ alone      ▼ the connection is lost, or dropped at a deadline: fails
 *
 * A query goes to the connection with the least in flight; few may share one, so that a slow
 * statement holds few others. All queries of a pool have the same time, so the list of those alive
 * is in the order of their deadlines and one timer does for all; it runs only while there are any.
 */
#include "shared/pg/internal.h"

#include "shared/base/alloc.h"

#include <assert.h>
#include <stdio.h>

#define IN_FLIGHT_MAX 16u
#define BYTES_IN_FLIGHT_MAX ((size_t)1 << 20)
#define RETRIES_MAX 3u

/* ---- the life of a query ---- */

struct pg_query *pg_query_new(struct pg *pg)
{
    struct pg_query *query = PR_NEW(struct pg_query);
    query->pg = pg;
    return query;
}

void pg_query_add(struct pg_query *query, const struct pg_stmt *stmt)
{
    if (query->n_parts == query->cap_parts) {
        query->cap_parts = query->cap_parts ? 2 * query->cap_parts : 4;
        query->parts = pr_realloc(query->parts, query->cap_parts * sizeof *query->parts);
    }
    query->parts[query->n_parts++] = (struct pg_part){.stmt = stmt, .first_param = query->n_params};
}

void pg_query_rows(struct pg_query *query, pg_rows_fn rows, void *arg)
{
    assert(query->n_parts > 0);
    query->parts[query->n_parts - 1].rows = rows;
    query->parts[query->n_parts - 1].rows_arg = arg;
}

/* Forgets what the last sending brought. */
static void clear_replies(struct pg_query *query)
{
    for (size_t i = 0; i < query->n_parts; i++) {
        PQclear(query->parts[i].result);
        query->parts[i].result = NULL;
    }
    PQclear(query->failure);
    query->failure = NULL;
    query->stale = false;
}

static enum pr_err read_rows(const struct pg_query *query)
{
    enum pr_err err = PR_OK;
    for (size_t i = 0; i < query->n_parts && !err; i++) {
        const struct pg_part *part = &query->parts[i];
        if (part->rows)
            err = part->rows(part->rows_arg, part->result);
    }
    return err;
}

static void on_deadline(uv_timer_t *timer);

static void arm_deadline(struct pg *pg)
{
    const struct pg_query *first = TAILQ_FIRST(&pg->live);
    int64_t now_ms = (int64_t)uv_now(pg->loop);
    if (pg->closing)
        return;
    if (!first)
        uv_timer_stop(&pg->deadline);
    else if (!uv_is_active((uv_handle_t *)&pg->deadline))
        uv_timer_start(&pg->deadline, on_deadline,
                       first->deadline_ms > now_ms ? (uint64_t)(first->deadline_ms - now_ms) : 0,
                       0);
}

/* All that it holds. */
static void empty(struct pg_query *query)
{
    clear_replies(query);
    pr_arena_fini(&query->arena);
    free(query->params);
    free(query->parts);
}

void pg_query_drop(struct pg_query *query)
{
    empty(query);
    free(query);
}

/* The end of every query that was run. It is in neither list of its connection or the waiting. */
static void end(struct pg_query *query, enum pr_err err)
{
    const struct log_context *outer = log_context_enter(&query->context);
    struct pr_done done = query->done;
    TAILQ_REMOVE(&query->pg->live, query, due);
    arm_deadline(query->pg);
    if (!err)
        err = read_rows(query);
    empty(query);
    pr_done_call(done, err);
    log_context_enter(outer);
    free(query);
}

static void stop_waiting(struct pg_query *query)
{
    TAILQ_REMOVE(&query->pg->waiting, query, link);
    query->pg->n_waiting--;
}

/* ---- giving queries to connections ---- */

static struct conn *pick(const struct pg *pg)
{
    struct conn *best = NULL;
    for (unsigned i = 0; i < pg->options.connections; i++) {
        struct conn *conn = &pg->conns[i];
        if (conn->state == CONN_UP && conn->n_in_flight < IN_FLIGHT_MAX &&
            conn->bytes_in_flight < BYTES_IN_FLIGHT_MAX &&
            (!best || conn->n_in_flight < best->n_in_flight))
            best = conn;
    }
    return best;
}

static void dispatch(struct pg *pg)
{
    struct pg_query *query;
    struct conn *conn;
    while ((query = TAILQ_FIRST(&pg->waiting)) && (conn = pick(pg))) {
        stop_waiting(query);
        pipeline_send(conn, query);
    }
    if (!query)
        pg->told_full = false;
}

static void wait_for_connection(struct pg_query *query)
{
    TAILQ_INSERT_TAIL(&query->pg->waiting, query, link);
    query->pg->n_waiting++;
}

void pg_query_run(struct pg_query *query, struct pr_done done)
{
    struct pg *pg = query->pg;
    const struct log_context *context = log_context_current();
    struct conn *conn = pg->n_waiting ? NULL : pick(pg); /* nobody overtakes those who wait */
    assert(query->n_parts > 0);
    if (context)
        query->context = *context;
    query->done = done;
    query->deadline_ms = (int64_t)uv_now(pg->loop) + pg->options.deadline_ms;
    TAILQ_INSERT_TAIL(&pg->live, query, due);
    arm_deadline(pg);
    if (pg->closing) {
        end(query, PR_ERR_UNAVAILABLE);
    } else if (query->too_large) {
        log_at(LOG_ERROR, "a query's parameters are too large",
               LOG_TEXT("statement", query->parts[0].stmt->name));
        end(query, PR_ERR_INTERNAL);
    } else if (conn) {
        pipeline_send(conn, query);
    } else if (pg->n_waiting < pg->options.max_waiting) {
        wait_for_connection(query);
    } else {
        if (!pg->told_full)
            log_at(LOG_WARN, "too many queries wait for Postgres",
                   LOG_INT("waiting", pg->n_waiting));
        pg->told_full = true;
        end(query, PR_ERR_UNAVAILABLE);
    }
}

/* ---- answers ---- */

/* What Postgres refused, by SQLSTATE (PostgreSQL manual, appendix A). */
static enum pr_err classify(const char *state)
{
    static const struct {
        const char *prefix;
        enum pr_err err;
    } classes[] = {
        {"23505", PR_ERR_CONFLICT},    /* unique_violation */
        {"23P01", PR_ERR_CONFLICT},    /* exclusion_violation */
        {"40", PR_ERR_UNAVAILABLE},    /* serialization, deadlock: the retries are used up */
        {"55P03", PR_ERR_TIMEOUT},     /* lock_not_available: lock_timeout */
        {"57014", PR_ERR_TIMEOUT},     /* query_canceled: statement_timeout */
        {"53", PR_ERR_UNAVAILABLE},    /* no memory, disk or connection left */
        {"57P", PR_ERR_UNAVAILABLE},   /* the server goes down */
        {"58", PR_ERR_UNAVAILABLE},    /* its disk fails it */
        {"25006", PR_ERR_UNAVAILABLE}, /* read only: a standby, for now */
    };
    for (size_t i = 0; i < PR_COUNT(classes); i++) {
        if (strncmp(state, classes[i].prefix, strlen(classes[i].prefix)) == 0)
            return classes[i].err;
    }
    return PR_ERR_INTERNAL;
}

/* The statement that failed, the message, but not the detail: that has values in it. */
static void log_refusal(const struct pg_query *query, const char *state, enum pr_err err)
{
    const struct pg_part *part = &query->parts[query->at < query->n_parts ? query->at : 0];
    const char *text = PQresultErrorField(query->failure, PG_DIAG_MESSAGE_PRIMARY);
    const char *constraint = PQresultErrorField(query->failure, PG_DIAG_CONSTRAINT_NAME);
    const struct log_context *outer = log_context_enter(&query->context);
    if (err != PR_ERR_CONFLICT)
        log_at(log_level_of(err), "Postgres refused a query",
               LOG_TEXT("statement", part->stmt->name), LOG_TEXT("sqlstate", state),
               LOG_TEXT("text", text ? text : ""),
               LOG_TEXT("constraint", constraint ? constraint : ""));
    log_context_enter(outer);
}

static void failed(struct conn *conn, struct pg_query *query)
{
    const char *state = PQresultErrorField(query->failure, PG_DIAG_SQLSTATE);
    state = state ? state : "";
    bool again = strcmp(state, "40001") == 0 || strcmp(state, "40P01") == 0;
    if (query->stale && !query->renewed) {
        query->renewed = true;
        clear_replies(query);
        pipeline_send(conn, query);
    } else if (again && query->retries < RETRIES_MAX) {
        query->retries++;
        clear_replies(query);
        wait_for_connection(query);
    } else {
        enum pr_err err = classify(state);
        log_refusal(query, state, err);
        end(query, err);
    }
}

void pool_answered(struct conn *conn, struct pg_query *query)
{
    struct pg *pg = conn->pg;
    if (query->failure)
        failed(conn, query);
    else
        end(query, PR_OK);
    dispatch(pg);
}

void pool_failed(struct pg_query *query, enum pr_err err)
{
    query->conn = NULL;
    if (err == PR_ERR_TIMEOUT) {
        const struct log_context *outer = log_context_enter(&query->context);
        log_at(LOG_WARN, "a query took too long",
               LOG_TEXT("statement", query->parts[0].stmt->name));
        log_context_enter(outer);
    }
    end(query, err);
}

/* A query that waits fails alone: it did nothing. One that was sent takes its connection along,
 * because nothing else ends it for certain. */
static void on_deadline(uv_timer_t *timer)
{
    struct pg *pg = PR_CONTAINER(timer, struct pg, deadline);
    int64_t now_ms = (int64_t)uv_now(pg->loop);
    struct pg_query *query;
    while ((query = TAILQ_FIRST(&pg->live)) && query->deadline_ms <= now_ms) {
        if (query->conn) {
            conn_lose(query->conn, "a query passed its deadline");
        } else {
            stop_waiting(query);
            end(query, PR_ERR_UNAVAILABLE);
        }
    }
    arm_deadline(pg);
}

/* ---- connections come and go ---- */

void pool_conn_up(struct conn *conn)
{
    struct pg *pg = conn->pg;
    pg->last_error[0] = 0;
    if (pg->n_up++ == 0) {
        if (pg->told_away)
            log_at(LOG_INFO, "Postgres is back");
        pg->told_away = false;
        for (unsigned i = 0; i < pg->options.connections; i++)
            conn_hurry(&pg->conns[i]);
        if (pg->watch)
            pg->watch(pg->watch_arg, true);
    }
    dispatch(pg);
}

void pool_conn_down(struct conn *conn, bool was_up, const char *reason)
{
    struct pg *pg = conn->pg;
    pg->n_up -= was_up;
    if (pg->n_up > 0) {
        if (was_up)
            log_at(LOG_WARN, "a connection to Postgres is lost", LOG_TEXT("reason", reason));
        return;
    }
    snprintf(pg->last_error, sizeof pg->last_error, "%s", reason);
    if (!pg->told_away)
        log_at(LOG_WARN, "Postgres is away", LOG_TEXT("reason", reason));
    pg->told_away = true;
    if (was_up && pg->watch)
        pg->watch(pg->watch_arg, false);
}

struct pg *pg_create(uv_loop_t *loop, const struct pg_options *options)
{
    struct pg *pg = PR_NEW(struct pg);
    assert(options->connections > 0 && options->deadline_ms > 0);
    pg->loop = loop;
    pg->options = *options;
    pg->options.url = pr_str_dup(pr_str(options->url));
    pg->options.app_name = pr_str_dup(pr_str(options->app_name));
    snprintf(pg->last_error, sizeof pg->last_error, "not connected yet");
    TAILQ_INIT(&pg->waiting);
    TAILQ_INIT(&pg->live);
    uv_timer_init(loop, &pg->deadline);
    pg->conns = pr_alloc(options->connections * sizeof *pg->conns);
    pg->open = options->connections + 1;
    for (unsigned i = 0; i < options->connections; i++)
        conn_init(&pg->conns[i], pg);
    return pg;
}

static void one_closed(struct pg *pg)
{
    if (--pg->open > 0)
        return;
    void (*closed)(void *arg) = pg->closed;
    void *arg = pg->closed_arg;
    free((char *)(uintptr_t)pg->options.url);
    free((char *)(uintptr_t)pg->options.app_name);
    free(pg->conns);
    free(pg);
    closed(arg);
}

void pool_conn_closed(struct conn *conn)
{
    one_closed(conn->pg);
}

static void deadline_closed(uv_handle_t *handle)
{
    one_closed(PR_CONTAINER(handle, struct pg, deadline));
}

void pg_close(struct pg *pg, void (*closed)(void *arg), void *arg)
{
    struct pg_query *query;
    assert(!pg->closing);
    pg->closing = true;
    pg->closed = closed;
    pg->closed_arg = arg;
    pg->n_up = 0;
    snprintf(pg->last_error, sizeof pg->last_error, "closing");
    uv_close((uv_handle_t *)&pg->deadline, deadline_closed);
    for (unsigned i = 0; i < pg->options.connections; i++)
        conn_close(&pg->conns[i]);
    while ((query = TAILQ_FIRST(&pg->waiting))) {
        stop_waiting(query);
        end(query, PR_ERR_UNAVAILABLE);
    }
}

bool pg_ready(const struct pg *pg)
{
    return pg->n_up > 0;
}

const char *pg_last_error(const struct pg *pg)
{
    return pg->last_error;
}

void pg_stats(const struct pg *pg, struct pg_stats *out)
{
    *out = (struct pg_stats){.connections_up = pg->n_up, .waiting = pg->n_waiting};
    for (unsigned i = 0; i < pg->options.connections; i++)
        out->in_flight += pg->conns[i].n_in_flight;
}
