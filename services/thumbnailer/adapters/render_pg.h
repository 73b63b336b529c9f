/* render_pg: render_repo on Postgres. Each change is one statement: row, outbox, inbox, jobs
 * together. */
#pragma once

#include "services/thumbnailer/usecases/ports.h"
#include "shared/kafka/relay.h"
#include "shared/pg/jobs.h"
#include "shared/pg/pg.h"

#define RENDER_JOB "render"
#define PURGE_JOB "purge_renditions"

struct render_pg {
    struct render_repo port;
    struct pg *pg;
    struct relay *const *relay;    /* NULL when it does not run */
    struct jobs *renders, *purges; /* poked when a job was added; NULL until they run */
};

/* pg and *relay are borrowed; storage is the caller's. */
void render_pg_init(struct render_pg *repo, struct pg *pg, struct relay *const *relay);
