/* retention (of shared/kafka alone): how long the tables of messaging keep a row: the outbox 72
 * hours after it was sent, for `republish`; the inbox 14 days, longer than Kafka keeps a message;
 * what an Idempotency-Key created, 24 hours. */
#pragma once

#include "shared/base/done.h"
#include "shared/pg/pg.h"

/* Deletes what is older, in small transactions, until nothing is. */
void retention_purge(struct pg *pg, struct pr_done done);
