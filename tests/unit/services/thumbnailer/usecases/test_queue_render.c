#include "tests/support/failures.h"
#include "tests/support/logs.h"
#include "tests/support/test.h"
#include "tests/support/thumbnailer_world.h"

static enum pr_err queue(struct thumbnailer_world *world)
{
    struct await await;
    thumbnailer_world_queue(world, await_done(&await));
    return await_once(&await);
}

static enum pr_err forget(struct thumbnailer_world *world)
{
    struct await await;
    thumbnailer_world_forget(world, await_done(&await));
    return await_once(&await);
}

static void check(void *arg)
{
    struct thumbnailer_world *world = arg;
    const struct fake_rendition_set *set = &world->repo.sets[0];
    assert_int_equal(world->repo.sets_n, 1);
    assert_string_equal(set->state, "queued");
    assert_int_equal(set->version, world->finalized.version);
    assert_string_equal(set->object_key, WORLD_OBJECT_KEY);
    assert_int_equal(world->repo.jobs_n, 1);
    assert_string_equal(thumbnailer_world_job_state(world, "render"), "ready");
    assert_int_equal(world->repo.jobs[0].run_at_ms, world->clock.now_ms);
    assert_int_equal(world->repo.jobs[0].args_n, world->finalized_value.n);
    assert_memory_equal(world->repo.jobs[0].args, world->finalized_value.p,
                        world->finalized_value.n);
    assert_int_equal(world->repo.inbox_n, 1);
}

static void test_message_becomes_a_job(void **state)
{
    (void)state;
    struct thumbnailer_world *world = thumbnailer_world_create();
    assert_int_equal(queue(world), PR_OK);
    check(world);
    thumbnailer_world_destroy(world);
}

static void test_repeated_message_adds_nothing(void **state)
{
    (void)state;
    struct thumbnailer_world *world = thumbnailer_world_create();
    assert_int_equal(queue(world), PR_OK);
    assert_int_equal(queue(world), PR_OK);
    check(world);
    thumbnailer_world_destroy(world);
}

/* As when the outbox was republished under other ids. */
static void test_same_media_in_another_message_adds_nothing(void **state)
{
    (void)state;
    struct thumbnailer_world *world = thumbnailer_world_create();
    assert_int_equal(queue(world), PR_OK);
    world->finalized_origin.id = pr_uuid_v7(9);
    assert_int_equal(queue(world), PR_OK);
    assert_int_equal(world->repo.jobs_n, 1);
    assert_int_equal(world->repo.inbox_n, 2);
    thumbnailer_world_destroy(world);
}

static void test_media_deleted_before_is_not_rendered(void **state)
{
    (void)state;
    struct thumbnailer_world *world = thumbnailer_world_create();
    assert_int_equal(forget(world), PR_OK);
    assert_int_equal(queue(world), PR_OK);
    assert_string_equal(thumbnailer_world_state(world), "deleted");
    assert_string_equal(thumbnailer_world_job_state(world, "render"), "");
    thumbnailer_world_destroy(world);
}

static void start(void *world, struct pr_done done)
{
    thumbnailer_world_queue(world, done);
}

static void check_half(void *arg)
{
    struct thumbnailer_world *world = arg;
    assert_int_equal(world->repo.sets_n, world->repo.inbox_n);
    assert_int_equal(world->repo.jobs_n, world->repo.inbox_n);
}

static void test_every_failure(void **state)
{
    (void)state;
    for_each_failure(&(struct failure_case){
        .setup = thumbnailer_world_create,
        .teardown = thumbnailer_world_destroy,
        .gate = thumbnailer_world_gate,
        .start = start,
        .answer = PR_OK,
        .check_half = check_half,
        .check = check,
    });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_message_becomes_a_job),
        cmocka_unit_test(test_repeated_message_adds_nothing),
        cmocka_unit_test(test_same_media_in_another_message_adds_nothing),
        cmocka_unit_test(test_media_deleted_before_is_not_rendered),
        cmocka_unit_test(test_every_failure),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
