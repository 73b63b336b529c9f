/* guest_world: everything the usecases of guests need, faked: an event with three photos, a code that
 * opens two of them, one that opens all, and a clock that stands. */
#pragma once

#include "services/media/usecases/guest_usecases.h"
#include "tests/support/clock.h"
#include "tests/support/fake_guest_repo.h"
#include "tests/support/fake_object_store.h"

#define GUEST_WORLD_NOW_MS 1795248000000 /* 2026-11-21T08:00:00Z */
#define GUEST_WORLD_PHOTOS 3

struct guest_world {
    struct gate gate;
    struct test_clock clock;
    struct fake_guest_repo repo;
    struct fake_object_store store;
    struct media_deps deps;
    struct guest_event_row event; /* /ada/wedding, over in a week */
    struct guest_code_row anna;   /* K7M2QX: the first two */
    struct guest_code_row table;  /* TABBLE: all */
    struct pr_uuid photos[GUEST_WORLD_PHOTOS];
    char token[GUEST_TOKEN_TEXT]; /* of who knew Anna's code */
};

/* void *, because struct failure_case takes worlds of any kind. */
void *guest_world_create(void);
void guest_world_destroy(void *world); /* no call may be held */
struct gate *guest_world_gate(void *world);
