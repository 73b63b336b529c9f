#include "tests/support/media_world.h"

#include "shared/base/alloc.h"
#include "tests/support/test.h"

void *media_world_create(void)
{
    struct media_world *world = PR_NEW(struct media_world);
    test_clock_init(&world->clock, MEDIA_WORLD_NOW_MS);
    fake_media_repo_init(&world->repo, &world->gate);
    fake_object_store_init(&world->store, &world->gate);
    world->deps = (struct media_deps){
        .repo = &world->repo.port,
        .store = &world->store.port,
        .clock = &world->clock.port,
        .limits = {{[MEDIA_IMAGE] = 1000000, [MEDIA_VIDEO] = 5000000}},
        .upload_ttl_s = MEDIA_WORLD_UPLOAD_TTL_S,
        .download_ttl_s = 300,
    };
    world->owner = pr_uuid_v7(1);
    world->stranger = pr_uuid_v7(2);
    return world;
}

void media_world_destroy(void *arg)
{
    struct media_world *world = arg;
    assert_int_equal(gate_held(&world->gate), 0);
    free(world);
}

struct gate *media_world_gate(void *world)
{
    return &((struct media_world *)world)->gate;
}

struct media media_world_add(struct media_world *world, enum media_state state)
{
    test_clock_move(&world->clock, 1);
    int64_t now_ms = world->clock.now_ms;
    struct media media = {
        .id = pr_uuid_v7(now_ms),
        .owner_id = world->owner,
        .version = state == MEDIA_CREATED     ? 1
                   : state == MEDIA_FINALIZED ? 2
                                              : 3,
        .state = state,
        .type = media_type_parse(pr_str("image/jpeg")),
        .filename = "beach.jpg",
        .size_bytes = 4321,
        .created_at_ms = now_ms,
        .upload_expires_at_ms = now_ms + (int64_t)MEDIA_WORLD_UPLOAD_TTL_S * 1000,
        .finalized_at_ms = state == MEDIA_CREATED ? 0 : now_ms,
    };
    memset(media.sha256, 0x5a, sizeof media.sha256);
    if (state == MEDIA_REJECTED)
        strcpy(media.reject_reason, "unreadable");
    media_set_object_key(&media);
    fake_media_repo_put(&world->repo, &media);
    if (state != MEDIA_CREATED)
        media_world_upload(world, &media);
    return media;
}

void media_world_upload(struct media_world *world, const struct media *media)
{
    fake_object_store_put(&world->store, media->object_key, media->size_bytes, media->sha256);
}

void media_answered(void *arg, const struct pr_fault *fault, const struct media *media,
                    struct pr_arena *arena)
{
    struct media_answer *answer = arg;
    assert_non_null(pr_arena_alloc(arena, 1)); /* it is there for whoever answers */
    answer->calls++;
    answer->fault = *fault;
    answer->media = *media;
}

enum pr_err media_answer_once(const struct media_answer *answer)
{
    assert_int_equal(answer->calls, 1);
    return answer->fault.err;
}

void *media_done_arg(struct pr_done done)
{
    struct pr_done *arg = PR_NEW(struct pr_done);
    *arg = done;
    return arg;
}

void media_done_pass(void *arg, const struct pr_fault *fault, const struct media *media,
                     struct pr_arena *arena)
{
    struct pr_done done = *(struct pr_done *)arg;
    (void)media;
    (void)arena;
    free(arg);
    pr_done_call(done, fault->err);
}
