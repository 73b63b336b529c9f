/* ports: what the usecases of media need of the world. Each asynchronous port completes exactly
 * once, now or later; what it fills or is given is borrowed until then. */
#pragma once

#include "proto/messages.h"
#include "services/media/domain/media.h"
#include "shared/base/arena.h"
#include "shared/base/done.h"
#include "shared/base/time.h"
#include "shared/base/work.h"

struct media_query {
    struct pr_uuid owner_id;
    struct pr_uuid before_id; /* items older than this one; nil: from the newest */
    int state;                /* enum media_state, -1: any */
    int kind;                 /* enum media_kind, -1: any */
    size_t limit;
};

struct media_page {
    struct pr_arena arena; /* holds items; the caller frees it */
    struct media *items;
    size_t items_n;
    bool more; /* there are older ones */
};

/* What became of an insert, whose request may have come before (Idempotency-Key). */
struct insertion {
    enum {
        INSERTION_NEW,
        INSERTION_REPLAYED, /* it was done then: media_id is what it added */
        INSERTION_RUNNING,  /* a request with the same key is being worked on */
        INSERTION_MISMATCH, /* the key came with another request */
    } outcome;
    struct pr_uuid media_id;
};

struct media_repo {
    /* Adds the row, with media.created and what makes it happen once; nothing unless
     * INSERTION_NEW. PR_ERR_CONFLICT when the id is known. */
    void (*insert)(struct media_repo *repo, const struct media *media,
                   const struct idempotency *idempotency, struct insertion *out,
                   struct pr_done done);

    /* PR_ERR_NOT_FOUND when there is none. */
    void (*load)(struct media_repo *repo, const struct pr_uuid *id, struct media *out,
                 struct pr_done done);
    void (*list)(struct media_repo *repo, const struct media_query *query, struct media_page *out,
                 struct pr_done done);

    /* Saves the state `media` is in now, its version being one more than the saved one: finalized
     * with media.finalized; rejected without a message, since its owner gets the answer and nobody
     * else has heard of it. *changed is false, and nothing is done, when somebody else changed it
     * meanwhile. */
    void (*save_finalized)(struct media_repo *repo, const struct media *media, bool *changed,
                           struct pr_done done);
    void (*save_rejected)(struct media_repo *repo, const struct media *media, bool *changed,
                          struct pr_done done);

    /* Deletes rows as they were loaded (same version), n > 0 in one transaction, each with
     * media.deleted and the jobs that remove its object: now, and again when its upload URL is dead.
     * *removed counts them; the others were changed or deleted by somebody else meanwhile. */
    void (*remove)(struct media_repo *repo, const struct media *media, size_t n, int64_t now_ms,
                   size_t *removed, struct pr_done done);

    /* Media whose upload never came: created, and their URL dead since before_ms. At most limit. */
    void (*list_abandoned)(struct media_repo *repo, int64_t before_ms, size_t limit,
                           struct media_page *out, struct pr_done done);

    /* finalized -> ready, finalized -> rejected; nothing for a media in another state or gone. */
    void (*apply_rendered)(struct media_repo *repo, const struct message_origin *origin,
                           const struct media_rendered_msg *msg, struct pr_done done);
    void (*apply_rejected)(struct media_repo *repo, const struct message_origin *origin,
                           const struct media_rejected_msg *msg, struct pr_done done);

    /* Of an account that is deleted: the jobs that remove all its media, now and a minute later.
     * Nothing else about accounts is kept. */
    void (*apply_account)(struct media_repo *repo, const struct message_origin *origin,
                          const struct account_changed_msg *msg, struct pr_done done);

    /* What the job was there for is done: it is over. */
    void (*finish_job)(struct media_repo *repo, const struct job_claim *job, struct pr_done done);
};

struct stored_object {
    bool found;
    int64_t size_bytes;
    bool has_sha256; /* the store knows it */
    uint8_t sha256[MEDIA_SHA256_BYTES];
};

/* A presigned request for a client. Texts lie in the arena given. */
struct signed_upload {
    struct pr_str url;
    struct {
        struct pr_str name, value;
    } headers[4];
    size_t headers_n;
};

struct object_store {
    void (*head)(struct object_store *store, const char *key, struct stored_object *out,
                 struct pr_done done);
    void (*remove)(struct object_store *store, const char *key,
                   struct pr_done done); /* gone is fine */

    /* Signing needs no I/O. A PUT binds size, type and checksum of the media. */
    enum pr_err (*sign_upload)(struct object_store *store, const struct media *media,
                               int64_t expires_in_s, struct pr_arena *arena,
                               struct signed_upload *out);
    /* filename NULL: shown inline; otherwise saved under this name. */
    enum pr_err (*sign_download)(struct object_store *store, const char *key,
                                 const char *content_type, const char *filename,
                                 int64_t expires_in_s, struct pr_arena *arena, struct pr_str *url);
};

/* What every usecase of media works with; outlives them. */
struct media_deps {
    struct media_repo *repo;
    struct object_store *store;
    const struct pr_clock *clock;
    struct media_limits limits;
    int64_t upload_ttl_s;   /* life of an upload URL */
    int64_t download_ttl_s; /* life of a download URL */
};
