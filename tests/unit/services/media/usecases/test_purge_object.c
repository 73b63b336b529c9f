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
    purge_object(&world->deps, &job, pr_str(world->repo.jobs[0].object_key), done);
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
    char *key = strdup(world->repo.jobs[0].object_key);
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
        cmocka_unit_test(test_object_is_removed_and_the_job_over),
        cmocka_unit_test(test_object_that_is_gone_is_fine),
        cmocka_unit_test(test_lost_lease_does_not_end_the_job),
        cmocka_unit_test(test_key_is_copied),
        cmocka_unit_test(test_key_that_cannot_be_ours_is_a_permanent_error),
        cmocka_unit_test(test_every_failure),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
