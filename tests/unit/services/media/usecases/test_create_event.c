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
    bool replayed;
};

static void answered(void *arg, const struct pr_fault *fault, const struct event *event,
                     bool replayed)
{
    struct answer *answer = arg;
    answer->calls++;
    answer->fault = *fault;
    answer->event = *event;
    answer->replayed = replayed;
}

static struct create_event_cmd command(const struct media_world *world, const char *name,
                                       const char *slug)
{
    return (struct create_event_cmd){
        .caller = world->owner,
        .caller_name = "anna-photo",
        .name = pr_str(name),
        .slug = pr_str(slug),
        .download = 1,
    };
}

static struct answer create(struct media_world *world, const struct create_event_cmd *cmd)
{
    struct answer answer = {0};
    create_event(&world->deps, cmd, answered, &answer);
    assert_int_equal(answer.calls, 1);
    return answer;
}

static struct answer create_named(struct media_world *world, const char *name, const char *slug)
{
    struct create_event_cmd cmd = command(world, name, slug);
    return create(world, &cmd);
}

static void assert_refused(const struct answer *answer, enum pr_err err, const char *field)
{
    assert_string_equal(pr_err_name(answer->fault.err), pr_err_name(err));
    assert_string_equal(answer->fault.field, field);
}

static void test_created_with_the_job_that_ends_it(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    struct answer answer = create_named(world, " Wedding ", NULL);
    assert_int_equal(answer.fault.err, PR_OK);
    assert_false(answer.replayed);
    const struct event *row = &fake_event_repo_find(&world->events, &answer.event.id)->event;
    assert_memory_equal(row, &answer.event, sizeof *row);
    assert_true(pr_uuid_eq(&row->owner_id, &world->owner));
    assert_string_equal(row->owner_name, "anna-photo");
    assert_string_equal(row->name, "Wedding");
    assert_string_equal(row->slug, "wedding");
    assert_int_equal(row->version, 1);
    assert_int_equal(row->created_at_ms, MEDIA_WORLD_NOW_MS);
    assert_int_equal(row->seconds_to_live, EVENT_TTL_DEFAULT_S);
    assert_int_equal(row->expires_at_ms, MEDIA_WORLD_NOW_MS + EVENT_TTL_DEFAULT_S * 1000);
    assert_true(row->download);
    assert_false(row->originals);
    assert_int_equal(world->repo.jobs_n, 1);
    assert_string_equal(world->repo.jobs[0].kind, "purge_event");
    assert_true(pr_uuid_eq(&world->repo.jobs[0].subject, &row->id));
    assert_int_equal(world->repo.jobs[0].run_at_ms,
                     row->expires_at_ms + (int64_t)MEDIA_WORLD_GRACE_S * 1000);
    media_world_destroy(world);
}

static void test_what_is_wrong_is_named_before_any_port_is_asked(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    struct create_event_cmd cmd = command(world, "", NULL);
    struct answer answer = create(world, &cmd);
    assert_refused(&answer, PR_ERR_INVALID, "name");
    cmd = command(world, "Wedding", "No Slug");
    answer = create(world, &cmd);
    assert_refused(&answer, PR_ERR_INVALID, "slug");
    cmd = command(world, "Wedding", NULL);
    cmd.seconds_to_live = EVENT_TTL_MIN_S - 1;
    answer = create(world, &cmd);
    assert_refused(&answer, PR_ERR_INVALID, "seconds_to_live");
    assert_int_equal(world->gate.passed, 0);
    media_world_destroy(world);
}

static void test_a_taken_name_gets_another_slug(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    struct answer first = create_named(world, "Wedding", NULL);
    struct answer second = create_named(world, "Wedding", NULL);
    assert_int_equal(second.fault.err, PR_OK);
    assert_string_not_equal(first.event.slug, second.event.slug);
    assert_int_equal(strncmp(second.event.slug, "wedding-", 8), 0);
    assert_int_equal(strlen(second.event.slug), 8 + 6);
    assert_int_equal(world->events.rows_n, 2);
    media_world_destroy(world);
}

static void test_a_taken_slug_that_was_chosen_is_refused(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    create_named(world, "Wedding", NULL);
    struct answer answer = create_named(world, "Other", "wedding");
    assert_refused(&answer, PR_ERR_CONFLICT, "slug");
    assert_int_equal(world->events.rows_n, 1);
    assert_int_equal(world->gate.passed, 2); /* it is not tried again */
    media_world_destroy(world);
}

static void test_no_more_than_so_many(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    for (int i = 0; i < EVENTS_MAX; i++)
        media_world_add_event(world, "Event");
    struct answer answer = create_named(world, "One more", NULL);
    assert_refused(&answer, PR_ERR_CONFLICT, "");
    assert_int_equal(world->events.rows_n, EVENTS_MAX);
    media_world_destroy(world);
}

/* ---- the same request again ---- */

static const struct idempotency key = {true, {1}, {1}}, same_key_other_request = {true, {1}, {2}};

static struct answer create_keyed(struct media_world *world, const struct idempotency *idempotency)
{
    struct create_event_cmd cmd = command(world, "Wedding", NULL);
    cmd.idempotency = *idempotency;
    return create(world, &cmd);
}

static void test_again_with_its_key(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    struct answer first = create_keyed(world, &key);
    strcpy(fake_event_repo_find(&world->events, &first.event.id)->event.name, "Renamed");
    struct answer again = create_keyed(world, &key);
    assert_int_equal(again.fault.err, PR_OK);
    assert_true(again.replayed);
    assert_true(pr_uuid_eq(&again.event.id, &first.event.id));
    assert_string_equal(again.event.name, "Renamed"); /* as it is now */
    assert_int_equal(world->events.rows_n, 1);
    again = create_keyed(world, &same_key_other_request);
    assert_refused(&again, PR_ERR_UNPROCESSABLE, "idempotency-key");
    world->repo.keys_busy = true;
    again = create_keyed(world, &key);
    assert_refused(&again, PR_ERR_CONFLICT, "idempotency-key");
    media_world_destroy(world);
}

static void test_again_when_it_is_gone(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    struct answer first = create_keyed(world, &key);
    fake_event_repo_find(&world->events, &first.event.id)->deleting = true;
    struct answer again = create_keyed(world, &key);
    assert_refused(&again, PR_ERR_GONE, "idempotency-key");
    media_world_destroy(world);
}

/* ---- every port call failing ---- */

static void *setup(void)
{
    struct media_world *world = media_world_create();
    media_world_add_event(world, "Wedding"); /* so that it is tried twice */
    return world;
}

static void pass_on(void *arg, const struct pr_fault *fault, const struct event *event,
                    bool replayed)
{
    struct pr_done done = *(struct pr_done *)arg;
    (void)event;
    (void)replayed;
    free(arg);
    pr_done_call(done, fault->err);
}

static void start(void *arg, struct pr_done done)
{
    struct media_world *world = arg;
    struct create_event_cmd cmd = command(world, "Wedding", NULL);
    cmd.idempotency = key;
    create_event(&world->deps, &cmd, pass_on, media_done_arg(done));
}

static void check(void *arg)
{
    struct media_world *world = arg;
    assert_int_equal(world->events.rows_n, 2);
    assert_int_equal(world->repo.jobs_n, 2);
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
        .check = check,
    });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_created_with_the_job_that_ends_it),
        cmocka_unit_test(test_what_is_wrong_is_named_before_any_port_is_asked),
        cmocka_unit_test(test_a_taken_name_gets_another_slug),
        cmocka_unit_test(test_a_taken_slug_that_was_chosen_is_refused),
        cmocka_unit_test(test_no_more_than_so_many),
        cmocka_unit_test(test_again_with_its_key),
        cmocka_unit_test(test_again_when_it_is_gone),
        cmocka_unit_test(test_every_failure),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
