/* media_world: everything media's usecases need, faked, with two accounts and a clock that stands.
 */
#pragma once

#include "services/media/usecases/usecases.h"
#include "tests/support/clock.h"
#include "tests/support/fake_event_repo.h"
#include "tests/support/fake_media_repo.h"
#include "tests/support/fake_object_store.h"

#define MEDIA_WORLD_NOW_MS 1795248000000 /* 2026-11-21T08:00:00Z */
#define MEDIA_WORLD_UPLOAD_TTL_S 3600
#define MEDIA_WORLD_GRACE_S 86400

struct media_world {
    struct gate gate;
    struct test_clock clock;
    struct fake_media_repo repo;
    struct fake_event_repo events;
    struct fake_object_store store;
    struct media_deps deps;
    struct pr_uuid owner, stranger;
    struct pr_uuid media_id; /* of the media a test is about */
    struct pr_uuid event_id; /* of the event a test is about */
};

/* void *, because struct failure_case takes worlds of any kind. */
void *media_world_create(void);
void media_world_destroy(void *world); /* no call may be held */
struct gate *media_world_gate(void *world);

/* A JPEG of the owner in this state, one millisecond younger than the one before; its bytes are in
 * the store unless it is only created. */
struct media media_world_add(struct media_world *world, enum media_state state);

/* An event of the owner that lives a week, one millisecond younger than what was before, with the job
 * that will delete it. */
struct event media_world_add_event(struct media_world *world, const char *name);

/* A ready JPEG that was uploaded to this event. */
struct media media_world_add_to_event(struct media_world *world, const struct pr_uuid *event_id);

/* A video of the owner that waits for three parts, the last of 1 byte; its upload is begun, or not. */
struct media media_world_add_in_parts(struct media_world *world, bool begun);

/* Part `number` of it comes, with its size. */
void media_world_put_part(struct media_world *world, const struct media *media, int64_t number);

/* The upload comes, as it was announced. */
void media_world_upload(struct media_world *world, const struct media *media);

/* What a usecase answered; texts and media are copies. */
struct media_answer {
    unsigned calls;
    struct pr_fault fault;
    struct media media;
};
void media_answered(void *arg, const struct pr_fault *fault, const struct media *media,
                    struct pr_arena *arena); /* a media_done_fn; arg: struct media_answer */

/* Fails the test unless it was answered once; returns the error. */
enum pr_err media_answer_once(const struct media_answer *answer);

/* A media_done_fn that passes the error on to a completion; its arg comes from media_done_arg. */
void media_done_pass(void *arg, const struct pr_fault *fault, const struct media *media,
                     struct pr_arena *arena);
void *media_done_arg(struct pr_done done);
