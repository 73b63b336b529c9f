/* media_pg: media_repo on Postgres. Each change is one statement: row, outbox, inbox, jobs
 * together. */
#pragma once

#include "services/media/usecases/ports.h"
#include "shared/kafka/relay.h"
#include "shared/pg/jobs.h"
#include "shared/pg/pg.h"

struct media_pg {
    struct media_repo port;
    struct pg *pg;
    struct relay *const *relay; /* NULL when it does not run */
    const struct pr_clock *clock;
    struct jobs *purges, *library_purges; /* poked when a job was added; NULL until they run */
};

/* The job that removes a deleted media's object; its args are what purge_object takes. */
#define PURGE_JOB "purge_object"
/* The job that removes all media of a deleted account, which is its subject. */
#define PURGE_LIBRARY_JOB "purge_library"
#define PURGE_ATTEMPTS "1000" /* goes on for days: the store may be away */

/* pg and *relay are borrowed; storage is the caller's. */
void media_pg_init(struct media_pg *repo, struct pg *pg, struct relay *const *relay,
                   const struct pr_clock *clock);
