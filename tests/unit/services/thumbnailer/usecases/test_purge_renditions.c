#include "tests/support/failures.h"
#include "tests/support/logs.h"
#include "tests/support/test.h"
#include "tests/support/thumbnailer_world.h"

/* A media that was rendered and then deleted. */
static void *setup(void)
{
    struct await await;
    struct thumbnailer_world *world = thumbnailer_world_create();
    thumbnailer_world_queue(world, await_done(&await));
    assert_int_equal(await_once(&await), PR_OK);
    thumbnailer_world_render(world, false, await_done(&await));
    assert_int_equal(await_once(&await), PR_OK);
    assert_int_equal(world->objects.n, 3);
    assert_int_equal(world->cached.n, 1);
    thumbnailer_world_forget(world, await_done(&await));
    assert_int_equal(await_once(&await), PR_OK);
    return world;
}

static void start(void *world, struct pr_done done)
{
    thumbnailer_world_purge(world, done);
}

/* The original is not ours to remove. */
static void check(void *arg)
{
    struct thumbnailer_world *world = arg;
    assert_int_equal(world->objects.n, 1);
    assert_non_null(world_object_find(&world->objects, WORLD_OBJECT_KEY));
    assert_int_equal(world->cached.n, 0);
    assert_string_equal(thumbnailer_world_job_state(world, "purge_renditions"), "done");
    assert_string_equal(thumbnailer_world_state(world), "deleted");
}

static void check_half(void *arg)
{
    struct thumbnailer_world *world = arg;
    if (strcmp(thumbnailer_world_job_state(world, "purge_renditions"), "done") == 0)
        check(world); /* never over before it is done */
}

static void test_renditions_and_cached_preview_go(void **state)
{
    (void)state;
    struct await await;
    struct thumbnailer_world *world = setup();
    start(world, await_done(&await));
    assert_int_equal(await_once(&await), PR_OK);
    check(world);
    thumbnailer_world_destroy(world);
}

static void test_nothing_there_is_fine(void **state)
{
    (void)state;
    struct await await;
    struct thumbnailer_world *world = thumbnailer_world_create();
    thumbnailer_world_forget(world, await_done(&await));
    assert_int_equal(await_once(&await), PR_OK);
    start(world, await_done(&await));
    assert_int_equal(await_once(&await), PR_OK);
    check(world);
    thumbnailer_world_destroy(world);
}

static void test_lost_lease_does_not_end_the_job(void **state)
{
    (void)state;
    struct await await;
    struct thumbnailer_world *world = setup();
    gate_hold(&world->gate, true);
    start(world, await_done(&await));
    assert_true(thumbnailer_world_claim(world, "purge_renditions")); /* another runner took it */
    gate_release_all(&world->gate);
    assert_int_equal(await_once(&await), PR_OK);
    assert_string_equal(thumbnailer_world_job_state(world, "purge_renditions"), "leased");
    thumbnailer_world_destroy(world);
}

static enum pr_err purge_with(struct thumbnailer_world *world, struct pr_str args)
{
    struct await await;
    purge_renditions(&world->deps, &(struct job_claim){.id = 1}, args, await_done(&await));
    return await_once(&await);
}

static void test_args_that_are_none_of_ours_are_a_permanent_error(void **state)
{
    (void)state;
    struct thumbnailer_world *world = setup();
    struct pr_buf value;
    assert_int_equal(purge_with(world, pr_str("?")), PR_ERR_DECODE);
    pr_buf_init(&value, MESSAGE_MAX_BYTES);
    world->deleted.object_key = pr_str("no-folder");
    assert_int_equal(media_deleted_encode(&world->deleted, &value), PR_OK);
    assert_int_equal(purge_with(world, pr_buf_str(&value)), PR_ERR_DECODE);
    pr_buf_fini(&value);
    assert_int_equal(world->objects.n, 3);
    thumbnailer_world_destroy(world);
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
        cmocka_unit_test(test_renditions_and_cached_preview_go),
        cmocka_unit_test(test_nothing_there_is_fine),
        cmocka_unit_test(test_lost_lease_does_not_end_the_job),
        cmocka_unit_test(test_args_that_are_none_of_ours_are_a_permanent_error),
        cmocka_unit_test(test_every_failure),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
