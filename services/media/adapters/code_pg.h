/* code_pg: code_repo on Postgres. What is conditional is one function of 0003_codes.sql, sent
 * together with the statement that reads what came of it. */
#pragma once

#include "services/media/usecases/code_ports.h"
#include "shared/pg/pg.h"

struct code_pg {
    struct code_repo port;
    struct pg *pg;
};

/* pg is borrowed; storage is the caller's. */
void code_pg_init(struct code_pg *repo, struct pg *pg);
