#include "shared/base/alloc.h"
#include "tests/support/code_world.h"
#include "tests/support/failures.h"
#include "tests/support/logs.h"
#include "tests/support/test.h"

struct answer {
    unsigned calls;
    struct pr_fault fault;
    struct code code;
    size_t photos_n;
};

static void answered(void *arg, const struct pr_fault *fault, const struct code_found *found)
{
    struct answer *answer = arg;
    answer->calls++;
    answer->fault = *fault;
    answer->code = found->code;
    answer->photos_n = found->photos.n;
}

static struct answer change(struct code_world *world, const struct change_code_cmd *cmd)
{
    struct answer answer = {0};
    change_code(&world->deps, cmd, answered, &answer);
    assert_int_equal(answer.calls, 1);
    return answer;
}

static struct code_world *new_world(void)
{
    struct code_world *world = code_world_create();
    code_world_add(world, "ABC234", "Anna");
    return world;
}

static struct change_code_cmd nothing(const struct code_world *world)
{
    return (struct change_code_cmd){
        .key = world->key, .opens_all = -1, .revoked = -1, .expires_in_s = -1};
}

static void test_nothing_is_a_change_too(void **state)
{
    (void)state;
    struct code_world *world = new_world();
    struct change_code_cmd cmd = nothing(world);
    struct code before = world->repo.codes[0];
    struct answer answer = change(world, &cmd);
    assert_int_equal(answer.fault.err, PR_OK);
    assert_memory_equal(&world->repo.codes[0], &before, sizeof before);
    assert_int_equal(answer.photos_n, 1);
    code_world_destroy(world);
}

static void test_label_expiry_and_revoking(void **state)
{
    (void)state;
    struct code_world *world = new_world();
    struct change_code_cmd cmd = nothing(world);
    int64_t now_ms = world->clock.now_ms;
    cmd.label = pr_str(" Bert ");
    cmd.expires_in_s = 3600;
    cmd.revoked = 1;
    struct answer answer = change(world, &cmd);
    assert_int_equal(answer.fault.err, PR_OK);
    assert_string_equal(answer.code.label, "Bert");
    assert_int_equal(answer.code.expires_at_ms, now_ms + 3600000);
    assert_int_equal(answer.code.revoked_at_ms, now_ms);
    cmd = nothing(world);
    cmd.expires_in_s = 0;
    cmd.revoked = 0;
    answer = change(world, &cmd);
    assert_int_equal(answer.code.expires_at_ms, 0);
    assert_int_equal(answer.code.revoked_at_ms, 0);
    assert_string_equal(answer.code.label, "Bert");
    code_world_destroy(world);
}

static void test_chosen_photos_are_all_it_opens(void **state)
{
    (void)state;
    struct code_world *world = new_world();
    struct change_code_cmd cmd = nothing(world);
    cmd.opens_all = 1;
    struct answer answer = change(world, &cmd);
    assert_true(answer.code.opens_all);
    assert_int_equal(answer.code.photos_n, 3);
    cmd = nothing(world);
    cmd.photos = (struct code_ids){world->photos + 1, 2};
    answer = change(world, &cmd);
    assert_false(answer.code.opens_all);
    assert_int_equal(answer.code.photos_n, 2);
    cmd = nothing(world);
    cmd.add = (struct code_ids){world->photos, 1};
    cmd.remove = (struct code_ids){world->photos + 1, 1};
    answer = change(world, &cmd);
    assert_int_equal(answer.code.photos_n, 2);
    code_world_destroy(world);
}

static void assert_fault(struct code_world *world, const struct change_code_cmd *cmd,
                         enum pr_err err, const char *field)
{
    struct code before = world->repo.codes[0];
    struct answer answer = change(world, cmd);
    assert_string_equal(pr_err_name(answer.fault.err), pr_err_name(err));
    assert_string_equal(answer.fault.field, field);
    assert_memory_equal(&world->repo.codes[0], &before, sizeof before);
}

static void test_what_is_wrong_is_named(void **state)
{
    (void)state;
    struct code_world *world = new_world();
    struct pr_uuid stray = pr_uuid_v7(99);
    const struct code_ids ids = {world->photos, 1}, wrong = {&stray, 1};
    struct change_code_cmd cmd = nothing(world);
    cmd.label = pr_str("\n");
    assert_fault(world, &cmd, PR_ERR_INVALID, "label");
    cmd = nothing(world);
    cmd.opens_all = 1;
    cmd.photos = ids;
    assert_fault(world, &cmd, PR_ERR_INVALID, "all");
    cmd = nothing(world);
    cmd.photos = cmd.add = ids;
    assert_fault(world, &cmd, PR_ERR_INVALID, "media_ids");
    assert_int_equal(world->gate.passed, 0); /* no port was asked */
    cmd = nothing(world);
    cmd.photos = wrong;
    assert_fault(world, &cmd, PR_ERR_UNPROCESSABLE, "media_ids");
    cmd = nothing(world);
    cmd.add = wrong;
    assert_fault(world, &cmd, PR_ERR_UNPROCESSABLE, "add");
    world->repo.codes[0].opens_all = true;
    cmd.add = ids;
    assert_fault(world, &cmd, PR_ERR_CONFLICT, "add");
    cmd = nothing(world);
    cmd.remove = ids;
    assert_fault(world, &cmd, PR_ERR_CONFLICT, "remove");
    code_world_destroy(world);
}

static void test_strangers_find_nothing(void **state)
{
    (void)state;
    struct code_world *world = new_world();
    struct change_code_cmd cmd = nothing(world);
    cmd.revoked = 1;
    cmd.key.owner_id = world->stranger;
    assert_fault(world, &cmd, PR_ERR_NOT_FOUND, "");
    code_world_destroy(world);
}

static void *setup(void)
{
    return new_world();
}

static void pass_on(void *arg, const struct pr_fault *fault, const struct code_found *found)
{
    struct pr_done done = *(struct pr_done *)arg;
    (void)found;
    free(arg);
    pr_done_call(done, fault->err);
}

static void start(void *arg, struct pr_done done)
{
    struct code_world *world = arg;
    struct change_code_cmd cmd = nothing(world);
    struct pr_done *copy = PR_NEW(struct pr_done);
    *copy = done;
    cmd.label = pr_str("Bert");
    cmd.photos = (struct code_ids){world->photos, 3};
    cmd.revoked = 1;
    change_code(&world->deps, &cmd, pass_on, copy);
}

static void check(void *arg)
{
    struct code_world *world = arg;
    assert_string_equal(world->repo.codes[0].label, "Bert");
    assert_int_equal(world->repo.codes[0].revoked_at_ms, world->clock.now_ms);
    assert_int_equal(world->repo.links_n, 3);
}

static void test_every_failure(void **state)
{
    (void)state;
    for_each_failure(&(struct failure_case){
        .setup = setup,
        .teardown = code_world_destroy,
        .gate = code_world_gate,
        .start = start,
        .answer = PR_OK,
        .check = check,
    });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_a_change_too),
        cmocka_unit_test(test_label_expiry_and_revoking),
        cmocka_unit_test(test_chosen_photos_are_all_it_opens),
        cmocka_unit_test(test_what_is_wrong_is_named),
        cmocka_unit_test(test_strangers_find_nothing),
        cmocka_unit_test(test_every_failure),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
