/* invite_pg: invite_repo on Postgres. An invitation is used up by account_repo.add. */
#pragma once

#include "services/gateway/usecases/ports.h"
#include "shared/pg/pg.h"

struct invite_pg {
    struct invite_repo port;
    struct pg *pg;
};

/* pg is borrowed; storage is the caller's. */
void invite_pg_init(struct invite_pg *repo, struct pg *pg);
