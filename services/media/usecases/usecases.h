/* usecases: everything media does, one function each; the file of the same name tells how. Commands
 * are copied; deps are borrowed. done is called once, with what it is given borrowed for the call.
 */
#pragma once

#include "services/media/usecases/ports.h"

/* media is valid when fault->err is PR_OK; arena lives as long as the call. */
typedef void (*media_done_fn)(void *arg, const struct pr_fault *fault, const struct media *media,
                              struct pr_arena *arena);

struct create_media_cmd {
    struct pr_uuid caller;
    struct media_announcement announcement; /* views: borrowed until done */
    struct idempotency idempotency;
};
/* upload is NULL when the media waits for none. replayed: it was created before, by this key. */
typedef void (*create_media_done_fn)(void *arg, const struct pr_fault *fault,
                                     const struct media *media, const struct signed_upload *upload,
                                     bool replayed);
void create_media(const struct media_deps *deps, const struct create_media_cmd *cmd,
                  create_media_done_fn done, void *arg);

void finalize_media(const struct media_deps *deps, const struct pr_uuid *caller,
                    const struct pr_uuid *media_id, media_done_fn done, void *arg);

void get_media(const struct media_deps *deps, const struct pr_uuid *caller,
               const struct pr_uuid *media_id, media_done_fn done, void *arg);

void delete_media(const struct media_deps *deps, const struct pr_uuid *caller,
                  const struct pr_uuid *media_id, media_done_fn done, void *arg);

typedef void (*list_media_done_fn)(void *arg, enum pr_err err, const struct media_page *page);
void list_media(const struct media_deps *deps, const struct media_query *query,
                list_media_done_fn done, void *arg);

/* Message handlers. The message is borrowed until done. */
void apply_rendered(const struct media_deps *deps, const struct message_origin *origin,
                    const struct media_rendered_msg *msg, struct pr_done done);
void apply_rejected(const struct media_deps *deps, const struct message_origin *origin,
                    const struct media_rejected_msg *msg, struct pr_done done);
void apply_account(const struct media_deps *deps, const struct message_origin *origin,
                   const struct account_changed_msg *msg, struct pr_done done);

/* The job that removes an object; key is copied. */
void purge_object(const struct media_deps *deps, const struct job_claim *job, struct pr_str key,
                  struct pr_done done);

/* The job that removes all media of a deleted account. */
void purge_library(const struct media_deps *deps, const struct job_claim *job,
                   const struct pr_uuid *owner_id, struct pr_done done);

/* Deletes what was announced and never uploaded; called now and then. */
void reap_uploads(const struct media_deps *deps, struct pr_done done);
