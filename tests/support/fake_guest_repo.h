/* fake_guest_repo: guest_repo in memory, with the events, codes and photos it needs to know. It
 * passes the same contract suite as Postgres (tests/contract/services/media). */
#pragma once

#include "services/media/usecases/guest_ports.h"
#include "tests/support/gate.h"

#define FAKE_GUEST_EVENTS 8
#define FAKE_GUEST_CODES 16
#define FAKE_GUEST_PHOTOS 512
#define FAKE_GUESSES 512
#define FAKE_GUEST_SELECTIONS (SELECTIONS_MAX + 8)

struct guest_event_row {
    struct pr_uuid id;
    const char *account, *slug;
    struct guest_event event;
    bool deleting;
};

struct guest_code_row {
    struct pr_uuid id, event_id;
    const char *access_code, *label;
    bool opens_all;
    int64_t expires_at_ms, revoked_at_ms; /* 0: not */
    int64_t opens, downloads, last_used_at_ms;
};

/* A photo of an event. Its texts live as long as the test. */
struct guest_photo_row {
    struct pr_uuid event_id;
    struct guest_photo photo;
    bool ready;
};

struct guest_selection_row {
    struct pr_uuid id, code_id, ids[8];
    size_t n;
    int64_t chosen_at_ms;
};

struct fake_guest_repo {
    struct guest_repo port;
    struct gate *gate;
    struct guest_event_row events[FAKE_GUEST_EVENTS];
    struct guest_code_row codes[FAKE_GUEST_CODES];
    struct guest_photo_row photos[FAKE_GUEST_PHOTOS];
    struct {
        struct pr_uuid code_id, media_id;
    } links[FAKE_GUEST_PHOTOS];
    struct {
        uint8_t key[GUESS_KEY_BYTES];
        struct guess guess;
    } guesses[FAKE_GUESSES + 1];
    struct guest_selection_row selections[FAKE_GUEST_SELECTIONS];
    size_t events_n, codes_n, photos_n, links_n, guesses_n, selections_n;
};

/* repo is large: on the heap, zeroed. gate is borrowed. */
void fake_guest_repo_init(struct fake_guest_repo *repo, struct gate *gate);

/* Each adds the row, or changes the one of that id. */
void fake_guest_repo_put_event(struct fake_guest_repo *repo, const struct guest_event_row *event);
void fake_guest_repo_put_code(struct fake_guest_repo *repo, const struct guest_code_row *code);
void fake_guest_repo_put_photo(struct fake_guest_repo *repo, const struct guest_photo_row *photo);

void fake_guest_repo_link(struct fake_guest_repo *repo, const struct pr_uuid *code_id,
                          const struct pr_uuid *media_id);
void fake_guest_repo_remove_photo(struct fake_guest_repo *repo, const struct pr_uuid *media_id);
struct guest_code_row *fake_guest_repo_code(struct fake_guest_repo *repo,
                                            const struct pr_uuid *id); /* which is there */
