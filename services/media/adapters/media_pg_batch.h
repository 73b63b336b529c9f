/* media_pg_batch: media_repo.insert_batch on Postgres. */
#pragma once

#include "services/media/adapters/media_pg.h"

void media_pg_insert_batch(struct media_repo *port, struct batch_entry *entries, size_t n,
                           int64_t alive_ms, struct insertion *out, struct pr_done done);
