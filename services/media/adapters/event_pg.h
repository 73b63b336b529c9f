/* event_pg: event_repo on Postgres. Each change is one statement: rows and jobs together. */
#pragma once

#include "services/media/usecases/event_ports.h"
#include "shared/pg/jobs.h"
#include "shared/pg/pg.h"

struct event_pg {
    struct event_repo port;
    struct pg *pg;
    struct jobs *purges; /* poked when a job was added; NULL until they run */
};

/* The job that deletes an event, which is its subject. */
#define PURGE_EVENT_JOB "purge_event"

/* pg is borrowed; storage is the caller's. */
void event_pg_init(struct event_pg *repo, struct pg *pg);
