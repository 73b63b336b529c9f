/* creation_pg: of this service's repositories alone: runs what creates at most once, and tells what
 * became of it. */
#pragma once

#include "services/gateway/usecases/ports.h"
#include "shared/pg/pg.h"

/* Where the thing is looked up again when it had been created before. */
struct creation_lookup {
    struct pg *pg;
    const struct pg_stmt *stmt; /* $1 is its id */
    pg_rows_fn read;            /* PR_ERR_NOT_FOUND when it is no more */
    void *stored;
};

/* Runs the query (taken), whose latest statement answers (verdict text, subject uuid) as
 * idempotency_claim does. *lookup is copied. PR_ERR_LIMITED and PR_ERR_UNAUTHORIZED are verdicts
 * too. */
void creation_run(struct pg_query *query, const struct creation_lookup *lookup, enum creation *out,
                  struct pr_done done);
