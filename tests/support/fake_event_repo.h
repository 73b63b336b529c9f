/* fake_event_repo: event_repo in memory, over the media and jobs of a fake_media_repo. It keeps what
 * Postgres would and passes the same contract suite (tests/contract/services/media). */
#pragma once

#include "services/media/usecases/event_ports.h"
#include "tests/support/fake_media_repo.h"
#include "tests/support/gate.h"

#define FAKE_EVENTS (EVENTS_MAX + 8)
#define FAKE_LINKS (EVENT_PHOTOS_MAX + 256)

struct fake_event {
    struct event event; /* without what is read with the row */
    size_t codes_n;
    bool deleting;
};

/* A photo of an event, whether uploaded or linked. */
struct fake_link {
    struct pr_uuid event_id, media_id;
};

struct fake_event_repo {
    struct event_repo port;
    struct gate *gate;
    struct fake_media_repo *media;
    const struct pr_clock *clock; /* that of the database */
    struct fake_event rows[FAKE_EVENTS];
    size_t rows_n;
    struct fake_link links[FAKE_LINKS];
    size_t links_n;
    struct fake_key keys[FAKE_KEYS]; /* media_id is the event's */
    size_t keys_n;
};

/* repo is large: on the heap, zeroed. The rest is borrowed; media gets repo as its events. */
void fake_event_repo_init(struct fake_event_repo *repo, struct fake_media_repo *media,
                          const struct pr_clock *clock, struct gate *gate);

/* Puts a row there without a job, as a test wants to find it. */
void fake_event_repo_put(struct fake_event_repo *repo, const struct event *event);

struct fake_event *fake_event_repo_find(struct fake_event_repo *repo,
                                        const struct pr_uuid *id); /* or NULL */
size_t fake_event_repo_photos(const struct fake_event_repo *repo, const struct pr_uuid *event_id);
bool fake_event_repo_has(const struct fake_event_repo *repo, const struct pr_uuid *event_id,
                         const struct pr_uuid *media_id);

/* For fake_media_repo: INSERTION_NEW when the media's event, if it has one, takes it (repo may be NULL
 * when it has none); a media enters its event; a media is gone. */
enum insertion_outcome fake_event_repo_takes(struct fake_event_repo *repo,
                                             const struct media *media);
enum insertion_outcome fake_event_repo_takes_many(struct fake_event_repo *repo,
                                                  const struct pr_uuid *owner_id,
                                                  const struct pr_uuid *event_id,
                                                  size_t n); /* event_id nil: the library */
void fake_event_repo_add_link(struct fake_event_repo *repo, const struct pr_uuid *event_id,
                              const struct pr_uuid *media_id);
void fake_event_repo_forget(struct fake_event_repo *repo, const struct pr_uuid *media_id);
