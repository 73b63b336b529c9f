/* code_ports: what the usecases of access codes need of the world. As in ports.h: each completes
 * exactly once, and what it fills or is given is borrowed until then. */
#pragma once

#include "services/media/domain/code.h"
#include "services/media/domain/event.h"
#include "services/media/usecases/ports.h"

/* What is told of an event with its codes. */
struct code_event {
    char name[EVENT_NAME_MAX + 1];
    char owner_name[33];
    char slug[EVENT_SLUG_MAX + 1];
    int64_t expires_at_ms;
};

/* Where a code is to be found: another owner's event, or one that is being deleted, has none. */
struct code_key {
    struct pr_uuid owner_id, event_id, code_id;
};

struct code_ids {
    const struct pr_uuid *items; /* NULL: nothing is said */
    size_t n;
};

/* Codes that are made together, with the same photos. */
struct code_batch {
    struct pr_uuid owner_id, event_id, id;
    struct code *codes; /* of this event and batch, with the same opens_all and times */
    size_t n;
    struct code_ids photos; /* that each opens, unless it opens all */
};

enum code_outcome {
    CODES_DONE,
    CODES_REPLAYED,   /* the request was done then: the page is what it made, as it is now */
    CODES_RUNNING,    /* a request with the same key is being worked on */
    CODES_MISMATCH,   /* the key came with another request */
    CODES_TAKEN,      /* one of the drawn codes is the event's already, or was drawn twice */
    CODES_TOO_MANY,   /* the event would have more than CODES_MAX */
    CODES_NOT_PHOTOS, /* wrong_n of the ids are no photos of the event */
    CODES_OPEN_ALL,   /* to add and remove photos, the code must open chosen ones */
};

struct code_result {
    enum code_outcome outcome;
    size_t wrong_n;
};

struct code_query {
    struct pr_uuid owner_id, event_id;
    struct pr_uuid before_id; /* codes older than this one; nil: from the newest */
    size_t limit;
    bool oldest_first; /* in the order they were made, else the newest first */
};

struct code_page {
    struct pr_arena arena; /* holds items; the caller frees it */
    struct code_event event;
    struct code *items;
    size_t items_n;
    bool more;
};

struct code_found {
    struct pr_arena arena; /* holds photos; the caller frees it */
    struct code_event event;
    struct code code;
    struct code_ids photos; /* the chosen ones, in the order of their ids */
};

/* What is to be changed; the rest stays. */
struct code_change {
    const char *label;      /* NULL: stays */
    int opens_all;          /* 0 or 1; -1: stays */
    int revoked;            /* the same */
    bool expires;           /* expires_at_ms is said */
    int64_t expires_at_ms;  /* 0: with the event */
    int64_t now_ms;         /* when it is revoked; it keeps the first time */
    struct code_ids photos; /* the chosen ones from now on */
    struct code_ids add, remove;
};

struct code_repo {
    /* Adds all codes or none; on CODES_DONE and CODES_REPLAYED the page has the batch, oldest
     * first, on CODES_REPLAYED without those that were deleted meanwhile. An Idempotency-Key is used
     * up only then. PR_ERR_NOT_FOUND: there is no such event (and no replay of it). */
    void (*insert)(struct code_repo *repo, const struct code_batch *batch,
                   const struct idempotency *idempotency, struct code_result *result,
                   struct code_page *out, struct pr_done done);

    /* PR_ERR_NOT_FOUND when there is no such code, or event. */
    void (*load)(struct code_repo *repo, const struct code_key *key, struct code_found *out,
                 struct pr_done done);
    void (*list)(struct code_repo *repo, const struct code_query *query, struct code_page *out,
                 struct pr_done done);

    /* All of the change or nothing of it: CODES_DONE, CODES_NOT_PHOTOS or CODES_OPEN_ALL;
     * PR_ERR_NOT_FOUND as load. out is the code as it is then, when it is CODES_DONE. */
    void (*change)(struct code_repo *repo, const struct code_key *key,
                   const struct code_change *change, struct code_result *result,
                   struct code_found *out, struct pr_done done);
    void (*remove)(struct code_repo *repo, const struct code_key *key, struct pr_done done);
};
