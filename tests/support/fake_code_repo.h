/* fake_code_repo: code_repo in memory, with the events and photos it needs to know. It passes the
 * same contract suite as Postgres (tests/contract/services/media). */
#pragma once

#include "services/media/usecases/code_ports.h"
#include "tests/support/gate.h"

#define FAKE_CODES (CODES_MAX + 8)
#define FAKE_CODE_LINKS 4096
#define FAKE_CODE_EVENTS 8
#define FAKE_CODE_PHOTOS 64
#define FAKE_CODE_KEYS 64

struct fake_code_event {
    struct pr_uuid id, owner_id;
    struct code_event event;
    bool deleting;
};

struct fake_code_repo {
    struct code_repo port;
    struct gate *gate;
    struct fake_code_event events[FAKE_CODE_EVENTS];
    size_t events_n;
    struct {
        struct pr_uuid event_id, media_id;
    } photos[FAKE_CODE_PHOTOS];
    size_t photos_n;
    struct code codes[FAKE_CODES];
    size_t codes_n;
    struct {
        struct pr_uuid code_id, media_id;
    } links[FAKE_CODE_LINKS];
    size_t links_n;
    struct {
        struct pr_uuid owner_id, batch_id;
        struct idempotency idempotency;
    } keys[FAKE_CODE_KEYS];
    size_t keys_n;
    bool keys_busy; /* as if other transactions had every key in hand */
    unsigned taken; /* so many inserts from now on meet a code that is there */
};

/* repo is large: on the heap, zeroed. gate is borrowed. */
void fake_code_repo_init(struct fake_code_repo *repo, struct gate *gate);

void fake_code_repo_add_event(struct fake_code_repo *repo, const struct fake_code_event *event);
void fake_code_repo_add_photo(struct fake_code_repo *repo, const struct pr_uuid *event_id,
                              const struct pr_uuid *media_id);
void fake_code_repo_remove_photo(struct fake_code_repo *repo, const struct pr_uuid *media_id);
struct code *fake_code_repo_find(struct fake_code_repo *repo,
                                 const struct pr_uuid *id); /* or NULL */
