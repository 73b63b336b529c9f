#include "tests/support/code_world.h"

#include "shared/base/alloc.h"
#include "tests/support/test.h"

void *code_world_create(void)
{
    struct code_world *world = PR_NEW(struct code_world);
    test_clock_init(&world->clock, CODE_WORLD_NOW_MS);
    fake_code_repo_init(&world->repo, &world->gate);
    world->deps = (struct media_deps){
        .codes = &world->repo.port,
        .clock = &world->clock.port,
        .public_url = "https://photos.test",
    };
    world->owner = pr_uuid_v7(1);
    world->stranger = pr_uuid_v7(2);
    world->event_id = pr_uuid_v7(3);
    fake_code_repo_add_event(&world->repo, &(struct fake_code_event){
                                               .id = world->event_id,
                                               .owner_id = world->owner,
                                               .event = {"Anna & Bert", "anna", "wedding",
                                                         CODE_WORLD_NOW_MS + INT64_C(604800000)},
                                           });
    for (size_t i = 0; i < CODE_WORLD_PHOTOS; i++) {
        world->photos[i] = pr_uuid_v7((int64_t)i + 4);
        fake_code_repo_add_photo(&world->repo, &world->event_id, &world->photos[i]);
    }
    return world;
}

void code_world_destroy(void *arg)
{
    struct code_world *world = arg;
    assert_int_equal(gate_held(&world->gate), 0);
    free(world);
}

struct gate *code_world_gate(void *world)
{
    return &((struct code_world *)world)->gate;
}

struct code *code_world_add(struct code_world *world, const char *access_code, const char *label)
{
    struct fake_code_repo *repo = &world->repo;
    struct code *code = &repo->codes[repo->codes_n++];
    test_clock_move(&world->clock, 1);
    *code = (struct code){
        .id = pr_uuid_v7(world->clock.now_ms),
        .event_id = world->event_id,
        .batch_id = pr_uuid_v7(world->clock.now_ms),
        .created_at_ms = world->clock.now_ms,
    };
    assert_true(pr_str_copy(pr_str(access_code), code->access_code, sizeof code->access_code));
    assert_true(pr_str_copy(pr_str(label), code->label, sizeof code->label));
    repo->links[repo->links_n].code_id = code->id;
    repo->links[repo->links_n++].media_id = world->photos[0];
    world->key = (struct code_key){world->owner, world->event_id, code->id};
    return code;
}
