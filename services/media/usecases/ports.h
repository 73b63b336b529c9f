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
    struct pr_uuid linkable_to; /* only what is of the library and not in this event; nil: all */
};

struct media_page {
    struct pr_arena arena; /* holds items; the caller frees it */
    struct media *items;
    size_t items_n;
    bool more; /* there are older ones */
};

/* What became of an insert, whose request may have come before (Idempotency-Key). */
enum insertion_outcome {
    INSERTION_NEW,
    INSERTION_REPLAYED, /* it was done then: media_id is what it added */
    INSERTION_RUNNING,  /* a request with the same key is being worked on */
    INSERTION_MISMATCH, /* the key came with another request */
    INSERTION_NO_EVENT, /* the media's event is not its owner's, or is being deleted */
    INSERTION_FULL,     /* the event has EVENT_PHOTOS_MAX */
};

struct insertion {
    enum insertion_outcome outcome;
    struct pr_uuid media_id;
};

/* One of many media that are announced together. */
struct batch_entry {
    struct media media; /* to be added; then what is there: it, or the one with the same bytes */
    enum {
        BATCH_ADDED,
        BATCH_THERE,    /* the same bytes were there before */
        BATCH_REPEATED, /* they are those of an earlier entry, whose media this is */
    } outcome;
};

struct media_repo {
    /* Adds the row, to its event if it has one, with media.created and what makes it happen once;
     * nothing unless INSERTION_NEW. PR_ERR_CONFLICT when the id is known. */
    void (*insert)(struct media_repo *repo, const struct media *media,
                   const struct idempotency *idempotency, struct insertion *out,
                   struct pr_done done);

    /* Adds n > 0 media of one owner to one place, their event or the library, in one transaction,
     * each with media.created. Not those whose bytes (checksum and size) are in that place, as a
     * media that is finalized or ready, or created with an upload URL that lives beyond alive_ms.
     * Whoever does the same for this place at the same moment waits. *out is INSERTION_NEW; nothing
     * is added when it is INSERTION_NO_EVENT or INSERTION_FULL (not all fit). */
    void (*insert_batch)(struct media_repo *repo, struct batch_entry *entries, size_t n,
                         int64_t alive_ms, struct insertion *out, struct pr_done done);

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

    /* The upload of a created media's parts was begun: keeps its id, unless one is kept already.
     * kept is the one that counts. PR_ERR_NOT_FOUND: it waits for no parts any more. */
    void (*save_upload)(struct media_repo *repo, const struct pr_uuid *id, const char *upload_id,
                        char kept[MEDIA_UPLOAD_ID_MAX + 1], struct pr_done done);

    /* Deletes rows as they were loaded (same version), n > 0 in one transaction, each with
     * media.deleted and the jobs that remove its object (and parts): now, and again an hour after its
     * upload URL is dead; of parts no URL lives longer than MEDIA_PART_URL_TTL_S.
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

struct stored_part {
    int64_t number, size_bytes;
    char tag[129]; /* the store's mark of its bytes */
    bool has_sha256;
    uint8_t sha256[MEDIA_SHA256_BYTES];
};

struct stored_parts {
    struct pr_arena arena; /* holds items; the caller frees it */
    struct stored_part *items;
    size_t n; /* by number, ascending */
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

    /* Uploads in parts, of a media that has part_size_bytes. begin fills the id of the upload that is
     * under way for its object, or of a new one. */
    void (*begin_upload)(struct object_store *store, const struct media *media,
                         char upload_id[MEDIA_UPLOAD_ID_MAX + 1], struct pr_done done);
    /* out is zeroed; no such upload: none. */
    void (*list_parts)(struct object_store *store, const struct media *media,
                       struct stored_parts *out, struct pr_done done);
    /* Makes the object of the parts (copied), n > 0, as they were listed; it may take minutes. When
     * there is no such upload (any more) that is PR_OK: head tells whether the object is there.
     * PR_ERR_CONFLICT: a part is another now. */
    void (*complete_upload)(struct object_store *store, const struct media *media,
                            const struct stored_part *parts, size_t n, struct pr_done done);
    /* upload_id NULL: all there are for the key. Gone is fine. */
    void (*abort_upload)(struct object_store *store, const char *key, const char *upload_id,
                         struct pr_done done);

    /* Signing needs no I/O. A PUT binds size, type and checksum of the media. */
    enum pr_err (*sign_upload)(struct object_store *store, const struct media *media,
                               int64_t expires_in_s, struct pr_arena *arena,
                               struct signed_upload *out);
    /* A PUT of one part, which binds size and checksum. */
    enum pr_err (*sign_part)(struct object_store *store, const struct media *media, int64_t number,
                             const uint8_t sha256[MEDIA_SHA256_BYTES], int64_t expires_in_s,
                             struct pr_arena *arena, struct signed_upload *out);
    /* filename NULL: shown inline; otherwise saved under this name. */
    enum pr_err (*sign_download)(struct object_store *store, const char *key,
                                 const char *content_type, const char *filename,
                                 int64_t expires_in_s, struct pr_arena *arena, struct pr_str *url);
};

/* Of the identity secret; of this deployment alone, and for guests alone. */
#define GUEST_KEY_BYTES 32
struct guest_key {
    uint8_t bytes[GUEST_KEY_BYTES];
};
void guest_key_derive(struct pr_str identity_secret, struct guest_key *out); /* guest_seal.c */

/* What every usecase of media works with; outlives them. */
struct media_deps {
    struct media_repo *repo;
    struct event_repo *events; /* event_ports.h */
    struct code_repo *codes;   /* code_ports.h */
    struct guest_repo *guests; /* guest_ports.h */
    struct object_store *store;
    struct zip_store *zips;              /* adapters/zip_stream.h */
    struct finalizations *finalizations; /* adapters/http_finalize.h */
    const struct pr_clock *clock;
    struct media_limits limits;
    int64_t upload_ttl_s;   /* life of an upload URL */
    int64_t download_ttl_s; /* life of a download URL */
    const char *public_url; /* where people find us: "https://photos.example.org" */
    int64_t event_grace_s;  /* from an event's expiry to its deletion */
    struct guest_key guest_key;
};
