#include "shared/base/alloc.h"
#include "tests/support/await.h"
#include "tests/support/failures.h"
#include "tests/support/guest_world.h"
#include "tests/support/logs.h"
#include "tests/support/test.h"

static void add(struct guest_world *world, int64_t age_ms)
{
    size_t i = world->repo.guesses_n++;
    world->repo.guesses[i].key[0] = (uint8_t)i;
    world->repo.guesses[i].guess =
        (struct guess){.failures = 1, .at_ms = GUEST_WORLD_NOW_MS - age_ms};
}

static void test_only_what_is_of_no_account_any_more(void **state)
{
    (void)state;
    struct await await;
    struct guest_world *world = guest_world_create();
    add(world, 0);
    add(world, GUESS_FORGOTTEN_MS);
    add(world, GUESS_FORGOTTEN_MS + 1);
    add(world, GUESS_FORGOTTEN_MS * 10);
    reap_guesses(&world->deps, await_done(&await));
    assert_int_equal(await_once(&await), PR_OK);
    assert_int_equal(world->repo.guesses_n, 2);
    guest_world_destroy(world);
}

static void *setup(void)
{
    struct guest_world *world = guest_world_create();
    add(world, 0);
    add(world, GUESS_FORGOTTEN_MS * 2);
    return world;
}

static void start(void *arg, struct pr_done done)
{
    struct guest_world *world = arg;
    reap_guesses(&world->deps, done);
}

static void check(void *arg)
{
    struct guest_world *world = arg;
    assert_int_equal(world->repo.guesses_n, 1);
}

static void test_every_failure(void **state)
{
    (void)state;
    for_each_failure(&(struct failure_case){
        .setup = setup,
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
        cmocka_unit_test(test_only_what_is_of_no_account_any_more),
        cmocka_unit_test(test_every_failure),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
