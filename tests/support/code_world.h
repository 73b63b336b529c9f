/* code_world: everything the usecases of access codes need, faked: an event with three photos, its
 * owner, a stranger, and a clock that stands. */
#pragma once

#include "services/media/usecases/code_usecases.h"
#include "tests/support/clock.h"
#include "tests/support/fake_code_repo.h"

#define CODE_WORLD_NOW_MS 1795248000000 /* 2026-11-21T08:00:00Z */
#define CODE_WORLD_PHOTOS 3

struct code_world {
    struct gate gate;
    struct test_clock clock;
    struct fake_code_repo repo;
    struct media_deps deps;
    struct pr_uuid owner, stranger, event_id;
    struct pr_uuid photos[CODE_WORLD_PHOTOS];
    struct code_key key; /* of the code a test is about */
};

/* void *, because struct failure_case takes worlds of any kind. */
void *code_world_create(void);
void code_world_destroy(void *world); /* no call may be held */
struct gate *code_world_gate(void *world);

/* One code of the event, with its first photo; also what key is of. A millisecond younger than the
 * one before. */
struct code *code_world_add(struct code_world *world, const char *access_code, const char *label);
