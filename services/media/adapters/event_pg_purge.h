/* event_pg_purge: the methods of event_pg that the end of events needs. */
#pragma once

#include "services/media/adapters/event_pg.h"

#define PURGE_EVENT_ATTEMPTS "1000" /* goes on for days: the store may be away */

void event_pg_close(struct event_repo *port, const struct pr_uuid *owner_id,
                    const struct pr_uuid *id, struct pr_done done);
void event_pg_close_all(struct event_repo *port, const struct pr_uuid *owner_id,
                        struct pr_done done);
void event_pg_begin_purge(struct event_repo *port, const struct pr_uuid *id, int64_t grace_s,
                          const struct job_claim *job, bool *purging, struct pr_done done);
void event_pg_clear(struct event_repo *port, const struct pr_uuid *id, bool *left,
                    struct pr_done done);
void event_pg_list_uploads(struct event_repo *port, const struct pr_uuid *id, size_t limit,
                           struct media_page *out, struct pr_done done);
void event_pg_finish_purge(struct event_repo *port, const struct pr_uuid *id,
                           const struct job_claim *job, struct pr_done done);
