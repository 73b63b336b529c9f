#include "tests/support/media_world.h"

#include "shared/base/alloc.h"
#include "tests/support/test.h"

void *media_world_create(void)
{
    struct media_world *world = PR_NEW(struct media_world);
    test_clock_init(&world->clock, MEDIA_WORLD_NOW_MS);
    fake_media_repo_init(&world->repo, &world->gate);
    fake_event_repo_init(&world->events, &world->repo, &world->clock.port, &world->gate);
    fake_object_store_init(&world->store, &world->gate);
    world->deps = (struct media_deps){
        .repo = &world->repo.port,
        .events = &world->events.port,
        .store = &world->store.port,
        .clock = &world->clock.port,
        .limits = {{[MEDIA_IMAGE] = 1000000, [MEDIA_VIDEO] = 5000000}},
        .upload_ttl_s = MEDIA_WORLD_UPLOAD_TTL_S,
        .download_ttl_s = 300,
        .public_url = "https://photos.test",
        .event_grace_s = MEDIA_WORLD_GRACE_S,
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

static struct media add_media(struct media_world *world, enum media_state state,
                              const struct pr_uuid *event_id)
{
    test_clock_move(&world->clock, 1);
    int64_t now_ms = world->clock.now_ms;
    struct media media = {
        .id = pr_uuid_v7(now_ms),
        .owner_id = world->owner,
        .event_id = *event_id,
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

struct media media_world_add(struct media_world *world, enum media_state state)
{
    return add_media(world, state, &(struct pr_uuid){{0}});
}

struct event media_world_add_event(struct media_world *world, const char *name)
{
    struct pr_fault fault;
    test_clock_move(&world->clock, 1);
    struct event event = {
        .id = pr_uuid_v7(world->clock.now_ms),
        .owner_id = world->owner,
        .owner_name = "anna-photo",
        .version = 1,
        .created_at_ms = world->clock.now_ms,
        .download = true,
        .originals = true,
    };
    assert_int_equal(event_set_name(&event, pr_str(name), &fault), PR_OK);
    assert_int_equal(event_set_ttl(&event, EVENT_TTL_DEFAULT_S, &fault), PR_OK);
    event_make_slug(&event, pr_str(""));
    fake_event_repo_put(&world->events, &event);
    fake_media_repo_add_job(&world->repo, "purge_event", &event.id,
                            event.expires_at_ms + (int64_t)MEDIA_WORLD_GRACE_S * 1000);
    return event;
}

struct media media_world_add_to_event(struct media_world *world, const struct pr_uuid *event_id)
{
    struct media media = add_media(world, MEDIA_READY, event_id);
    fake_event_repo_add_link(&world->events, event_id, &media.id);
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

struct media media_world_add_in_parts(struct media_world *world, bool begun)
{
    struct media media = media_world_add(world, MEDIA_CREATED);
    struct media *row = fake_media_repo_find(&world->repo, &media.id);
    row->type = media_type_parse(pr_str("video/mp4"));
    row->part_size_bytes = MEDIA_PART_MIN_BYTES;
    row->size_bytes = 2 * MEDIA_PART_MIN_BYTES + 1;
    row->upload_expires_at_ms = row->created_at_ms + (int64_t)MEDIA_MULTIPART_TTL_S * 1000;
    if (begun)
        assert_true(pr_str_copy(pr_str(fake_object_store_begin(&world->store, row->object_key)),
                                row->upload_id, sizeof row->upload_id));
    return *row;
}

void media_world_put_part(struct media_world *world, const struct media *media, int64_t number)
{
    fake_object_store_put_part(&world->store, media->upload_id, number,
                               media_part_bytes(media, number));
}
