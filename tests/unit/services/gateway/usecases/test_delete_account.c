#include "tests/support/failures.h"
#include "tests/support/gateway_world.h"
#include "tests/support/logs.h"
#include "tests/support/test.h"

static char session[SECRET_TEXT];

/* anna, who administers alone, and ben, whose session is in the cache. */
static void *setup(void)
{
    struct gateway_world *world = gateway_world_create();
    gateway_world_add_account(world, "anna", ROLE_ADMIN);
    struct account ben = gateway_world_add_account(world, "ben", ROLE_USER);
    gateway_world_add_credential(world, &ben.id, CREDENTIAL_SESSION, session);
    assert_int_equal(gateway_world_authenticate(world, session), PR_OK);
    return world;
}

static void delete (struct gateway_world *world, const char *name, struct pr_done next)
{
    world->answer = (struct gateway_answer){.next = next};
    delete_account(&world->deps, &fake_account_repo_named(&world->accounts, name)->account.id,
                   gateway_answered_fault, &world->answer);
}

static void test_it_is_gone_at_once(void **state)
{
    (void)state;
    struct gateway_world *world = setup();
    delete (world, "ben", (struct pr_done){0});
    gateway_expect(&world->answer, PR_OK, "");
    assert_int_equal(gateway_world_authenticate(world, session), PR_ERR_UNAUTHORIZED);
    delete (world, "ben", (struct pr_done){0});
    gateway_expect(&world->answer, PR_ERR_NOT_FOUND, "");
    gateway_world_destroy(world);
}

static void test_the_last_administrator_stays(void **state)
{
    (void)state;
    struct gateway_world *world = setup();
    delete (world, "anna", (struct pr_done){0});
    gateway_expect(&world->answer, PR_ERR_CONFLICT, "");
    assert_string_not_equal(world->answer.fault.detail, "");
    assert_false(fake_account_repo_named(&world->accounts, "anna")->deleted);
    gateway_world_destroy(world);
}

static void start(void *world, struct pr_done done)
{
    delete (world, "ben", done);
}

static bool took_effect(void *arg)
{
    struct gateway_world *world = arg;
    return fake_account_repo_named(&world->accounts, "ben")->deleted;
}

/* Also when the answer was lost, nobody is let in who is gone. */
static void check_half(void *world)
{
    assert_int_equal(gateway_world_authenticate(world, session),
                     took_effect(world) ? PR_ERR_UNAUTHORIZED : PR_OK);
}

static void check(void *arg)
{
    struct gateway_world *world = arg;
    const struct fake_account *ben = fake_account_repo_named(&world->accounts, "ben");
    assert_true(ben->deleted);
    assert_int_equal(fake_account_repo_sent(&world->accounts, &ben->account.id), 1);
    assert_null(gateway_world_find(world, session));
}

static void test_every_failure(void **state)
{
    (void)state;
    for_each_failure(&(struct failure_case){
        .setup = setup,
        .teardown = gateway_world_destroy,
        .gate = gateway_world_gate,
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
        cmocka_unit_test(test_it_is_gone_at_once),
        cmocka_unit_test(test_the_last_administrator_stays),
        cmocka_unit_test(test_every_failure),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
