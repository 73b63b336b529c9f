/* event_ports: what the usecases of events need of the world, besides ports.h. An event that is
 * being deleted, or another owner's, is as good as none everywhere here. */
#pragma once

#include "services/media/domain/event.h"
#include "services/media/usecases/ports.h"

#define EVENT_LINKS_MAX 500 /* photos linked at once */

struct event_query {
    struct pr_uuid owner_id;
    struct pr_uuid before_id; /* events older than this one; nil: from the newest */
    size_t limit;
};

struct event_page {
    struct pr_arena arena; /* holds items; the caller frees it */
    struct event *items;
    size_t items_n;
    bool more; /* there are older ones */
};

struct event_media_query {
    struct pr_uuid event_id;
    struct pr_uuid before_id; /* photos older than this one; nil: from the newest */
    int state;                /* enum media_state, -1: any */
    size_t limit;
};

/* What became of an insert, whose request may have come before (Idempotency-Key). */
struct event_insertion {
    enum {
        EVENT_NEW,
        EVENT_REPLAYED,   /* it was done then: event_id is what it added */
        EVENT_RUNNING,    /* a request with the same key is being worked on */
        EVENT_MISMATCH,   /* the key came with another request */
        EVENT_SLUG_TAKEN, /* another event of this owner has it */
        EVENT_TOO_MANY,   /* the owner has EVENTS_MAX */
    } outcome;
    struct pr_uuid event_id;
};

/* What shall be another than it was. */
struct event_change {
    const char *name, *slug; /* NULL: as they were */
    int64_t seconds_to_live; /* 0: as it was */
    int download, originals; /* -1: as they were */
    bool has_cover;
    struct pr_uuid cover_id; /* nil: none */
};

/* What became of a link. */
struct event_linking {
    bool found;     /* the event is there */
    size_t refused; /* so many cannot be linked: then none was */
    bool full;      /* it would have more than EVENT_PHOTOS_MAX: then none was */
    size_t linked;  /* that were not in it before */
};

struct event_repo {
    /* Adds the event and the job that deletes it at purge_at_ms; nothing unless EVENT_NEW. */
    void (*insert)(struct event_repo *repo, const struct event *event, int64_t purge_at_ms,
                   const struct idempotency *idempotency, struct event_insertion *out,
                   struct pr_done done);

    /* PR_ERR_NOT_FOUND when there is none. */
    void (*load)(struct event_repo *repo, const struct pr_uuid *owner_id, const struct pr_uuid *id,
                 struct event *out, struct pr_done done);
    void (*list)(struct event_repo *repo, const struct event_query *query, struct event_page *out,
                 struct pr_done done);

    /* *out is the event as it is then. With seconds_to_live, the job that deletes it comes grace_s
     * after its new expiry. PR_ERR_NOT_FOUND; PR_ERR_CONFLICT: the slug is taken;
     * PR_ERR_UNPROCESSABLE: the cover is none of its photos. */
    void (*change)(struct event_repo *repo, const struct pr_uuid *owner_id,
                   const struct pr_uuid *id, const struct event_change *change, int64_t grace_s,
                   struct event *out, struct pr_done done);

    /* Its owner wants it gone: it is deleting, and the job runs now. PR_ERR_NOT_FOUND. */
    void (*close)(struct event_repo *repo, const struct pr_uuid *owner_id, const struct pr_uuid *id,
                  struct pr_done done);

    /* The same with all events of an account. */
    void (*close_all)(struct event_repo *repo, const struct pr_uuid *owner_id, struct pr_done done);

    /* A page of its photos, newest first, uploaded and linked ones alike. */
    void (*list_media)(struct event_repo *repo, const struct event_media_query *query,
                       struct media_page *out, struct pr_done done);

    /* Puts photos of the owner's library (n, at most EVENT_LINKS_MAX) into the event: all or none. */
    void (*link)(struct event_repo *repo, const struct pr_uuid *owner_id, const struct pr_uuid *id,
                 const struct pr_uuid *media_ids, size_t n, int64_t now_ms,
                 struct event_linking *out, struct pr_done done);

    /* Takes a linked photo out of the event. *unlinked is false when it is not linked to it. */
    void (*unlink)(struct event_repo *repo, const struct pr_uuid *owner_id,
                   const struct pr_uuid *id, const struct pr_uuid *media_id, bool *unlinked,
                   struct pr_done done);

    /* The job that deletes an event begins: *purging when it is deleting, or now is, being grace_s
     * past its expiry by the clock of the database, which runs the jobs. Otherwise the job is over;
     * a new one takes its place when the event is there still. */
    void (*begin_purge)(struct event_repo *repo, const struct pr_uuid *id, int64_t grace_s,
                        const struct job_claim *job, bool *purging, struct pr_done done);

    /* Of an event that is deleting: takes some of its codes and links away; *left is false once
     * there are none. */
    void (*clear)(struct event_repo *repo, const struct pr_uuid *id, bool *left,
                  struct pr_done done);

    /* Media that were uploaded to it, at most limit. */
    void (*list_uploads)(struct event_repo *repo, const struct pr_uuid *id, size_t limit,
                         struct media_page *out, struct pr_done done);

    /* All of it is gone: so is the event, and the job is over. */
    void (*finish_purge)(struct event_repo *repo, const struct pr_uuid *id,
                         const struct job_claim *job, struct pr_done done);
};
