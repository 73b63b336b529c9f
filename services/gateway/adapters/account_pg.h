/* account_pg: account_repo on Postgres. */
#pragma once

#include "services/gateway/usecases/ports.h"
#include "shared/pg/pg.h"

struct account_pg {
    struct account_repo port;
    struct pg *pg;
};

/* pg is borrowed; storage is the caller's. */
void account_pg_init(struct account_pg *repo, struct pg *pg);
