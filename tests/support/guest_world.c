#include "tests/support/guest_world.h"

#include "services/media/usecases/guest_seal.h"
#include "shared/base/alloc.h"
#include "tests/support/test.h"

static void add_photo(struct guest_world *world, size_t i)
{
    world->photos[i] = pr_uuid_v7((int64_t)i + 4);
    fake_guest_repo_put_photo(
        &world->repo,
        &(struct guest_photo_row){
            .event_id = world->event.id,
            .ready = true,
            .photo =
                {
                    .id = world->photos[i],
                    .type = media_type_parse(pr_str("image/heic")),
                    .filename = PR_STR("beach.heic"),
                    .original = {PR_STR("o/original.heic"), PR_STR("image/heic"), 4000, 3000,
                                 5000000, 7},
                    .preview = {PR_STR("p/preview.webp"), PR_STR("image/webp"), 320, 240, 9000, -1},
                    .large = {PR_STR("p/large.jpg"), PR_STR("image/jpeg"), 1600, 1200, 300000, 8},
                    .placeholder = PR_STR("hash"),
                },
        });
}

void *guest_world_create(void)
{
    struct guest_world *world = PR_NEW(struct guest_world);
    test_clock_init(&world->clock, GUEST_WORLD_NOW_MS);
    fake_guest_repo_init(&world->repo, &world->gate);
    fake_object_store_init(&world->store, &world->gate);
    world->deps = (struct media_deps){
        .guests = &world->repo.port,
        .store = &world->store.port,
        .clock = &world->clock.port,
        .download_ttl_s = 300,
        .public_url = "https://photos.test",
        .guest_key = {{1, 2, 3}},
    };
    world->event = (struct guest_event_row){
        .id = pr_uuid_v7(1),
        .account = "ada",
        .slug = "wedding",
        .event = {"Wedding", GUEST_WORLD_NOW_MS + INT64_C(604800000), true, true},
    };
    world->anna = (struct guest_code_row){
        .id = pr_uuid_v7(2), .event_id = world->event.id, .access_code = "K7M2QX", .label = "Anna"};
    world->table = (struct guest_code_row){.id = pr_uuid_v7(3),
                                           .event_id = world->event.id,
                                           .access_code = "TABBLE",
                                           .label = "Table 4",
                                           .opens_all = true};
    fake_guest_repo_put_event(&world->repo, &world->event);
    fake_guest_repo_put_code(&world->repo, &world->anna);
    fake_guest_repo_put_code(&world->repo, &world->table);
    for (size_t i = 0; i < GUEST_WORLD_PHOTOS; i++)
        add_photo(world, i);
    fake_guest_repo_link(&world->repo, &world->anna.id, &world->photos[0]);
    fake_guest_repo_link(&world->repo, &world->anna.id, &world->photos[1]);
    guest_seal_token(&world->deps, &world->anna.id, world->token);
    return world;
}

void guest_world_destroy(void *arg)
{
    struct guest_world *world = arg;
    assert_int_equal(gate_held(&world->gate), 0);
    free(world);
}

struct gate *guest_world_gate(void *world)
{
    return &((struct guest_world *)world)->gate;
}
