#include "tests/support/failures.h"
#include "tests/support/logs.h"
#include "tests/support/media_world.h"
#include "tests/support/test.h"

static enum pr_err get(struct media_world *world, const struct pr_uuid *caller,
                       const struct pr_uuid *id, struct media_answer *answer)
{
    *answer = (struct media_answer){0};
    get_media(&world->deps, caller, id, media_answered, answer);
    return media_answer_once(answer);
}

static void test_owner_gets_it_in_every_state(void **state)
{
    (void)state;
    for (int i = 0; i < MEDIA_STATES; i++) {
        struct media_answer answer;
        struct media_world *world = media_world_create();
        struct media media = media_world_add(world, (enum media_state)i);
        assert_int_equal(get(world, &world->owner, &media.id, &answer), PR_OK);
        assert_memory_equal(&answer.media, &media, sizeof media);
        media_world_destroy(world);
    }
}

static void test_stranger_and_unknown_id_get_the_same_answer(void **state)
{
    (void)state;
    struct media_answer strange, unknown;
    struct media_world *world = media_world_create();
    struct media media = media_world_add(world, MEDIA_READY);
    struct pr_uuid nobody = pr_uuid_v7(9);
    assert_int_equal(get(world, &world->stranger, &media.id, &strange), PR_ERR_NOT_FOUND);
    assert_int_equal(get(world, &world->owner, &nobody, &unknown), PR_ERR_NOT_FOUND);
    assert_memory_equal(&strange.fault, &unknown.fault, sizeof strange.fault);
    media_world_destroy(world);
}

static void *setup(void)
{
    struct media_world *world = media_world_create();
    world->media_id = media_world_add(world, MEDIA_READY).id;
    return world;
}

static void start(void *arg, struct pr_done done)
{
    struct media_world *world = arg;
    get_media(&world->deps, &world->owner, &world->media_id, media_done_pass, media_done_arg(done));
}

static void check(void *arg)
{
    struct media_world *world = arg;
    assert_int_equal(world->repo.rows[0].version, 3);
    assert_int_equal(world->repo.outbox_n, 0);
}

static void test_every_failure(void **state)
{
    (void)state;
    for_each_failure(&(struct failure_case){
        .setup = setup,
        .teardown = media_world_destroy,
        .gate = media_world_gate,
        .start = start,
        .answer = PR_OK,
        .check = check,
    });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_owner_gets_it_in_every_state),
        cmocka_unit_test(test_stranger_and_unknown_id_get_the_same_answer),
        cmocka_unit_test(test_every_failure),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
