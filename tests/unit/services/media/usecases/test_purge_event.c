#include "services/media/usecases/event_usecases.h"
#include "tests/support/await.h"
#include "tests/support/failures.h"
#include "tests/support/logs.h"
#include "tests/support/media_world.h"
#include "tests/support/test.h"

#define CODES 9

/* An event with n photos of its own, one of the library, and codes; its time is over. Beside it another
 * event, with the same photo of the library. */
static struct media_world *expired(size_t n)
{
    struct media_world *world = media_world_create();
    struct event event = media_world_add_event(world, "Wedding");
    struct event other = media_world_add_event(world, "Other");
    world->event_id = event.id;
    world->media_id = media_world_add(world, MEDIA_READY).id;
    fake_event_repo_add_link(&world->events, &event.id, &world->media_id);
    fake_event_repo_add_link(&world->events, &other.id, &world->media_id);
    for (size_t i = 0; i < n; i++)
        media_world_add_to_event(world, &event.id);
    fake_event_repo_find(&world->events, &event.id)->codes_n = CODES;
    world->clock.now_ms = event.expires_at_ms + (int64_t)MEDIA_WORLD_GRACE_S * 1000;
    return world;
}

static void purge(struct media_world *world, struct pr_done done)
{
    struct job_claim job = fake_media_repo_claim(&world->repo, 1);
    purge_event(&world->deps, &job, &world->event_id, done);
}

static enum pr_err purge_now(struct media_world *world)
{
    struct await await;
    purge(world, await_done(&await));
    return await_once(&await);
}

/* All of it went, each media once; what is of others stays. */
static void check_gone(struct media_world *world, size_t n)
{
    assert_null(fake_event_repo_find(&world->events, &world->event_id));
    assert_int_equal(world->events.rows_n, 1);
    assert_int_equal(world->events.links_n, 1);
    assert_true(pr_uuid_eq(&world->events.links[0].media_id, &world->media_id));
    assert_int_equal(world->repo.rows_n, 1);
    assert_non_null(fake_media_repo_find(&world->repo, &world->media_id));
    assert_int_equal(world->repo.outbox_n, n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(fake_media_repo_sent(&world->repo, MESSAGE_MEDIA_DELETED,
                                              &world->repo.outbox[i].media_id),
                         1);
    assert_true(world->repo.jobs[0].done);
}

static void test_all_of_it_goes_and_nothing_else(void **state)
{
    (void)state;
    for (size_t n = 0; n < 3; n++) {
        struct media_world *world = expired(n);
        assert_int_equal(purge_now(world), PR_OK);
        check_gone(world, n);
        media_world_destroy(world);
    }
}

static void test_many_go_in_batches(void **state)
{
    (void)state;
    struct media_world *world = expired(201);
    assert_int_equal(purge_now(world), PR_OK);
    check_gone(world, 201);
    media_world_destroy(world);
}

static void test_not_before_its_time(void **state)
{
    (void)state;
    struct media_world *world = expired(1);
    world->clock.now_ms--;
    assert_int_equal(purge_now(world), PR_OK);
    assert_false(fake_event_repo_find(&world->events, &world->event_id)->deleting);
    assert_int_equal(world->repo.outbox_n, 0);
    assert_true(world->repo.jobs[0].done);
    assert_int_equal(world->repo.jobs_n, 3); /* another takes its place */
    assert_int_equal(world->repo.jobs[2].run_at_ms, world->clock.now_ms + 1);
    media_world_destroy(world);
}

static void test_brought_back_at_the_last_moment_it_stays(void **state)
{
    (void)state;
    struct await purged, changed;
    struct media_world *world = expired(1);
    struct event out;
    struct event_change wanted = {
        .download = -1, .originals = -1, .seconds_to_live = 2 * EVENT_TTL_DEFAULT_S};
    gate_hold(&world->gate, true);
    purge(world, await_done(&purged));
    gate_hold(&world->gate, false);
    world->events.port.change(&world->events.port, &world->owner, &world->event_id, &wanted,
                              MEDIA_WORLD_GRACE_S, &out, await_done(&changed));
    assert_int_equal(await_once(&changed), PR_OK);
    gate_release_all(&world->gate);
    assert_int_equal(await_once(&purged), PR_OK);
    assert_false(fake_event_repo_find(&world->events, &world->event_id)->deleting);
    assert_int_equal(fake_event_repo_photos(&world->events, &world->event_id), 2);
    size_t waiting = 0;
    for (size_t i = 0; i < world->repo.jobs_n; i++)
        waiting += pr_uuid_eq(&world->repo.jobs[i].subject, &world->event_id) &&
                   !world->repo.jobs[i].done && !world->repo.jobs[i].cancelled;
    assert_int_equal(waiting, 1);
    media_world_destroy(world);
}

static void test_nothing_is_added_while_it_goes(void **state)
{
    (void)state;
    struct await await;
    struct media_world *world = expired(2);
    gate_hold(&world->gate, true);
    purge(world, await_done(&await));
    gate_release(&world->gate, 0, "begin_purge");
    gate_hold(&world->gate, false);
    struct media late = world->repo.rows[0];
    late.id = pr_uuid_v7(world->clock.now_ms);
    late.event_id = world->event_id;
    assert_int_equal(fake_event_repo_takes(&world->events, &late), INSERTION_NO_EVENT);
    gate_release_all(&world->gate);
    assert_int_equal(await_once(&await), PR_OK);
    check_gone(world, 2);
    media_world_destroy(world);
}

/* The lease of a runner that slept ran out, and the job was given to another. */
static void test_two_runners_at_once_remove_each_media_once(void **state)
{
    (void)state;
    struct await first, second;
    struct media_world *world = expired(150);
    gate_hold(&world->gate, true);
    purge(world, await_done(&first));
    purge(world, await_done(&second));
    gate_release_all(&world->gate);
    assert_int_equal(await_once(&first), PR_OK);
    assert_int_equal(await_once(&second), PR_OK);
    check_gone(world, 150);
    media_world_destroy(world);
}

/* ---- every port call failing ---- */

#define MANY 102 /* two batches */

static void *setup(void)
{
    return expired(MANY);
}

static void start(void *arg, struct pr_done done)
{
    purge(arg, done);
}

static void check_half(void *arg)
{
    struct media_world *world = arg;
    if (world->repo.jobs[0].done) /* never over before it is done */
        check_gone(world, MANY);
    else
        assert_non_null(fake_event_repo_find(&world->events, &world->event_id));
}

static void check(void *arg)
{
    check_gone(arg, MANY);
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
        cmocka_unit_test(test_all_of_it_goes_and_nothing_else),
        cmocka_unit_test(test_many_go_in_batches),
        cmocka_unit_test(test_not_before_its_time),
        cmocka_unit_test(test_brought_back_at_the_last_moment_it_stays),
        cmocka_unit_test(test_nothing_is_added_while_it_goes),
        cmocka_unit_test(test_two_runners_at_once_remove_each_media_once),
        cmocka_unit_test(test_every_failure),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
