#include "services/media/usecases/guest_seal.h"
#include "shared/base/alloc.h"
#include "tests/support/failures.h"
#include "tests/support/guest_world.h"
#include "tests/support/logs.h"
#include "tests/support/test.h"

struct answer {
    unsigned calls;
    struct pr_fault fault;
    char token[GUEST_TOKEN_TEXT];
    int64_t retry_after_s;
    struct guest_event event;
};

static void answered(void *arg, const struct pr_fault *fault, const struct entered *entered,
                     int64_t retry_after_s)
{
    struct answer *answer = arg;
    answer->calls++;
    answer->fault = *fault;
    answer->retry_after_s = retry_after_s;
    if (fault->err)
        return;
    assert_true(pr_str_copy(pr_str(entered->token), answer->token, sizeof answer->token));
    answer->event = *entered->event;
}

static struct enter_event_cmd with(const char *slug, const char *access_code, const char *client)
{
    return (struct enter_event_cmd){.account = PR_STR("ada"),
                                    .slug = pr_str(slug),
                                    .access_code = pr_str(access_code),
                                    .client = pr_str(client)};
}

static struct answer enter_by(struct guest_world *world, const struct enter_event_cmd *cmd)
{
    struct answer answer = {0};
    enter_event(&world->deps, cmd, answered, &answer);
    assert_int_equal(answer.calls, 1);
    return answer;
}

static struct answer enter(struct guest_world *world, const char *slug, const char *access_code)
{
    struct enter_event_cmd cmd = with(slug, access_code, "192.0.2.1");
    return enter_by(world, &cmd);
}

static void test_the_right_code_gives_a_token_of_it(void **state)
{
    static const char *const typed[] = {"K7M2QX", "k7m2qx", " k7m 2qx\n", "K7M-2QX"};
    (void)state;
    struct guest_world *world = guest_world_create();
    for (size_t i = 0; i < PR_COUNT(typed); i++) {
        struct pr_uuid code_id;
        struct answer answer = enter(world, "wedding", typed[i]);
        assert_int_equal(answer.fault.err, PR_OK);
        assert_true(guest_seal_check(&world->deps, pr_str(answer.token), &code_id));
        assert_true(pr_uuid_eq(&code_id, &world->anna.id));
        assert_string_equal(answer.event.name, "Wedding");
        assert_int_equal(answer.event.expires_at_ms, world->event.event.expires_at_ms);
    }
    assert_int_equal(fake_guest_repo_code(&world->repo, &world->anna.id)->opens, PR_COUNT(typed));
    guest_world_destroy(world);
}

/* To the last byte, and it costs the same. */
static void test_whatever_is_wrong_is_answered_alike(void **state)
{
    static const struct {
        const char *slug, *access_code;
    } wrong[] = {{"wedding", "K7M2QY"},      {"nothing", "K7M2QX"}, {"wedding", ""},
                 {"wedding", "OOOOOO"},      {"wedding", "K7M2Q"},  {"wedding", "K7M2QX22222222"},
                 {"..", "\xff\xff\xff\xff"}, {"", "K7M2QX"}};
    (void)state;
    struct guest_world *world = guest_world_create();
    struct answer first = enter(world, wrong[0].slug, wrong[0].access_code);
    assert_int_equal(first.fault.err, PR_ERR_UNAUTHORIZED);
    assert_string_equal(first.fault.field, "access_code");
    for (size_t i = 1; i < PR_COUNT(wrong); i++) {
        unsigned passed = world->gate.passed;
        struct answer answer = enter(world, wrong[i].slug, wrong[i].access_code);
        assert_string_equal(answer.fault.detail, first.fault.detail);
        assert_string_equal(answer.fault.field, first.fault.field);
        assert_int_equal(answer.fault.err, first.fault.err);
        assert_int_equal(world->gate.passed, passed + 1);
    }
    assert_int_equal(world->repo.guesses[0].guess.failures, PR_COUNT(wrong));
    guest_world_destroy(world);
}

static void test_an_event_that_is_over(void **state)
{
    (void)state;
    struct guest_world *world = guest_world_create();
    test_clock_move(&world->clock, INT64_C(604800000));
    assert_int_equal(enter(world, "wedding", "K7M2QX").fault.err, PR_ERR_GONE);
    assert_int_equal(enter(world, "wedding", "K7M2QY").fault.err, PR_ERR_UNAUTHORIZED);
    guest_world_destroy(world);
}

static void test_too_many_wrong_ones(void **state)
{
    (void)state;
    struct guest_world *world = guest_world_create();
    for (int i = 0; i < GUESS_CLIENT_FREE + 1; i++)
        assert_int_equal(enter(world, "wedding", "AAAAAA").fault.err, PR_ERR_UNAUTHORIZED);
    struct answer answer = enter(world, "wedding", "K7M2QX");
    assert_int_equal(answer.fault.err, PR_ERR_LIMITED);
    assert_int_equal(answer.retry_after_s, 2);
    test_clock_move(&world->clock, 1001);
    assert_int_equal(enter(world, "other", "K7M2QX").retry_after_s, 1);
    struct enter_event_cmd elsewhere = with("wedding", "K7M2QX", "192.0.2.2");
    assert_int_equal(enter_by(world, &elsewhere).fault.err, PR_OK);
    test_clock_move(&world->clock, 999);
    assert_int_equal(enter(world, "wedding", "K7M2QX").fault.err, PR_OK);
    guest_world_destroy(world);
}

/* Neither the network nor the event's name can be tried out by who sees the table. */
static void test_counts_are_under_names_only_we_can_make(void **state)
{
    uint8_t a[GUESS_KEY_BYTES], b[GUESS_KEY_BYTES];
    (void)state;
    struct guest_world *world = guest_world_create();
    guest_seal_guess(&world->deps, "event", pr_str("ab"), pr_str("c"), a);
    guest_seal_guess(&world->deps, "event", pr_str("a"), pr_str("bc"), b);
    assert_memory_not_equal(a, b, sizeof a);
    guest_seal_guess(&world->deps, "client", pr_str("ab"), pr_str("c"), b);
    assert_memory_not_equal(a, b, sizeof a);
    world->deps.guest_key.bytes[0]++;
    guest_seal_guess(&world->deps, "event", pr_str("ab"), pr_str("c"), b);
    assert_memory_not_equal(a, b, sizeof a);
    guest_world_destroy(world);
}

static void test_tokens_of_another_key_are_none(void **state)
{
    struct guest_key one, other;
    struct pr_uuid code_id;
    (void)state;
    struct guest_world *world = guest_world_create();
    assert_true(guest_seal_check(&world->deps, pr_str(world->token), &code_id));
    for (size_t i = 4; i < sizeof world->token - 1; i++) {
        char kept = world->token[i];
        world->token[i] = kept == 'A' ? 'B' : 'A';
        assert_false(guest_seal_check(&world->deps, pr_str(world->token), &code_id));
        world->token[i] = kept;
    }
    guest_key_derive(pr_str("one"), &one);
    guest_key_derive(pr_str("other"), &other);
    assert_memory_not_equal(&one, &other, sizeof one);
    world->deps.guest_key = other;
    assert_false(guest_seal_check(&world->deps, pr_str(world->token), &code_id));
    guest_world_destroy(world);
}

static void pass_on(void *arg, const struct pr_fault *fault, const struct entered *entered,
                    int64_t retry_after_s)
{
    struct pr_done done = *(struct pr_done *)arg;
    (void)entered;
    (void)retry_after_s;
    free(arg);
    pr_done_call(done, fault->err);
}

static void start(void *arg, struct pr_done done)
{
    struct guest_world *world = arg;
    struct enter_event_cmd cmd = with("wedding", "K7M2QX", "192.0.2.1");
    struct pr_done *copy = PR_NEW(struct pr_done);
    *copy = done;
    enter_event(&world->deps, &cmd, pass_on, copy);
}

static void check(void *arg)
{
    struct guest_world *world = arg;
    assert_in_range(fake_guest_repo_code(&world->repo, &world->anna.id)->opens, 1, 2);
    assert_int_equal(world->repo.guesses_n, 0);
}

static void test_every_failure(void **state)
{
    (void)state;
    for_each_failure(&(struct failure_case){
        .setup = guest_world_create,
        .teardown = guest_world_destroy,
        .gate = guest_world_gate,
        .start = start,
        .answer = PR_OK,
        .check = check,
    });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_right_code_gives_a_token_of_it),
        cmocka_unit_test(test_whatever_is_wrong_is_answered_alike),
        cmocka_unit_test(test_an_event_that_is_over),
        cmocka_unit_test(test_too_many_wrong_ones),
        cmocka_unit_test(test_counts_are_under_names_only_we_can_make),
        cmocka_unit_test(test_tokens_of_another_key_are_none),
        cmocka_unit_test(test_every_failure),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
