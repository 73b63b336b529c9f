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

static const struct fake_render_job *purge_job(struct thumbnailer_world *world)
{
    return fake_render_repo_job(&world->repo, "purge_renditions", &world->deleted.media_id);
}

/* The tombstone stays, and the job that removes what may have been made. */
static void check(void *arg)
{
    struct thumbnailer_world *world = arg;
    const struct fake_render_job *purge = purge_job(world);
    assert_int_equal(world->repo.sets_n, 1);
    assert_string_equal(world->repo.sets[0].state, "deleted");
    assert_int_equal(world->repo.sets[0].version, world->deleted.version);
    assert_non_null(purge);
    assert_string_equal(purge->state, "ready");
    assert_int_equal(purge->run_at_ms, world->clock.now_ms);
    assert_int_equal(purge->args_n, world->deleted_value.n);
    assert_memory_equal(purge->args, world->deleted_value.p, world->deleted_value.n);
}

static void test_media_never_heard_of(void **state)
{
    (void)state;
    struct thumbnailer_world *world = thumbnailer_world_create();
    assert_int_equal(forget(world), PR_OK);
    check(world);
    thumbnailer_world_destroy(world);
}

static void test_queued_media_is_not_rendered_any_more(void **state)
{
    (void)state;
    struct thumbnailer_world *world = thumbnailer_world_create();
    assert_int_equal(queue(world), PR_OK);
    assert_int_equal(forget(world), PR_OK);
    check(world);
    assert_string_equal(thumbnailer_world_job_state(world, "render"), "cancelled");
    assert_false(thumbnailer_world_claim(world, "render"));
    thumbnailer_world_destroy(world);
}

/* Who renders it now may still write objects: they are removed when it can no longer. */
static void test_rendering_under_way_is_waited_for(void **state)
{
    (void)state;
    struct thumbnailer_world *world = thumbnailer_world_create();
    assert_int_equal(queue(world), PR_OK);
    assert_true(thumbnailer_world_claim(world, "render"));
    assert_int_equal(forget(world), PR_OK);
    assert_string_equal(thumbnailer_world_job_state(world, "render"), "cancelled");
    assert_true(purge_job(world)->run_at_ms > world->clock.now_ms + THUMBNAILER_WORLD_LEASE_MS);
    thumbnailer_world_destroy(world);
}

static void test_lease_that_ended_is_not_waited_for(void **state)
{
    (void)state;
    struct thumbnailer_world *world = thumbnailer_world_create();
    assert_int_equal(queue(world), PR_OK);
    assert_true(thumbnailer_world_claim(world, "render"));
    test_clock_move(&world->clock, THUMBNAILER_WORLD_LEASE_MS + 1);
    assert_int_equal(forget(world), PR_OK);
    check(world);
    thumbnailer_world_destroy(world);
}

static void test_repeated_message_adds_nothing(void **state)
{
    (void)state;
    struct thumbnailer_world *world = thumbnailer_world_create();
    assert_int_equal(forget(world), PR_OK);
    assert_int_equal(forget(world), PR_OK);
    world->deleted_origin.id = pr_uuid_v7(9);
    assert_int_equal(forget(world), PR_OK);
    check(world);
    assert_int_equal(world->repo.jobs_n, 1);
    thumbnailer_world_destroy(world);
}

/* ---- every port call failing ---- */

static void *setup(void)
{
    struct thumbnailer_world *world = thumbnailer_world_create();
    assert_int_equal(queue(world), PR_OK);
    return world;
}

static void start(void *world, struct pr_done done)
{
    thumbnailer_world_forget(world, done);
}

static void check_half(void *arg)
{
    struct thumbnailer_world *world = arg;
    bool deleted = strcmp(thumbnailer_world_state(world), "deleted") == 0;
    assert_int_equal(world->repo.inbox_n, deleted ? 2 : 1);
    assert_int_equal(purge_job(world) != NULL, deleted);
    assert_string_equal(thumbnailer_world_job_state(world, "render"),
                        deleted ? "cancelled" : "ready");
}

static void test_every_failure(void **state)
{
    (void)state;
    for_each_failure(&(struct failure_case){
        .setup = setup,
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
        cmocka_unit_test(test_media_never_heard_of),
        cmocka_unit_test(test_queued_media_is_not_rendered_any_more),
        cmocka_unit_test(test_rendering_under_way_is_waited_for),
        cmocka_unit_test(test_lease_that_ended_is_not_waited_for),
        cmocka_unit_test(test_repeated_message_adds_nothing),
        cmocka_unit_test(test_every_failure),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
