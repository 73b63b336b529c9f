/* change_event and delete_event. */
#include "services/media/usecases/event_usecases.h"
#include "shared/base/alloc.h"
#include "tests/support/failures.h"
#include "tests/support/logs.h"
#include "tests/support/media_world.h"
#include "tests/support/test.h"

struct answer {
    unsigned calls;
    struct pr_fault fault;
    struct event event;
};

static void changed(void *arg, const struct pr_fault *fault, const struct event *event)
{
    struct answer *answer = arg;
    answer->calls++;
    answer->fault = *fault;
    answer->event = *event;
}

static struct answer change(struct media_world *world, struct change_event_cmd cmd)
{
    struct answer answer = {0};
    cmd.event_id = world->event_id;
    if (pr_uuid_is_nil(&cmd.caller))
        cmd.caller = world->owner;
    change_event(&world->deps, &cmd, changed, &answer);
    assert_int_equal(answer.calls, 1);
    return answer;
}

static void assert_refused(const struct answer *answer, enum pr_err err, const char *field)
{
    assert_string_equal(pr_err_name(answer->fault.err), pr_err_name(err));
    assert_string_equal(answer->fault.field, field);
}

static void *setup(void)
{
    struct media_world *world = media_world_create();
    world->event_id = media_world_add_event(world, "Wedding").id;
    return world;
}

#define SAME .download = -1, .originals = -1

static void test_what_is_not_named_stays(void **state)
{
    (void)state;
    struct media_world *world = setup();
    struct answer answer =
        change(world, (struct change_event_cmd){SAME, .name = PR_STR(" Party ")});
    assert_int_equal(answer.fault.err, PR_OK);
    assert_string_equal(answer.event.name, "Party");
    assert_string_equal(answer.event.slug, "wedding");
    assert_int_equal(answer.event.seconds_to_live, EVENT_TTL_DEFAULT_S);
    assert_true(answer.event.download && answer.event.originals);
    assert_int_equal(world->repo.jobs_n, 1); /* its end is the same */
    answer = change(world, (struct change_event_cmd){.download = 0, .originals = -1});
    assert_false(answer.event.download);
    assert_true(answer.event.originals);
    assert_string_equal(answer.event.name, "Party");
    media_world_destroy(world);
}

static void test_the_end_counts_from_the_creation_and_moves_the_job(void **state)
{
    (void)state;
    struct media_world *world = setup();
    world->clock.now_ms += 5000000;
    struct answer answer = change(world, (struct change_event_cmd){SAME, .seconds_to_live = 3600});
    assert_int_equal(answer.event.expires_at_ms, answer.event.created_at_ms + 3600000);
    assert_false(event_is_open(&answer.event, world->clock.now_ms)); /* closed at once */
    assert_true(world->repo.jobs[0].cancelled);
    assert_int_equal(world->repo.jobs[1].run_at_ms,
                     answer.event.expires_at_ms + (int64_t)MEDIA_WORLD_GRACE_S * 1000);
    answer = change(world, (struct change_event_cmd){SAME, .seconds_to_live = 7200});
    assert_true(event_is_open(&answer.event, world->clock.now_ms)); /* brought back */
    assert_true(world->repo.jobs[1].cancelled);
    assert_false(world->repo.jobs[2].cancelled);
    media_world_destroy(world);
}

static void test_what_is_wrong_is_named(void **state)
{
    (void)state;
    struct media_world *world = setup();
    struct media other = media_world_add(world, MEDIA_READY);
    media_world_add_event(world, "Party");
    unsigned before = world->gate.passed;
    struct answer answer = change(world, (struct change_event_cmd){SAME, .name = PR_STR("\n")});
    assert_refused(&answer, PR_ERR_INVALID, "name");
    answer = change(world, (struct change_event_cmd){SAME, .slug = PR_STR("A")});
    assert_refused(&answer, PR_ERR_INVALID, "slug");
    answer = change(world, (struct change_event_cmd){SAME, .seconds_to_live = 1});
    assert_refused(&answer, PR_ERR_INVALID, "seconds_to_live");
    assert_int_equal(world->gate.passed, before);
    answer = change(world, (struct change_event_cmd){SAME, .slug = PR_STR("party")});
    assert_refused(&answer, PR_ERR_CONFLICT, "slug");
    answer =
        change(world, (struct change_event_cmd){SAME, .has_cover = true, .cover_id = other.id});
    assert_refused(&answer, PR_ERR_UNPROCESSABLE, "cover_id");
    answer = change(world, (struct change_event_cmd){SAME, .caller = world->stranger});
    assert_refused(&answer, PR_ERR_NOT_FOUND, "");
    assert_int_equal(fake_event_repo_find(&world->events, &world->event_id)->event.version, 1);
    media_world_destroy(world);
}

static void ended(void *arg, const struct pr_fault *fault)
{
    struct answer *answer = arg;
    answer->calls++;
    answer->fault = *fault;
}

static void test_deleted_is_seen_by_nobody_and_has_its_job(void **state)
{
    (void)state;
    struct answer answer = {0};
    struct media_world *world = setup();
    delete_event(&world->deps, &world->stranger, &world->event_id, ended, &answer);
    assert_refused(&answer, PR_ERR_NOT_FOUND, "");
    delete_event(&world->deps, &world->owner, &world->event_id, ended, &answer);
    assert_int_equal(answer.fault.err, PR_OK);
    assert_true(fake_event_repo_find(&world->events, &world->event_id)->deleting);
    assert_true(world->repo.jobs[0].cancelled);
    assert_int_equal(world->repo.jobs_n, 2);
    assert_int_equal(world->repo.jobs[1].run_at_ms, world->clock.now_ms);
    delete_event(&world->deps, &world->owner, &world->event_id, ended, &answer);
    assert_refused(&answer, PR_ERR_NOT_FOUND, "");
    assert_int_equal(answer.calls, 3);
    media_world_destroy(world);
}

/* ---- every port call failing ---- */

static void pass_event(void *arg, const struct pr_fault *fault, const struct event *event)
{
    struct pr_done done = *(struct pr_done *)arg;
    (void)event;
    free(arg);
    pr_done_call(done, fault->err);
}

static void pass_fault(void *arg, const struct pr_fault *fault)
{
    pass_event(arg, fault, NULL);
}

static void start_change(void *arg, struct pr_done done)
{
    struct media_world *world = arg;
    change_event(&world->deps,
                 &(struct change_event_cmd){SAME, .caller = world->owner,
                                            .event_id = world->event_id, .name = PR_STR("Party"),
                                            .seconds_to_live = 7200},
                 pass_event, media_done_arg(done));
}

static void check_changed(void *arg)
{
    struct media_world *world = arg;
    const struct event *event = &fake_event_repo_find(&world->events, &world->event_id)->event;
    size_t waiting = 0;
    assert_string_equal(event->name, "Party");
    assert_int_equal(event->seconds_to_live, 7200);
    for (size_t i = 0; i < world->repo.jobs_n; i++)
        waiting += !world->repo.jobs[i].cancelled;
    assert_int_equal(waiting, 1);
}

static void start_delete(void *arg, struct pr_done done)
{
    struct media_world *world = arg;
    delete_event(&world->deps, &world->owner, &world->event_id, pass_fault, media_done_arg(done));
}

static bool is_deleting(void *arg)
{
    struct media_world *world = arg;
    return fake_event_repo_find(&world->events, &world->event_id)->deleting;
}

static void check_deleted(void *arg)
{
    assert_true(is_deleting(arg));
    assert_int_equal(((struct media_world *)arg)->repo.jobs_n, 2);
}

static void test_every_failure(void **state)
{
    (void)state;
    for_each_failure(&(struct failure_case){
        .setup = setup,
        .teardown = media_world_destroy,
        .gate = media_world_gate,
        .start = start_change,
        .answer = PR_OK,
        .check = check_changed,
    });
    for_each_failure(&(struct failure_case){
        .setup = setup,
        .teardown = media_world_destroy,
        .gate = media_world_gate,
        .start = start_delete,
        .answer = PR_OK,
        .took_effect = is_deleting,
        .repeated_answer = PR_ERR_NOT_FOUND,
        .check = check_deleted,
    });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_not_named_stays),
        cmocka_unit_test(test_the_end_counts_from_the_creation_and_moves_the_job),
        cmocka_unit_test(test_what_is_wrong_is_named),
        cmocka_unit_test(test_deleted_is_seen_by_nobody_and_has_its_job),
        cmocka_unit_test(test_every_failure),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
