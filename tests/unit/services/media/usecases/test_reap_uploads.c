#include "tests/support/await.h"
#include "tests/support/failures.h"
#include "tests/support/logs.h"
#include "tests/support/media_world.h"
#include "tests/support/test.h"

#define HOUR_MS 3600000
#define LATEST_MS ((int64_t)MEDIA_LATEST_S * 1000)

static enum pr_err reap(struct media_world *world)
{
    struct await await;
    reap_uploads(&world->deps, await_done(&await));
    return await_once(&await);
}

static void test_reaps_an_hour_after_the_url_died_not_before(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    struct media media = media_world_add(world, MEDIA_CREATED);
    world->clock.now_ms = media.upload_expires_at_ms + HOUR_MS;
    assert_int_equal(reap(world), PR_OK);
    assert_int_equal(world->repo.rows_n, 1);
    test_clock_move(&world->clock, 1);
    assert_int_equal(reap(world), PR_OK);
    assert_int_equal(world->repo.rows_n, 0);
    assert_int_equal(fake_media_repo_sent(&world->repo, MESSAGE_MEDIA_DELETED, &media.id), 1);
    assert_int_equal(world->repo.jobs_n, 2); /* an object may have come, or be on its way */
    assert_int_equal(world->repo.jobs[1].run_at_ms, world->clock.now_ms + LATEST_MS);
    assert_int_equal(reap(world), PR_OK);
    assert_int_equal(world->repo.outbox_n, 1);
    media_world_destroy(world);
}

static void test_parts_have_a_week(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    struct media media = media_world_add_in_parts(world, true);
    world->clock.now_ms = media.created_at_ms + (int64_t)MEDIA_MULTIPART_TTL_S * 1000 + HOUR_MS;
    assert_int_equal(reap(world), PR_OK);
    assert_int_equal(world->repo.rows_n, 1);
    test_clock_move(&world->clock, 1);
    assert_int_equal(reap(world), PR_OK);
    assert_int_equal(world->repo.rows_n, 0);
    assert_int_equal(world->repo.jobs_n, 2);
    for (size_t i = 0; i < 2; i++)
        assert_non_null(strstr(world->repo.jobs[i].args, "\nupload-1"));
    media_world_destroy(world);
}

static void test_whatever_was_finalized_stays(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    media_world_add(world, MEDIA_FINALIZED);
    media_world_add(world, MEDIA_READY);
    media_world_add(world, MEDIA_REJECTED);
    test_clock_move(&world->clock, (int64_t)24 * HOUR_MS);
    assert_int_equal(reap(world), PR_OK);
    assert_int_equal(world->repo.rows_n, 3);
    media_world_destroy(world);
}

static void test_more_than_a_batch_goes_at_once(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    for (int i = 0; i < 150; i++)
        media_world_add(world, MEDIA_CREATED);
    test_clock_move(&world->clock, (int64_t)24 * HOUR_MS);
    assert_int_equal(reap(world), PR_OK);
    assert_int_equal(world->repo.rows_n, 0);
    assert_int_equal(world->repo.outbox_n, 150);
    media_world_destroy(world);
}

/* The upload is finalized between the reaper's look and its removal: it stays, its neighbour goes.
 */
static void test_finalized_meanwhile_stays(void **state)
{
    (void)state;
    struct await await;
    struct media_answer answer = {0};
    struct media_world *world = media_world_create();
    struct media late = media_world_add(world, MEDIA_CREATED);
    struct media abandoned = media_world_add(world, MEDIA_CREATED);
    media_world_upload(world, &late);
    test_clock_move(&world->clock, (int64_t)24 * HOUR_MS);
    gate_hold(&world->gate, true);
    reap_uploads(&world->deps, await_done(&await));
    gate_release(&world->gate, 0, "list_abandoned");
    gate_hold(&world->gate, false);
    finalize_media(&world->deps, &world->owner, &late.id, media_answered, &answer);
    assert_int_equal(media_answer_once(&answer), PR_OK);
    gate_release(&world->gate, 0, "remove");
    assert_int_equal(await_once(&await), PR_OK);
    assert_int_equal(fake_media_repo_find(&world->repo, &late.id)->state, MEDIA_FINALIZED);
    assert_null(fake_media_repo_find(&world->repo, &abandoned.id));
    media_world_destroy(world);
}

static void test_two_copies_at_once_reap_each_media_once(void **state)
{
    (void)state;
    struct await first, second;
    struct media_world *world = media_world_create();
    for (int i = 0; i < 3; i++)
        media_world_add(world, MEDIA_CREATED);
    test_clock_move(&world->clock, (int64_t)24 * HOUR_MS);
    gate_hold(&world->gate, true);
    reap_uploads(&world->deps, await_done(&first));
    reap_uploads(&world->deps, await_done(&second));
    gate_release_all(&world->gate);
    assert_int_equal(await_once(&first), PR_OK);
    assert_int_equal(await_once(&second), PR_OK);
    assert_int_equal(world->repo.rows_n, 0);
    assert_int_equal(world->repo.outbox_n, 3);
    assert_int_equal(world->repo.jobs_n, 6);
    media_world_destroy(world);
}

/* ---- every port call failing ---- */

static void *setup(void)
{
    struct media_world *world = media_world_create();
    media_world_add(world, MEDIA_CREATED);
    media_world_add(world, MEDIA_CREATED);
    media_world_add(world, MEDIA_READY);
    test_clock_move(&world->clock, (int64_t)24 * HOUR_MS);
    return world;
}

static void start(void *arg, struct pr_done done)
{
    reap_uploads(&((struct media_world *)arg)->deps, done);
}

static void check_half(void *arg)
{
    struct media_world *world = arg;
    size_t gone = 3 - world->repo.rows_n;
    assert_int_equal(world->repo.outbox_n, gone);
    assert_int_equal(world->repo.jobs_n, 2 * gone);
}

static void check(void *arg)
{
    struct media_world *world = arg;
    check_half(world);
    assert_int_equal(world->repo.rows_n, 1);
    assert_int_equal(world->repo.rows[0].state, MEDIA_READY);
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
        .check_half = check_half,
        .check = check,
    });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reaps_an_hour_after_the_url_died_not_before),
        cmocka_unit_test(test_parts_have_a_week),
        cmocka_unit_test(test_whatever_was_finalized_stays),
        cmocka_unit_test(test_more_than_a_batch_goes_at_once),
        cmocka_unit_test(test_finalized_meanwhile_stays),
        cmocka_unit_test(test_two_copies_at_once_reap_each_media_once),
        cmocka_unit_test(test_every_failure),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
