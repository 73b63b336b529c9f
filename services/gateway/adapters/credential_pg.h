/* credential_pg: credential_repo on Postgres. */
#pragma once

#include "services/gateway/usecases/ports.h"
#include "shared/pg/pg.h"

struct credential_pg {
    struct credential_repo port;
    struct pg *pg;
};

/* pg is borrowed; storage is the caller's. */
void credential_pg_init(struct credential_pg *repo, struct pg *pg);
