/* account_pg: account_repo on Postgres. A change and its account.changed are one transaction, sent
 * in one round trip; what the message says was read before, so that a change which comes in between
 * makes it be read and tried again. */
#pragma once

#include "services/gateway/usecases/ports.h"
#include "shared/kafka/relay.h"
#include "shared/pg/pg.h"

struct account_pg {
    struct account_repo port;
    struct pg *pg;
    struct relay *const *relay; /* NULL when it does not run */
};

/* pg and *relay are borrowed; storage is the caller's. */
void account_pg_init(struct account_pg *repo, struct pg *pg, struct relay *const *relay);
