/* usecases: everything the thumbnailer does, one function each; the file of the same name tells
 * how. deps are borrowed; messages are borrowed until done. */
#pragma once

#include "services/thumbnailer/usecases/ports.h"

/* media.finalized: rendering is slow, so the message becomes a job. */
void queue_render(const struct render_deps *deps, const struct message_origin *origin,
                  const struct media_finalized_msg *msg, struct pr_str value, struct pr_done done);

/* The job: args are the value of media.finalized. exhausted: it was tried too often. */
void render_media(const struct render_deps *deps, const struct job_claim *job, bool exhausted,
                  struct pr_str args, struct pr_done done);

/* media.deleted. */
void forget_media(const struct render_deps *deps, const struct message_origin *origin,
                  const struct media_deleted_msg *msg, struct pr_str value, struct pr_done done);

/* The job: args are the value of media.deleted. */
void purge_renditions(const struct render_deps *deps, const struct job_claim *job,
                      struct pr_str args, struct pr_done done);
