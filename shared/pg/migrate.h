/* migrate: brings a schema to its newest version, blocking; for `pierrot-<service> migrate`.
 *
 * Migrations run in the order of their names, each in a transaction of its own, under an advisory
 * lock, and are recorded with a checksum in the table schema_migration. One that changed after it
 * was applied is an error. They are compiled in (pr_embed_sql). */
#pragma once

#include "shared/base/err.h"

struct pg_migration {
    const char *name; /* "0001_media"; NULL ends a list */
    const char *sql;
};

/* The tables every service has: outbox, inbox, job, and the functions that fill them. */
extern const struct pg_migration messaging_migrations[];

/* Applies messaging_migrations, then those of the service. Says what it does in the log. Waits for
 * Postgres up to wait_ms. PR_ERR_UNAVAILABLE, PR_ERR_INTERNAL (a migration failed or changed). */
enum pr_err pg_migrate(const char *url, const struct pg_migration *service_migrations,
                       int wait_ms) PR_CHECK;
