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
    struct pr_uuid event_id;                /* to upload it to; nil: to the library */
    struct media_announcement announcement; /* views: borrowed until done */
    struct idempotency idempotency;
};
/* upload is NULL when the media waits for none, or for parts. replayed: it was created before, by this key. */
typedef void (*create_media_done_fn)(void *arg, const struct pr_fault *fault,
                                     const struct media *media, const struct signed_upload *upload,
                                     bool replayed);
void create_media(const struct media_deps *deps, const struct create_media_cmd *cmd,
                  create_media_done_fn done, void *arg);

/* A part whose URL is wanted. */
struct wanted_part {
    int64_t number;
    uint8_t sha256[MEDIA_SHA256_BYTES];
};
#define WANTED_PARTS_MAX 100

struct sign_parts_cmd {
    struct pr_uuid caller, media_id;
    struct wanted_part parts[WANTED_PARTS_MAX];
    size_t parts_n;
};
/* uploads: one for each wanted part, in their order; expires_at_ms: of all. */
typedef void (*sign_parts_done_fn)(void *arg, const struct pr_fault *fault,
                                   const struct sign_parts_cmd *cmd,
                                   const struct signed_upload *uploads, int64_t expires_at_ms);
void sign_parts(const struct media_deps *deps, const struct sign_parts_cmd *cmd,
                sign_parts_done_fn done, void *arg);

typedef void (*list_parts_done_fn)(void *arg, const struct pr_fault *fault,
                                   const struct media *media, const struct stored_parts *parts);
void list_parts(const struct media_deps *deps, const struct pr_uuid *caller,
                const struct pr_uuid *media_id, list_parts_done_fn done, void *arg);

/* Whether parts of the media may come still; otherwise why not (PR_ERR_NOT_FOUND for strangers). */
enum pr_err check_takes_parts(const struct media_deps *deps, const struct media *media,
                              const struct pr_uuid *caller, struct pr_fault *fault) PR_CHECK;

#define BATCH_MAX 500

struct create_batch_cmd {
    struct pr_uuid caller;
    struct pr_uuid event_id;                /* to upload them to; nil: to the library */
    const struct media_announcement *items; /* 1 to BATCH_MAX; borrowed until done */
    size_t items_n;
};
/* What became of one announcement. fault.err: it was refused, and the rest is nothing. */
struct batch_result {
    struct pr_fault fault;
    const struct media *media;
    bool waits; /* for its upload; otherwise its bytes are there, or come with an earlier item */
    const struct signed_upload *upload; /* when it waits, and not for parts */
};
/* results: one for each item, in their order, when fault->err is PR_OK. 404 and 409 (field
 * event_id), and then nothing was created. */
typedef void (*create_batch_done_fn)(void *arg, const struct pr_fault *fault,
                                     const struct batch_result *results, size_t n);
void create_batch(const struct media_deps *deps, const struct create_batch_cmd *cmd,
                  create_batch_done_fn done, void *arg);

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

/* The job that removes an object. what (copied) is its key; of one that came in parts, a line break
 * and the id of its upload follow, which may be empty. */
void purge_object(const struct media_deps *deps, const struct job_claim *job, struct pr_str what,
                  struct pr_done done);

/* The job that removes all media and events of a deleted account. */
void purge_library(const struct media_deps *deps, const struct job_claim *job,
                   const struct pr_uuid *owner_id, struct pr_done done);

/* Deletes what was announced and never uploaded; called now and then. */
void reap_uploads(const struct media_deps *deps, struct pr_done done);
