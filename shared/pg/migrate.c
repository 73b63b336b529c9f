#include "shared/pg/migrate.h"

#include "shared/base/encode.h"
#include "shared/base/time.h"
#include "shared/log/log.h"

#include <libpq-fe.h>
#include <sodium.h>
#include <time.h>

#define TRY_EVERY_MS 250
#define CHECKSUM_TEXT (2 * crypto_hash_sha256_BYTES + 1)

/* The server's message, but not its detail: that may have values in it. */
static enum pr_err refused(const PGresult *result, const char *migration)
{
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    log_at(LOG_ERROR, "a migration failed", LOG_TEXT("migration", migration),
           LOG_TEXT("sqlstate", state ? state : ""),
           LOG_TEXT("text", text ? text : "the connection broke"));
    return PR_ERR_INTERNAL;
}

static bool succeeded(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

static enum pr_err run(PGconn *pq, const char *migration, const char *sql)
{
    PGresult *result = PQexec(pq, sql);
    enum pr_err err = succeeded(result) ? PR_OK : refused(result, migration);
    PQclear(result);
    return err;
}

static const char *checksum(const char *sql, char out[CHECKSUM_TEXT])
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, (const unsigned char *)sql, strlen(sql));
    pr_hex_encode(hash, sizeof hash, out);
    return out;
}

/* The migration and the record of it are one transaction. */
static enum pr_err apply(PGconn *pq, const struct pg_migration *migration, const char *sum)
{
    const char *const record[] = {migration->name, sum};
    enum pr_err err = run(pq, migration->name, "begin");
    if (!err)
        err = run(pq, migration->name, migration->sql);
    if (!err) {
        PGresult *result =
            PQexecParams(pq, "insert into schema_migration (name, checksum) values ($1, $2)", 2,
                         NULL, record, NULL, NULL, 0);
        err = succeeded(result) ? PR_OK : refused(result, migration->name);
        PQclear(result);
    }
    if (!err)
        err = run(pq, migration->name, "commit");
    if (!err)
        log_at(LOG_INFO, "migration applied", LOG_TEXT("migration", migration->name));
    return err;
}

static enum pr_err bring(PGconn *pq, const struct pg_migration *migration)
{
    char sum[CHECKSUM_TEXT];
    const char *const name[] = {migration->name};
    PGresult *result = PQexecParams(pq, "select checksum from schema_migration where name = $1", 1,
                                    NULL, name, NULL, NULL, 0);
    enum pr_err err = PR_OK;
    checksum(migration->sql, sum);
    if (!succeeded(result)) {
        err = refused(result, migration->name);
    } else if (PQntuples(result) == 0) {
        err = apply(pq, migration, sum);
    } else if (strcmp(PQgetvalue(result, 0, 0), sum) != 0) {
        log_at(LOG_ERROR, "a migration was changed after it was applied: restore it, add a new one",
               LOG_TEXT("migration", migration->name));
        err = PR_ERR_INTERNAL;
    }
    PQclear(result);
    return err;
}

static enum pr_err bring_all(PGconn *pq, const struct pg_migration *migrations)
{
    enum pr_err err = PR_OK;
    for (; migrations->name && !err; migrations++)
        err = bring(pq, migrations);
    return err;
}

/* The lock is of the session, and of this schema alone; it goes with the connection. */
static enum pr_err prepare_schema(PGconn *pq)
{
    enum pr_err err = run(pq, "(lock)",
                          "set statement_timeout = 0; set lock_timeout = 0;"
                          "set client_min_messages = warning;"
                          "select pg_advisory_lock(hashtextextended('migrate ' ||"
                          " current_schema(), 0))");
    if (!err)
        err = run(pq, "(schema_migration)",
                  "create table if not exists schema_migration ("
                  " name text primary key, checksum text not null,"
                  " applied_at timestamptz not null default now())");
    return err;
}

/* NULL when Postgres did not come within wait_ms. */
static PGconn *connect_within(const char *url, int wait_ms)
{
    const char *const keys[] = {"dbname", "connect_timeout", "client_encoding",
                                "fallback_application_name", NULL};
    const char *const values[] = {url, "5", "UTF8", "pierrot-migrate", NULL};
    const struct timespec pause = {0, TRY_EVERY_MS * 1000000L};
    int64_t until_ns = pr_monotonic_ns() + (int64_t)wait_ms * 1000000;
    for (bool told = false;; told = true) {
        PGconn *pq = PQconnectdbParams(keys, values, 1);
        if (PQstatus(pq) == CONNECTION_OK)
            return pq;
        const char *text = PQerrorMessage(pq);
        bool last = pr_monotonic_ns() >= until_ns;
        if (!told || last)
            log_at(last ? LOG_ERROR : LOG_WARN,
                   last ? "Postgres did not come" : "waiting for Postgres",
                   LOG_STR("reason", pr_str_n(text, strcspn(text, "\n"))));
        PQfinish(pq);
        if (last)
            return NULL;
        nanosleep(&pause, NULL);
    }
}

/* A malformed URL is told here: libpq's own message about it would show the password. */
static bool url_is_sound(const char *url)
{
    char *error = NULL;
    PQconninfoOption *parsed = PQconninfoParse(url, &error);
    PQfreemem(error);
    PQconninfoFree(parsed);
    if (!parsed)
        log_at(LOG_ERROR, "the database URL is malformed");
    return parsed != NULL;
}

enum pr_err pg_migrate(const char *url, const struct pg_migration *service_migrations, int wait_ms)
{
    if (!url_is_sound(url))
        return PR_ERR_INTERNAL;
    PGconn *pq = connect_within(url, wait_ms);
    if (!pq)
        return PR_ERR_UNAVAILABLE;
    enum pr_err err = prepare_schema(pq);
    if (!err)
        err = bring_all(pq, messaging_migrations);
    if (!err)
        err = bring_all(pq, service_migrations);
    if (!err)
        log_at(LOG_INFO, "the database schema is the newest");
    PQfinish(pq);
    return err;
}
