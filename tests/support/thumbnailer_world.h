/* thumbnailer_world: everything the thumbnailer's usecases need, faked, with a clock that stands,
 * and one photo whose upload is in the store. Files are real descriptors: the world fails the test
 * when one is still open at its end. */
#pragma once

#include "services/thumbnailer/usecases/usecases.h"
#include "tests/support/await.h"
#include "tests/support/clock.h"
#include "tests/support/fake_render_repo.h"

#define THUMBNAILER_WORLD_NOW_MS 1795248000000 /* 2026-11-21T08:00:00Z */
#define THUMBNAILER_WORLD_OBJECTS 16
#define THUMBNAILER_WORLD_LEASE_MS 20000

#define WORLD_OBJECT_KEY "owner/library/media/beach.jpg"
#define WORLD_PREVIEW_KEY "owner/library/media/.renditions/preview.webp"
#define WORLD_LARGE_KEY "owner/library/media/.renditions/large.jpg"

struct world_object {
    char key[RENDITION_KEY_MAX];
    char content_type[65];
    char bytes[256];
    size_t n;
};

struct world_objects {
    struct world_object items[THUMBNAILER_WORLD_OBJECTS];
    size_t n;
};

struct thumbnailer_world {
    struct gate gate;
    struct test_clock clock;
    struct fake_render_repo repo;
    struct render_store store;
    struct world_objects objects; /* what the store holds */
    struct renderer renderer;
    struct render_outcome answer; /* what the renderer says: as it is, with files when it is done */
    unsigned renderings;
    struct preview_cache cache;
    struct world_objects cached;
    struct render_deps deps;

    struct media_finalized_msg finalized; /* of the photo */
    struct media_deleted_msg deleted;
    struct pr_buf finalized_value, deleted_value; /* the same, encoded */
    struct message_origin finalized_origin, deleted_origin;
    struct job_claim job; /* what thumbnailer_world_claim claimed last */
    int fds;              /* open before it all */
};

/* void *, because struct failure_case takes worlds of any kind. */
void *thumbnailer_world_create(void);
void thumbnailer_world_destroy(void *world); /* no call may be held */
struct gate *thumbnailer_world_gate(void *world);

/* The usecases, with the photo. Each runs at once, unless the gate holds calls. */
void thumbnailer_world_queue(struct thumbnailer_world *world, struct pr_done done);
void thumbnailer_world_forget(struct thumbnailer_world *world, struct pr_done done);
void thumbnailer_world_render(struct thumbnailer_world *world, bool exhausted, struct pr_done done);
void thumbnailer_world_purge(struct thumbnailer_world *world, struct pr_done done);

/* Claims the photo's job of this kind ("render"), as the two above that run jobs do themselves
 * before they start. False when no such job waits; then world->job is one nobody has. */
bool thumbnailer_world_claim(struct thumbnailer_world *world, const char *kind);

/* Objects by key; put replaces what is there. */
struct world_object *world_object_find(struct world_objects *objects, const char *key); /* NULL */
void world_object_put(struct world_objects *objects, const char *key, const char *content_type,
                      struct pr_str bytes);

const char *thumbnailer_world_state(struct thumbnailer_world *world); /* of the photo's row; "" */
const char *thumbnailer_world_job_state(struct thumbnailer_world *world, const char *kind);
size_t thumbnailer_world_sent(const struct thumbnailer_world *world, enum message_kind kind);
