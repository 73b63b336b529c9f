#include "tests/support/await.h"
#include "tests/support/failures.h"
#include "tests/support/logs.h"
#include "tests/support/media_world.h"
#include "tests/support/test.h"

#include <stdlib.h>

/* A deleted media, whose jobs wait. */
static void *setup(void)
{
    struct media_answer answer = {0};
    struct media_world *world = media_world_create();
    struct media media = media_world_add(world, MEDIA_READY);
    delete_media(&world->deps, &world->owner, &media.id, media_answered, &answer);
    assert_int_equal(media_answer_once(&answer), PR_OK);
    return world;
}

static void start(void *arg, struct pr_done done)
{
    struct media_world *world = arg;
    struct job_claim job = fake_media_repo_claim(&world->repo, 1);
    purge_object(&world->deps, &job, pr_str(world->repo.jobs[0].args), done);
}

static void check(void *arg)
{
    struct media_world *world = arg;
    assert_int_equal(world->store.objects_n, 0);
    assert_true(world->repo.jobs[0].done);
    assert_false(world->repo.jobs[1].done);
}

static void check_half(void *arg)
{
    struct media_world *world = arg;
    if (world->repo.jobs[0].done)
        assert_int_equal(world->store.objects_n, 0); /* never over before it is done */
}

static void test_object_is_removed_and_the_job_over(void **state)
{
    (void)state;
    struct await await;
    struct media_world *world = setup();
    start(world, await_done(&await));
    assert_int_equal(await_once(&await), PR_OK);
    check(world);
    media_world_destroy(world);
}

static void test_object_that_is_gone_is_fine(void **state)
{
    (void)state;
    struct await await;
    struct media_world *world = setup();
    world->store.objects_n = 0;
    start(world, await_done(&await));
    assert_int_equal(await_once(&await), PR_OK);
    check(world);
    media_world_destroy(world);
}

static void test_lost_lease_does_not_end_the_job(void **state)
{
    (void)state;
    struct await await;
    struct media_world *world = setup();
    gate_hold(&world->gate, true);
    start(world, await_done(&await));
    fake_media_repo_claim(&world->repo, 1); /* another runner took it */
    gate_release_all(&world->gate);
    assert_int_equal(await_once(&await), PR_OK);
    assert_false(world->repo.jobs[0].done);
    media_world_destroy(world);
}

static void test_key_is_copied(void **state)
{
    (void)state;
    struct await await;
    struct media_world *world = setup();
    char *key = strdup(world->repo.jobs[0].args);
    struct job_claim job = fake_media_repo_claim(&world->repo, 1);
    gate_hold(&world->gate, true);
    purge_object(&world->deps, &job, pr_str(key), await_done(&await));
    free(key);
    gate_release_all(&world->gate);
    assert_int_equal(await_once(&await), PR_OK);
    check(world);
    media_world_destroy(world);
}

static void test_key_that_cannot_be_ours_is_a_permanent_error(void **state)
{
    (void)state;
    struct await await;
    struct media_world *world = setup();
    char key[MEDIA_OBJECT_KEY_MAX + 1];
    memset(key, 'k', sizeof key);
    purge_object(&world->deps, &(struct job_claim){.id = 1}, pr_str_n(key, sizeof key),
                 await_done(&await));
    assert_int_equal(pr_err_class(await_once(&await)), PR_CLASS_PERMANENT);
    assert_int_equal(world->store.objects_n, 1);
    media_world_destroy(world);
}

/* ---- in parts ---- */

/* A media that was deleted with its upload under way, beside another one that nobody kept. */
static void *setup_parts(void)
{
    struct media_answer answer = {0};
    struct media_world *world = media_world_create();
    struct media media = media_world_add_in_parts(world, true);
    media_world_put_part(world, &media, 1);
    fake_object_store_begin(&world->store, media.object_key);
    delete_media(&world->deps, &world->owner, &media.id, media_answered, &answer);
    assert_int_equal(media_answer_once(&answer), PR_OK);
    return world;
}

static void check_parts(void *arg)
{
    struct media_world *world = arg;
    assert_int_equal(world->store.uploads_n, 0);
    check(world);
}

static void check_half_parts(void *arg)
{
    struct media_world *world = arg;
    if (world->repo.jobs[0].done)
        assert_int_equal(world->store.uploads_n, 0);
}

static void test_uploads_in_parts_are_aborted(void **state)
{
    (void)state;
    struct await await;
    struct media_world *world = setup_parts();
    struct media other = media_world_add_in_parts(world, true); /* stays */
    assert_int_equal(world->store.uploads_n, 3);
    start(world, await_done(&await));
    assert_int_equal(await_once(&await), PR_OK);
    assert_int_equal(world->store.uploads_n, 1);
    assert_string_equal(world->store.uploads[0].key, other.object_key);
    media_world_destroy(world);
}

/* An upload that is begun, or gets a part, when the first job is over already. */
static void test_what_comes_late_goes_with_the_late_job(void **state)
{
    (void)state;
    struct await await;
    struct media_world *world = setup_parts();
    char key[MEDIA_OBJECT_KEY_MAX + 1];
    memcpy(key, world->store.uploads[0].key, sizeof key);
    start(world, await_done(&await));
    assert_int_equal(await_once(&await), PR_OK);
    fake_object_store_begin(&world->store, key);
    struct job_claim job = fake_media_repo_claim(&world->repo, 2);
    purge_object(&world->deps, &job, pr_str(world->repo.jobs[1].args), await_done(&await));
    assert_int_equal(await_once(&await), PR_OK);
    assert_int_equal(world->store.uploads_n, 0);
    media_world_destroy(world);
}

static void test_a_plain_object_costs_no_call_more(void **state)
{
    (void)state;
    struct await await;
    struct media_world *world = setup();
    unsigned calls = world->gate.passed;
    start(world, await_done(&await));
    assert_int_equal(await_once(&await), PR_OK);
    assert_int_equal(world->gate.passed, calls + 2);
    media_world_destroy(world);
}

static void test_every_failure(void **state)
{
    (void)state;
    struct failure_case c = {
        .setup = setup,
        .teardown = media_world_destroy,
        .gate = media_world_gate,
        .start = start,
        .answer = PR_OK,
        .check_half = check_half,
        .check = check,
    };
    for_each_failure(&c);
    c.setup = setup_parts;
    c.check_half = check_half_parts;
    c.check = check_parts;
    for_each_failure(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_object_is_removed_and_the_job_over),
        cmocka_unit_test(test_object_that_is_gone_is_fine),
        cmocka_unit_test(test_lost_lease_does_not_end_the_job),
        cmocka_unit_test(test_key_is_copied),
        cmocka_unit_test(test_key_that_cannot_be_ours_is_a_permanent_error),
        cmocka_unit_test(test_uploads_in_parts_are_aborted),
        cmocka_unit_test(test_what_comes_late_goes_with_the_late_job),
        cmocka_unit_test(test_a_plain_object_costs_no_call_more),
        cmocka_unit_test(test_every_failure),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
