/* media_pg_messages: the methods of media_pg that messages and jobs call. */
#pragma once

#include "services/media/adapters/media_pg.h"

void media_pg_apply_rendered(struct media_repo *port, const struct message_origin *origin,
                             const struct media_rendered_msg *msg, struct pr_done done);
void media_pg_apply_rejected(struct media_repo *port, const struct message_origin *origin,
                             const struct media_rejected_msg *msg, struct pr_done done);
void media_pg_apply_account(struct media_repo *port, const struct message_origin *origin,
                            const struct account_changed_msg *msg, struct pr_done done);
void media_pg_finish_job(struct media_repo *port, const struct job_claim *job, struct pr_done done);
