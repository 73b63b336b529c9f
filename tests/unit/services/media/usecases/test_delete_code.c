#include "tests/support/await.h"
#include "tests/support/code_world.h"
#include "tests/support/failures.h"
#include "tests/support/logs.h"
#include "tests/support/test.h"

static enum pr_err delete_it(struct code_world *world, const struct code_key *key)
{
    struct await await;
    delete_code(&world->deps, key, await_done(&await));
    return await_once(&await);
}

static void *setup(void)
{
    struct code_world *world = code_world_create();
    code_world_add(world, "ABC234", "Anna");
    return world;
}

static void test_its_owner_deletes_it_once_and_nobody_else(void **state)
{
    (void)state;
    struct code_world *world = setup();
    struct code_key strange = world->key;
    strange.owner_id = world->stranger;
    assert_int_equal(delete_it(world, &strange), PR_ERR_NOT_FOUND);
    assert_int_equal(world->repo.codes_n, 1);
    assert_int_equal(delete_it(world, &world->key), PR_OK);
    assert_int_equal(world->repo.codes_n, 0);
    assert_int_equal(world->repo.links_n, 0);
    assert_int_equal(delete_it(world, &world->key), PR_ERR_NOT_FOUND);
    code_world_destroy(world);
}

static void start(void *arg, struct pr_done done)
{
    struct code_world *world = arg;
    delete_code(&world->deps, &world->key, done);
}

static bool took_effect(void *arg)
{
    return ((struct code_world *)arg)->repo.codes_n == 0;
}

static void check(void *arg)
{
    assert_true(took_effect(arg));
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
        .took_effect = took_effect,
        .repeated_answer = PR_ERR_NOT_FOUND,
        .check = check,
    });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_its_owner_deletes_it_once_and_nobody_else),
        cmocka_unit_test(test_every_failure),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
