#include "shared/base/alloc.h"
#include "tests/support/code_world.h"
#include "tests/support/failures.h"
#include "tests/support/logs.h"
#include "tests/support/test.h"

struct answer {
    unsigned calls;
    enum pr_err err;
};

static void answered(void *arg, const struct pr_fault *fault, const struct code_found *found)
{
    struct answer *answer = arg;
    answer->calls++;
    answer->err = fault->err;
    if (fault->err)
        return;
    assert_string_equal(found->code.access_code, "ABC234");
    assert_string_equal(found->event.name, "Anna & Bert");
    assert_int_equal(found->photos.n, 1);
}

static void *setup(void)
{
    struct code_world *world = code_world_create();
    code_world_add(world, "ABC234", "Anna");
    return world;
}

static enum pr_err get(struct code_world *world, const struct code_key *key)
{
    struct answer answer = {0};
    get_code(&world->deps, key, answered, &answer);
    assert_int_equal(answer.calls, 1);
    return answer.err;
}

static void test_its_owner_gets_it_and_nobody_else(void **state)
{
    (void)state;
    struct code_world *world = setup();
    struct code_key strange = world->key, unknown = world->key;
    strange.owner_id = world->stranger;
    unknown.code_id = world->event_id;
    assert_int_equal(get(world, &world->key), PR_OK);
    assert_int_equal(get(world, &strange), PR_ERR_NOT_FOUND);
    assert_int_equal(get(world, &unknown), PR_ERR_NOT_FOUND);
    code_world_destroy(world);
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
    struct pr_done *copy = PR_NEW(struct pr_done);
    *copy = done;
    get_code(&world->deps, &world->key, pass_on, copy);
}

static void check(void *arg)
{
    struct code_world *world = arg;
    assert_int_equal(world->repo.codes_n, 1);
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
        cmocka_unit_test(test_its_owner_gets_it_and_nobody_else),
        cmocka_unit_test(test_every_failure),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
