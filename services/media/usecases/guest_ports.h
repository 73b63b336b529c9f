/* guest_ports: what the usecases of guests need of the world, besides ports.h. An event that is
 * being deleted is as good as none. */
#pragma once

#include "services/media/domain/code.h"
#include "services/media/domain/event.h"
#include "services/media/domain/guess.h"
#include "services/media/domain/guest_photo.h"
#include "services/media/usecases/ports.h"

#define GUESS_KEY_BYTES 16
#define SELECTIONS_MAX 100 /* of one code */

/* An access code that was typed. Views are borrowed until done. */
struct guest_attempt {
    struct pr_str account, slug;           /* the event's address */
    char access_code[CODE_LENGTH_MAX + 1]; /* normalized; "": it can be none */
    uint8_t client_key[GUESS_KEY_BYTES];   /* who guesses, */
    uint8_t event_key[GUESS_KEY_BYTES];    /* and where */
};

/* What a guest sees of an event. */
struct guest_event {
    char name[EVENT_NAME_MAX + 1];
    int64_t expires_at_ms; /* for this guest: when the code ends, which is never after the event */
    bool download, originals;
};

/* What became of it. */
struct guest_entry {
    enum {
        GUEST_REFUSED,  /* no such event, no such code, revoked, or past its own expiry */
        GUEST_BLOCKED,  /* too many were wrong: it was not looked at */
        GUEST_TOO_LATE, /* the code is right, the event is over */
        GUEST_LET_IN,
    } outcome;
    int64_t blocked_until_ms; /* GUEST_BLOCKED */
    struct pr_uuid code_id;   /* GUEST_LET_IN, and what follows */
    struct guest_event event;
};

/* Who asks for photos, and for which. Views are borrowed until done. */
struct guest_query {
    struct pr_str account, slug;
    struct pr_uuid code_id;
    const struct pr_uuid *ids; /* those, none twice; NULL: all */
    size_t ids_n;
    struct pr_uuid selection_id; /* without ids: the photos of this one; nil: all */
};

struct guest_photos {
    struct pr_arena arena; /* holds items and their texts; the caller frees it */
    struct pr_uuid code_id;
    struct guest_event event;
    char label[CODE_LABEL_MAX + 1];
    struct guest_photo *items; /* those of the code that are ready, the oldest first */
    size_t items_n;
    size_t wanted_n; /* that were asked for; of all, those there are */
};

struct guest_repo {
    /* Looks at the code unless the client or the event is blocked (guess.h), and counts, in the same
     * transaction, the failure of a wrong one, the open of a right one. What is done, and so how
     * long it takes, is the same for an unknown event and a wrong code. */
    void (*enter)(struct guest_repo *repo, const struct guest_attempt *attempt, int64_t now_ms,
                  struct guest_entry *out, struct pr_done done);

    /* PR_ERR_UNAUTHORIZED when the code opens nothing at this address (any more); PR_ERR_GONE when
     * the event is over; PR_ERR_NOT_FOUND when the code has no such selection. What is none of its
     * photos (any more) is left out. */
    void (*load)(struct guest_repo *repo, const struct guest_query *query, int64_t now_ms,
                 struct guest_photos *out, struct pr_done done);

    /* Keeps query's ids as a selection of the code, under *id, or finds the one of the same photos:
     * *id is then that one's. Of a code the SELECTIONS_MAX that were chosen last are kept. The errors
     * of load; PR_ERR_NOT_FOUND when one of ids is none of its photos, PR_ERR_FORBIDDEN where guests
     * only look: then nothing is kept. */
    void (*select)(struct guest_repo *repo, const struct guest_query *query, int64_t now_ms,
                   struct pr_uuid *id, struct pr_done done);

    /* One download more. */
    void (*count_download)(struct guest_repo *repo, const struct pr_uuid *code_id, int64_t now_ms,
                           struct pr_done done);

    /* Takes away at most limit counts that nobody added to since before_ms. */
    void (*forget_guesses)(struct guest_repo *repo, int64_t before_ms, size_t limit,
                           size_t *forgotten, struct pr_done done);
};
