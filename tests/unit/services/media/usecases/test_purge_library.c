#include "tests/support/await.h"
#include "tests/support/failures.h"
#include "tests/support/logs.h"
#include "tests/support/media_world.h"
#include "tests/support/test.h"

/* Media of every state, of which the last belongs to a stranger, and the jobs of the deletion. */
static struct media_world *library(size_t n)
{
    struct await await;
    struct media_world *world = media_world_create();
    struct message_origin from = {.id = pr_uuid_v7(1)};
    struct account_changed_msg msg = {.account_id = world->owner, .deleted = true};
    for (size_t i = 0; i <= n; i++)
        media_world_add(world, (enum media_state)(i % MEDIA_STATES));
    world->repo.rows[n].owner_id = world->stranger;
    apply_account(&world->deps, &from, &msg, await_done(&await));
    assert_int_equal(await_once(&await), PR_OK);
    return world;
}

/* Runs the job at once (1) or the late one (2). */
static void purge(struct media_world *world, int64_t job_id, struct pr_done done)
{
    struct job_claim job = fake_media_repo_claim(&world->repo, job_id);
    purge_library(&world->deps, &job, &world->owner, done);
}

static enum pr_err purge_now(struct media_world *world, int64_t job_id)
{
    struct await await;
    purge(world, job_id, await_done(&await));
    return await_once(&await);
}

/* Everything went exactly once, with its message and the jobs for its object; the stranger's stays.
 */
static void check_gone(struct media_world *world, size_t n)
{
    assert_int_equal(world->repo.rows_n, 1);
    assert_true(pr_uuid_eq(&world->repo.rows[0].owner_id, &world->stranger));
    assert_int_equal(world->repo.outbox_n, n);
    for (size_t i = 0; i < n; i++) {
        const struct fake_message *sent = &world->repo.outbox[i];
        assert_int_equal(sent->kind, MESSAGE_MEDIA_DELETED);
        assert_true(pr_uuid_eq(&sent->owner_id, &world->owner));
        assert_int_equal(fake_media_repo_sent(&world->repo, MESSAGE_MEDIA_DELETED, &sent->media_id),
                         1);
    }
    assert_int_equal(world->repo.jobs_n, 2 + 2 * n);
}

static void test_all_states_go_and_the_neighbour_stays(void **state)
{
    (void)state;
    struct media_world *world = library(4);
    assert_int_equal(purge_now(world, 1), PR_OK);
    check_gone(world, 4);
    assert_true(world->repo.jobs[0].done);
    assert_false(world->repo.jobs[1].done);
    media_world_destroy(world);
}

static void test_many_go_in_batches(void **state)
{
    (void)state;
    struct media_world *world = library(201);
    unsigned before = world->gate.passed;
    assert_int_equal(purge_now(world, 1), PR_OK);
    check_gone(world, 201);
    assert_int_equal(world->gate.passed - before, 3 * 3 + 3); /* the last list finds none */
    media_world_destroy(world);
}

static void test_nothing_to_remove_ends_the_job(void **state)
{
    (void)state;
    struct media_world *world = library(0);
    assert_int_equal(purge_now(world, 1), PR_OK);
    check_gone(world, 0);
    assert_true(world->repo.jobs[0].done);
    media_world_destroy(world);
}

/* Made with an identity from before the deletion. */
static void test_what_comes_later_goes_with_the_second_job(void **state)
{
    (void)state;
    struct media_world *world = library(1);
    assert_int_equal(purge_now(world, 1), PR_OK);
    media_world_add(world, MEDIA_CREATED);
    assert_int_equal(purge_now(world, 2), PR_OK);
    check_gone(world, 2);
    assert_true(world->repo.jobs[1].done);
    media_world_destroy(world);
}

static void test_what_changes_meanwhile_goes_as_well(void **state)
{
    (void)state;
    struct await await;
    struct media_answer answer = {0};
    struct media_world *world = library(1);
    struct pr_uuid id = world->repo.rows[0].id;
    media_world_upload(world, &world->repo.rows[0]);
    gate_hold(&world->gate, true);
    purge(world, 1, await_done(&await));
    gate_release(&world->gate, 0, "close_all");
    gate_release(&world->gate, 0, "list");
    gate_hold(&world->gate, false);
    finalize_media(&world->deps, &world->owner, &id, media_answered, &answer);
    assert_int_equal(media_answer_once(&answer), PR_OK);
    gate_release(&world->gate, 0, "remove");
    assert_int_equal(await_once(&await), PR_OK);
    assert_null(fake_media_repo_find(&world->repo, &id));
    assert_int_equal(fake_media_repo_sent(&world->repo, MESSAGE_MEDIA_DELETED, &id), 1);
    media_world_destroy(world);
}

/* The lease of a runner that slept ran out, and the job was given to another. */
static void test_two_runners_at_once_remove_each_media_once(void **state)
{
    (void)state;
    struct await first, second;
    struct media_world *world = library(150);
    gate_hold(&world->gate, true);
    purge(world, 1, await_done(&first));
    purge(world, 1, await_done(&second));
    gate_release_all(&world->gate);
    assert_int_equal(await_once(&first), PR_OK);
    assert_int_equal(await_once(&second), PR_OK);
    check_gone(world, 150);
    assert_true(world->repo.jobs[0].done);
    media_world_destroy(world);
}

static void test_events_are_handed_to_their_own_jobs(void **state)
{
    (void)state;
    struct media_world *world = library(0);
    struct event event = media_world_add_event(world, "Wedding");
    media_world_add_to_event(world, &event.id);
    size_t jobs = world->repo.jobs_n;
    assert_int_equal(purge_now(world, 1), PR_OK);
    assert_true(fake_event_repo_find(&world->events, &event.id)->deleting);
    assert_int_equal(world->repo.rows_n, 1); /* its photo went with the library */
    assert_string_equal(world->repo.jobs[jobs].kind, "purge_event");
    assert_true(world->repo.jobs[jobs - 1].cancelled);
    media_world_destroy(world);
}

/* ---- every port call failing ---- */

#define MANY 102 /* two batches */

static void *setup(void)
{
    return library(MANY);
}

static void start(void *arg, struct pr_done done)
{
    purge(arg, 1, done);
}

static void check_half(void *arg)
{
    struct media_world *world = arg;
    size_t gone = MANY + 1 - world->repo.rows_n;
    assert_int_equal(world->repo.outbox_n, gone);
    assert_int_equal(world->repo.jobs_n, 2 + 2 * gone);
    if (world->repo.jobs[0].done)
        assert_int_equal(gone, MANY); /* never over before it is done */
}

static void check(void *arg)
{
    struct media_world *world = arg;
    check_gone(world, MANY);
    assert_true(world->repo.jobs[0].done);
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
        cmocka_unit_test(test_all_states_go_and_the_neighbour_stays),
        cmocka_unit_test(test_many_go_in_batches),
        cmocka_unit_test(test_nothing_to_remove_ends_the_job),
        cmocka_unit_test(test_what_comes_later_goes_with_the_second_job),
        cmocka_unit_test(test_what_changes_meanwhile_goes_as_well),
        cmocka_unit_test(test_events_are_handed_to_their_own_jobs),
        cmocka_unit_test(test_two_runners_at_once_remove_each_media_once),
        cmocka_unit_test(test_every_failure),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
