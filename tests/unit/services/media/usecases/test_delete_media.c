#include "tests/support/failures.h"
#include "tests/support/logs.h"
#include "tests/support/media_world.h"
#include "tests/support/test.h"

#define LATEST_MS ((int64_t)MEDIA_LATEST_S * 1000)

static void delete (struct media_world *world, const struct media *media,
                    struct media_answer *answer)
{
    *answer = (struct media_answer){0};
    delete_media(&world->deps, &world->owner, &media->id, media_answered, answer);
}

static size_t sent(const struct media_world *world, const struct media *media)
{
    return fake_media_repo_sent(&world->repo, MESSAGE_MEDIA_DELETED, &media->id);
}

static void test_deletion_in_every_state_leaves_message_and_jobs(void **state)
{
    (void)state;
    for (int i = 0; i < MEDIA_STATES; i++) {
        struct media_answer answer;
        struct media_world *world = media_world_create();
        struct media media = media_world_add(world, (enum media_state)i);
        delete (world, &media, &answer);
        assert_int_equal(media_answer_once(&answer), PR_OK);
        assert_null(fake_media_repo_find(&world->repo, &media.id));
        assert_int_equal(sent(world, &media), 1);
        assert_int_equal(world->repo.outbox[0].version, media.version + 1);
        assert_int_equal(world->repo.jobs_n, 2); /* the URL is still good */
        for (size_t k = 0; k < 2; k++)
            assert_string_equal(world->repo.jobs[k].args, media.object_key);
        assert_int_equal(world->repo.jobs[0].run_at_ms, world->clock.now_ms);
        assert_int_equal(world->repo.jobs[1].run_at_ms, media.upload_expires_at_ms + LATEST_MS);
        media_world_destroy(world);
    }
}

static void test_url_long_dead_needs_one_job(void **state)
{
    (void)state;
    for (int extra = -1; extra < 1; extra++) {
        struct media_answer answer;
        struct media_world *world = media_world_create();
        struct media media = media_world_add(world, MEDIA_READY);
        world->clock.now_ms = media.upload_expires_at_ms + LATEST_MS + extra;
        delete (world, &media, &answer);
        assert_int_equal(media_answer_once(&answer), PR_OK);
        assert_int_equal(world->repo.jobs_n, extra < 0 ? 2 : 1);
        media_world_destroy(world);
    }
}

static void test_twice_is_not_found(void **state)
{
    (void)state;
    struct media_answer answer;
    struct media_world *world = media_world_create();
    struct media media = media_world_add(world, MEDIA_READY);
    delete (world, &media, &answer);
    delete (world, &media, &answer);
    assert_int_equal(media_answer_once(&answer), PR_ERR_NOT_FOUND);
    assert_int_equal(sent(world, &media), 1);
    media_world_destroy(world);
}

static void test_somebody_elses_media_is_not_found_and_stays(void **state)
{
    (void)state;
    struct media_answer answer = {0};
    struct media_world *world = media_world_create();
    struct media media = media_world_add(world, MEDIA_READY);
    delete_media(&world->deps, &world->stranger, &media.id, media_answered, &answer);
    assert_int_equal(media_answer_once(&answer), PR_ERR_NOT_FOUND);
    assert_memory_equal(fake_media_repo_find(&world->repo, &media.id), &media, sizeof media);
    assert_int_equal(world->repo.jobs_n, 0);
    media_world_destroy(world);
}

/* It is changed that often between a load and the removal that follows. */
static enum pr_err delete_while_it_changes(unsigned times, struct media_world *world,
                                           const struct media *media)
{
    struct media_answer answer;
    gate_hold(&world->gate, true);
    delete (world, media, &answer);
    for (unsigned i = 0; i < times; i++) {
        gate_release(&world->gate, 0, "load");
        fake_media_repo_find(&world->repo, &media->id)->version++;
        gate_release(&world->gate, 0, "remove");
    }
    gate_release_all(&world->gate);
    gate_hold(&world->gate, false);
    return media_answer_once(&answer);
}

static void test_changed_meanwhile_it_is_tried_again(void **state)
{
    (void)state;
    for (unsigned times = 1; times <= 2; times++) {
        struct media_world *world = media_world_create();
        struct media media = media_world_add(world, MEDIA_CREATED);
        assert_int_equal(delete_while_it_changes(times, world, &media), PR_OK);
        assert_null(fake_media_repo_find(&world->repo, &media.id));
        assert_int_equal(sent(world, &media), 1);
        assert_int_equal(world->repo.outbox[0].version, media.version + times + 1);
        media_world_destroy(world);
    }
}

static void test_changed_for_ever_it_gives_up_for_now(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    struct media media = media_world_add(world, MEDIA_CREATED);
    assert_int_equal(delete_while_it_changes(3, world, &media), PR_ERR_UNAVAILABLE);
    assert_int_equal(sent(world, &media), 0);
    assert_int_equal(delete_while_it_changes(0, world, &media), PR_OK);
    media_world_destroy(world);
}

/* Two clients delete the same media: one did, the other finds nothing. */
static void test_two_at_once_delete_one(void **state)
{
    (void)state;
    for (size_t first = 0; first < 2; first++) {
        struct media_answer answers[2];
        struct media_world *world = media_world_create();
        struct media media = media_world_add(world, MEDIA_READY);
        gate_hold(&world->gate, true);
        delete (world, &media, &answers[0]);
        delete (world, &media, &answers[1]);
        gate_release(&world->gate, 0, "load");
        gate_release(&world->gate, 0, "load");
        gate_release(&world->gate, first, "remove");
        gate_release_all(&world->gate);
        assert_int_equal(media_answer_once(&answers[first]), PR_OK);
        assert_int_equal(media_answer_once(&answers[1 - first]), PR_ERR_NOT_FOUND);
        assert_int_equal(sent(world, &media), 1);
        assert_int_equal(world->repo.jobs_n, 2);
        media_world_destroy(world);
    }
}

/* ---- every port call failing ---- */

static void *setup(void)
{
    struct media_world *world = media_world_create();
    world->media_id = media_world_add(world, MEDIA_READY).id;
    return world;
}

static void start(void *arg, struct pr_done done)
{
    struct media_world *world = arg;
    delete_media(&world->deps, &world->owner, &world->media_id, media_done_pass,
                 media_done_arg(done));
}

static bool took_effect(void *arg)
{
    return ((struct media_world *)arg)->repo.rows_n == 0;
}

static void check_half(void *arg)
{
    struct media_world *world = arg;
    assert_int_equal(world->repo.outbox_n, took_effect(world) ? 1 : 0);
    assert_int_equal(world->repo.jobs_n, took_effect(world) ? 2 : 0);
}

static void check(void *arg)
{
    assert_true(took_effect(arg));
    check_half(arg);
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
        .took_effect = took_effect,
        .repeated_answer = PR_ERR_NOT_FOUND,
        .check_half = check_half,
        .check = check,
    });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deletion_in_every_state_leaves_message_and_jobs),
        cmocka_unit_test(test_url_long_dead_needs_one_job),
        cmocka_unit_test(test_twice_is_not_found),
        cmocka_unit_test(test_somebody_elses_media_is_not_found_and_stays),
        cmocka_unit_test(test_changed_meanwhile_it_is_tried_again),
        cmocka_unit_test(test_changed_for_ever_it_gives_up_for_now),
        cmocka_unit_test(test_two_at_once_delete_one),
        cmocka_unit_test(test_every_failure),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
