/* guest_pg: guest_repo on Postgres. */
#pragma once

#include "services/media/usecases/guest_ports.h"
#include "shared/pg/pg.h"

struct guest_pg {
    struct guest_repo port;
    struct pg *pg;
};

/* pg is borrowed; storage is the caller's. */
void guest_pg_init(struct guest_pg *repo, struct pg *pg);
