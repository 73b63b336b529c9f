#include "shared/base/alloc.h"
#include "tests/support/code_world.h"
#include "tests/support/failures.h"
#include "tests/support/logs.h"
#include "tests/support/test.h"

struct answer {
    unsigned calls;
    struct pr_fault fault;
    bool replayed;
    size_t n;
    struct code codes[8]; /* the first ones */
};

static void answered(void *arg, const struct pr_fault *fault, const struct code_page *page,
                     bool replayed)
{
    struct answer *answer = arg;
    answer->calls++;
    answer->fault = *fault;
    answer->replayed = replayed;
    if (fault->err)
        return;
    answer->n = page->items_n;
    for (size_t i = 0; i < page->items_n && i < PR_COUNT(answer->codes); i++)
        answer->codes[i] = page->items[i];
    assert_string_equal(page->event.slug, "wedding");
}

static struct make_codes_cmd one(const struct code_world *world)
{
    return (struct make_codes_cmd){.caller = world->owner,
                                   .event_id = world->event_id,
                                   .label = PR_STR("Anna"),
                                   .opens_all = 1,
                                   .length = 6};
}

static struct make_codes_cmd many(const struct code_world *world)
{
    struct make_codes_cmd cmd = one(world);
    cmd.label = pr_str_n(NULL, 0);
    cmd.labels = pr_str("Anna\nBert\nCarl");
    cmd.opens_all = -1;
    return cmd;
}

static struct answer make(struct code_world *world, const struct make_codes_cmd *cmd)
{
    struct answer answer = {0};
    make_codes(&world->deps, cmd, answered, &answer);
    assert_int_equal(answer.calls, 1);
    return answer;
}

static void assert_fault(struct code_world *world, const struct make_codes_cmd *cmd,
                         enum pr_err err, const char *field)
{
    struct answer answer = make(world, cmd);
    assert_string_equal(pr_err_name(answer.fault.err), pr_err_name(err));
    assert_string_equal(answer.fault.field, field);
    assert_int_equal(world->repo.codes_n, 0);
}

static void test_one_code_with_chosen_photos(void **state)
{
    (void)state;
    struct code_world *world = code_world_create();
    struct make_codes_cmd cmd = one(world);
    cmd.opens_all = -1;
    cmd.photos = (struct code_ids){world->photos, 2};
    cmd.length = 8;
    cmd.expires_in_s = 3600;
    struct answer answer = make(world, &cmd);
    assert_int_equal(answer.fault.err, PR_OK);
    assert_false(answer.replayed);
    assert_int_equal(answer.n, 1);
    assert_string_equal(answer.codes[0].label, "Anna");
    assert_int_equal(strlen(answer.codes[0].access_code), 8);
    assert_int_equal(strspn(answer.codes[0].access_code, "23456789ABCDEFGHJKMNPQRSTUVWXYZ"), 8);
    assert_false(answer.codes[0].opens_all);
    assert_int_equal(answer.codes[0].photos_n, 2);
    assert_int_equal(answer.codes[0].created_at_ms, CODE_WORLD_NOW_MS);
    assert_int_equal(answer.codes[0].expires_at_ms, CODE_WORLD_NOW_MS + 3600000);
    code_world_destroy(world);
}

static void test_one_for_each_label_in_their_order(void **state)
{
    (void)state;
    struct code_world *world = code_world_create();
    struct make_codes_cmd cmd = many(world);
    struct answer answer = make(world, &cmd);
    assert_int_equal(answer.fault.err, PR_OK);
    assert_int_equal(answer.n, 3);
    assert_string_equal(answer.codes[0].label, "Anna");
    assert_string_equal(answer.codes[1].label, "Bert");
    assert_string_equal(answer.codes[2].label, "Carl");
    assert_int_equal(answer.codes[0].photos_n, 0); /* which ones is said later */
    assert_int_equal(answer.codes[0].expires_at_ms, 0);
    for (size_t i = 1; i < 3; i++) {
        assert_true(memcmp(&answer.codes[i - 1].id, &answer.codes[i].id, 16) < 0);
        assert_string_not_equal(answer.codes[i - 1].access_code, answer.codes[i].access_code);
        assert_true(pr_uuid_eq(&answer.codes[0].batch_id, &answer.codes[i].batch_id));
    }
    code_world_destroy(world);
}

static void test_all_and_none_of_the_photos(void **state)
{
    (void)state;
    struct code_world *world = code_world_create();
    struct make_codes_cmd cmd = one(world);
    assert_int_equal(make(world, &cmd).codes[0].photos_n, 3);
    cmd.opens_all = 0;
    cmd.photos = (struct code_ids){world->photos, 0};
    assert_int_equal(make(world, &cmd).codes[0].photos_n, 0);
    code_world_destroy(world);
}

static void test_what_is_wrong_is_named(void **state)
{
    (void)state;
    struct code_world *world = code_world_create();
    struct make_codes_cmd cmd = one(world);
    cmd.photos = (struct code_ids){world->photos, 0};
    assert_fault(world, &cmd, PR_ERR_INVALID, "all");
    cmd = one(world);
    cmd.opens_all = 0;
    assert_fault(world, &cmd, PR_ERR_INVALID, "media_ids");
    cmd = one(world);
    cmd.label = pr_str(" ");
    assert_fault(world, &cmd, PR_ERR_INVALID, "label");
    cmd.label = pr_str_n(NULL, 0);
    assert_fault(world, &cmd, PR_ERR_INVALID, "label");
    cmd = many(world);
    cmd.labels = pr_str("Anna\n\xff");
    assert_fault(world, &cmd, PR_ERR_INVALID, "labels");
    cmd = many(world);
    cmd.label = pr_str("Anna");
    assert_fault(world, &cmd, PR_ERR_INVALID, "labels");
    assert_int_equal(world->gate.passed, 0); /* no port was asked */
    code_world_destroy(world);
}

static void test_photos_times_codes_are_bounded(void **state)
{
    (void)state;
    struct code_world *world = code_world_create();
    struct make_codes_cmd cmd = many(world);
    struct pr_uuid *photos = pr_alloc(CODE_LINKS_AT_ONCE * sizeof *photos);
    cmd.photos = (struct code_ids){photos, CODE_LINKS_AT_ONCE / 3 + 1};
    assert_fault(world, &cmd, PR_ERR_INVALID, "media_ids");
    assert_int_equal(world->gate.passed, 0);
    cmd.photos.n = 2; /* they are none of the event's */
    assert_fault(world, &cmd, PR_ERR_UNPROCESSABLE, "media_ids");
    free(photos);
    code_world_destroy(world);
}

static void test_no_event_of_the_caller(void **state)
{
    (void)state;
    struct code_world *world = code_world_create();
    struct make_codes_cmd cmd = one(world);
    cmd.caller = world->stranger;
    assert_fault(world, &cmd, PR_ERR_NOT_FOUND, "");
    cmd = one(world);
    cmd.event_id = world->photos[0];
    assert_fault(world, &cmd, PR_ERR_NOT_FOUND, "");
    world->repo.events[0].deleting = true;
    cmd = one(world);
    assert_fault(world, &cmd, PR_ERR_NOT_FOUND, "");
    code_world_destroy(world);
}

static void test_taken_codes_are_drawn_anew_a_few_times(void **state)
{
    (void)state;
    struct code_world *world = code_world_create();
    struct make_codes_cmd cmd = many(world);
    world->repo.taken = 5;
    assert_fault(world, &cmd, PR_ERR_UNAVAILABLE, "");
    assert_int_equal(world->gate.passed, 5);
    world->repo.taken = 4;
    struct answer answer = make(world, &cmd);
    assert_int_equal(answer.fault.err, PR_OK);
    assert_int_equal(answer.n, 3);
    assert_int_equal(world->gate.passed, 10);
    code_world_destroy(world);
}

static void test_too_many_for_an_event(void **state)
{
    (void)state;
    struct code_world *world = code_world_create();
    struct make_codes_cmd cmd = many(world);
    for (size_t i = 0; i < CODES_MAX - 2; i++)
        world->repo.codes[world->repo.codes_n++].event_id = world->event_id;
    struct answer answer = make(world, &cmd);
    assert_int_equal(answer.fault.err, PR_ERR_CONFLICT);
    assert_int_equal(world->repo.codes_n, CODES_MAX - 2);
    code_world_destroy(world);
}

/* ---- the same request again ---- */

static const struct idempotency key = {true, {1}, {1}}, other_request = {true, {1}, {2}};

static void test_repeated_request_gets_what_it_made(void **state)
{
    (void)state;
    struct code_world *world = code_world_create();
    struct make_codes_cmd cmd = many(world);
    cmd.idempotency = key;
    struct answer first = make(world, &cmd), second = make(world, &cmd);
    assert_false(first.replayed);
    assert_true(second.replayed);
    assert_int_equal(second.n, 3);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(first.codes[i].access_code, second.codes[i].access_code);
    assert_int_equal(world->repo.codes_n, 3);

    world->repo.codes_n = 0;
    assert_fault(world, &cmd, PR_ERR_GONE, "idempotency-key");
    code_world_destroy(world);
}

static void test_key_that_is_busy_or_of_another_request(void **state)
{
    (void)state;
    struct code_world *world = code_world_create();
    struct make_codes_cmd cmd = one(world);
    cmd.idempotency = key;
    world->repo.keys_busy = true;
    assert_fault(world, &cmd, PR_ERR_CONFLICT, "idempotency-key");
    world->repo.keys_busy = false;
    make(world, &cmd);
    cmd.idempotency = other_request;
    struct answer answer = make(world, &cmd);
    assert_int_equal(answer.fault.err, PR_ERR_UNPROCESSABLE);
    assert_string_equal(answer.fault.field, "idempotency-key");
    assert_int_equal(world->repo.codes_n, 1);
    code_world_destroy(world);
}

/* ---- every port call failing ---- */

static void pass_on(void *arg, const struct pr_fault *fault, const struct code_page *page,
                    bool replayed)
{
    struct pr_done done = *(struct pr_done *)arg;
    (void)page;
    (void)replayed;
    free(arg);
    pr_done_call(done, fault->err);
}

static void start(void *arg, struct pr_done done)
{
    struct code_world *world = arg;
    struct make_codes_cmd cmd = many(world);
    struct pr_done *copy = PR_NEW(struct pr_done);
    *copy = done;
    cmd.idempotency = key;
    make_codes(&world->deps, &cmd, pass_on, copy);
}

static void *setup_taken(void)
{
    struct code_world *world = code_world_create();
    world->repo.taken = 2;
    return world;
}

static void check_half(void *arg)
{
    struct code_world *world = arg;
    assert_true(world->repo.codes_n == 0 || world->repo.codes_n == 3);
    assert_int_equal(world->repo.keys_n, world->repo.codes_n / 3);
}

/* However often it is asked, there are three. */
static void check(void *arg)
{
    struct code_world *world = arg;
    assert_int_equal(world->repo.codes_n, 3);
    assert_int_equal(world->repo.keys_n, 1);
}

static void test_every_failure(void **state)
{
    (void)state;
    struct failure_case c = {
        .setup = code_world_create,
        .teardown = code_world_destroy,
        .gate = code_world_gate,
        .start = start,
        .answer = PR_OK,
        .check_half = check_half,
        .check = check,
    };
    for_each_failure(&c);
    c.setup = setup_taken;
    for_each_failure(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_code_with_chosen_photos),
        cmocka_unit_test(test_one_for_each_label_in_their_order),
        cmocka_unit_test(test_all_and_none_of_the_photos),
        cmocka_unit_test(test_what_is_wrong_is_named),
        cmocka_unit_test(test_photos_times_codes_are_bounded),
        cmocka_unit_test(test_no_event_of_the_caller),
        cmocka_unit_test(test_taken_codes_are_drawn_anew_a_few_times),
        cmocka_unit_test(test_too_many_for_an_event),
        cmocka_unit_test(test_repeated_request_gets_what_it_made),
        cmocka_unit_test(test_key_that_is_busy_or_of_another_request),
        cmocka_unit_test(test_every_failure),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
