/* link_media and unlink_media. */
#include "services/media/usecases/event_usecases.h"
#include "shared/base/alloc.h"
#include "tests/support/failures.h"
#include "tests/support/logs.h"
#include "tests/support/media_world.h"
#include "tests/support/test.h"

struct answer {
    unsigned calls;
    struct pr_fault fault;
    size_t linked;
};

static void linked(void *arg, const struct pr_fault *fault, size_t n)
{
    struct answer *answer = arg;
    *answer = (struct answer){answer->calls + 1, *fault, n};
}

static void ended(void *arg, const struct pr_fault *fault)
{
    linked(arg, fault, 0);
}

static struct answer link_ids(struct media_world *world, const struct pr_uuid *ids, size_t n)
{
    struct answer answer = {0};
    link_media(&world->deps, &world->owner, &world->event_id, ids, n, linked, &answer);
    assert_int_equal(answer.calls, 1);
    return answer;
}

static enum pr_err unlink_id(struct media_world *world, const struct pr_uuid *caller,
                             const struct pr_uuid *id)
{
    struct answer answer = {0};
    unlink_media(&world->deps, caller, &world->event_id, id, ended, &answer);
    assert_int_equal(answer.calls, 1);
    return answer.fault.err;
}

static bool has(struct media_world *world, const struct pr_uuid *id)
{
    return fake_event_repo_has(&world->events, &world->event_id, id);
}

static struct media_world *wedding(void)
{
    struct media_world *world = media_world_create();
    world->event_id = media_world_add_event(world, "Wedding").id;
    return world;
}

static void test_link(void **state)
{
    (void)state;
    struct media_world *world = wedding();
    struct pr_uuid ids[2] = {media_world_add(world, MEDIA_READY).id,
                             media_world_add(world, MEDIA_CREATED).id};
    struct answer answer = link_ids(world, ids, 1);
    assert_int_equal(answer.fault.err, PR_OK);
    assert_int_equal(answer.linked, 1);
    answer = link_ids(world, ids, 2);
    assert_int_equal(answer.linked, 1);
    assert_true(has(world, &ids[0]) && has(world, &ids[1]));
    media_world_destroy(world);
}

static void test_link_refuses_all_or_none(void **state)
{
    (void)state;
    struct media_world *world = wedding();
    struct pr_uuid other = media_world_add_event(world, "Other").id;
    struct pr_uuid ids[] = {media_world_add(world, MEDIA_READY).id,
                            media_world_add_to_event(world, &other).id, pr_uuid_v7(1)};
    struct answer answer = link_ids(world, ids, 3);
    assert_int_equal(answer.fault.err, PR_ERR_UNPROCESSABLE);
    assert_string_equal(answer.fault.field, "media_ids");
    assert_string_equal(answer.fault.detail, "2 are no photos of your library");
    assert_false(has(world, &ids[0]));
    for (int i = 0; i < EVENT_PHOTOS_MAX; i++)
        fake_event_repo_add_link(&world->events, &world->event_id, &ids[2]);
    answer = link_ids(world, ids, 1);
    assert_int_equal(answer.fault.err, PR_ERR_CONFLICT);
    assert_string_equal(answer.fault.field, "media_ids");
    fake_event_repo_find(&world->events, &world->event_id)->deleting = true;
    answer = link_ids(world, ids, 1);
    assert_int_equal(answer.fault.err, PR_ERR_NOT_FOUND);
    media_world_destroy(world);
}

static void test_unlinked_one_stays_in_the_library(void **state)
{
    (void)state;
    struct media_world *world = wedding();
    struct pr_uuid id = media_world_add(world, MEDIA_READY).id;
    link_ids(world, &id, 1);
    assert_int_equal(unlink_id(world, &world->stranger, &id), PR_ERR_NOT_FOUND);
    assert_true(has(world, &id));
    assert_int_equal(unlink_id(world, &world->owner, &id), PR_OK);
    assert_false(has(world, &id));
    assert_non_null(fake_media_repo_find(&world->repo, &id));
    assert_int_equal(unlink_id(world, &world->owner, &id), PR_ERR_NOT_FOUND);
    id = pr_uuid_v7(1);
    assert_int_equal(unlink_id(world, &world->owner, &id), PR_ERR_NOT_FOUND);
    media_world_destroy(world);
}

static void test_uploaded_one_is_deleted(void **state)
{
    (void)state;
    struct media_world *world = wedding();
    struct pr_uuid id = media_world_add_to_event(world, &world->event_id).id;
    assert_int_equal(unlink_id(world, &world->owner, &id), PR_OK);
    assert_null(fake_media_repo_find(&world->repo, &id));
    assert_false(has(world, &id));
    assert_int_equal(fake_media_repo_sent(&world->repo, MESSAGE_MEDIA_DELETED, &id), 1);
    assert_int_equal(unlink_id(world, &world->owner, &id), PR_ERR_NOT_FOUND);
    media_world_destroy(world);
}

/* It is changed that often between a load and the removal that follows. */
static enum pr_err unlink_while_it_changes(unsigned times, struct media_world *world,
                                           const struct pr_uuid *id)
{
    struct answer answer = {0};
    gate_hold(&world->gate, true);
    unlink_media(&world->deps, &world->owner, &world->event_id, id, ended, &answer);
    gate_release(&world->gate, 0, "load_event");
    for (unsigned i = 0; i < times; i++) {
        gate_release(&world->gate, 0, "load");
        fake_media_repo_find(&world->repo, id)->version++;
        gate_release(&world->gate, 0, "remove");
    }
    gate_release_all(&world->gate);
    gate_hold(&world->gate, false);
    assert_int_equal(answer.calls, 1);
    return answer.fault.err;
}

static void test_changed_meanwhile_it_is_tried_again(void **state)
{
    (void)state;
    for (unsigned times = 1; times <= 3; times++) {
        struct media_world *world = wedding();
        struct pr_uuid id = media_world_add_to_event(world, &world->event_id).id;
        assert_int_equal(unlink_while_it_changes(times, world, &id),
                         times < 3 ? PR_OK : PR_ERR_UNAVAILABLE);
        assert_int_equal(fake_media_repo_sent(&world->repo, MESSAGE_MEDIA_DELETED, &id),
                         times < 3 ? 1 : 0);
        media_world_destroy(world);
    }
}

/* ---- every port call failing ---- */

static void *setup_library(void)
{
    struct media_world *world = wedding();
    world->media_id = media_world_add(world, MEDIA_READY).id;
    return world;
}

static void *setup_linked(void)
{
    struct media_world *world = setup_library();
    fake_event_repo_add_link(&world->events, &world->event_id, &world->media_id);
    return world;
}

static void *setup_uploaded(void)
{
    struct media_world *world = wedding();
    world->media_id = media_world_add_to_event(world, &world->event_id).id;
    return world;
}

static void pass_linked(void *arg, const struct pr_fault *fault, size_t n)
{
    struct pr_done done = *(struct pr_done *)arg;
    (void)n;
    free(arg);
    pr_done_call(done, fault->err);
}

static void pass_ended(void *arg, const struct pr_fault *fault)
{
    pass_linked(arg, fault, 0);
}

static void start_link(void *arg, struct pr_done done)
{
    struct media_world *world = arg;
    link_media(&world->deps, &world->owner, &world->event_id, &world->media_id, 1, pass_linked,
               media_done_arg(done));
}

static void start_unlink(void *arg, struct pr_done done)
{
    struct media_world *world = arg;
    unlink_media(&world->deps, &world->owner, &world->event_id, &world->media_id, pass_ended,
                 media_done_arg(done));
}

static void check_in(void *arg)
{
    struct media_world *world = arg;
    assert_int_equal(fake_event_repo_photos(&world->events, &world->event_id), 1);
}

static bool is_out(void *arg)
{
    struct media_world *world = arg;
    return !has(world, &world->media_id);
}

static void check_out(void *arg)
{
    struct media_world *world = arg;
    assert_true(is_out(arg));
    assert_int_equal(world->repo.outbox_n, 1 - world->repo.rows_n);
}

static void test_every_failure(void **state)
{
    (void)state;
    void *(*const setups[])(void) = {setup_linked, setup_uploaded};
    for_each_failure(&(struct failure_case){
        .setup = setup_library,
        .teardown = media_world_destroy,
        .gate = media_world_gate,
        .start = start_link,
        .answer = PR_OK,
        .check = check_in,
    });
    for (size_t i = 0; i < sizeof setups / sizeof setups[0]; i++)
        for_each_failure(&(struct failure_case){
            .setup = setups[i],
            .teardown = media_world_destroy,
            .gate = media_world_gate,
            .start = start_unlink,
            .answer = PR_OK,
            .took_effect = is_out,
            .repeated_answer = PR_ERR_NOT_FOUND,
            .check = check_out,
        });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_link),
        cmocka_unit_test(test_link_refuses_all_or_none),
        cmocka_unit_test(test_unlinked_one_stays_in_the_library),
        cmocka_unit_test(test_uploaded_one_is_deleted),
        cmocka_unit_test(test_changed_meanwhile_it_is_tried_again),
        cmocka_unit_test(test_every_failure),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
