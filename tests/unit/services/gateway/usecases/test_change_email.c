#include "tests/support/failures.h"
#include "tests/support/gateway_world.h"
#include "tests/support/logs.h"
#include "tests/support/test.h"

static void *setup(void)
{
    struct gateway_world *world = gateway_world_create();
    gateway_world_add_account(world, "anna", ROLE_USER);
    gateway_world_add_account(world, "ben", ROLE_USER);
    return world;
}

static struct fake_account *anna_of(struct gateway_world *world)
{
    return fake_account_repo_named(&world->accounts, "anna");
}

static void change(struct gateway_world *world, const char *email, struct pr_done next)
{
    world->answer = (struct gateway_answer){.next = next};
    change_email(&world->deps, &anna_of(world)->account.id, pr_str(email), gateway_answered_account,
                 &world->answer);
}

static void test_the_address_is_cleaned_and_kept(void **state)
{
    (void)state;
    struct gateway_world *world = setup();
    change(world, " Photos@Anna.example", (struct pr_done){0});
    gateway_expect(&world->answer, PR_OK, "");
    assert_string_equal(world->answer.account.email, "photos@anna.example");
    assert_memory_equal(&anna_of(world)->account, &world->answer.account,
                        sizeof world->answer.account);
    gateway_world_destroy(world);
}

static void test_what_will_not_do_changes_nothing(void **state)
{
    (void)state;
    struct gateway_world *world = setup();
    change(world, "nowhere", (struct pr_done){0});
    gateway_expect(&world->answer, PR_ERR_INVALID, "email");
    change(world, "Ben@example.com", (struct pr_done){0});
    gateway_expect(&world->answer, PR_ERR_CONFLICT, "email");
    assert_string_equal(anna_of(world)->account.email, "anna@example.com");
    gateway_world_destroy(world);
}

static void start(void *world, struct pr_done done)
{
    change(world, "photos@anna.example", done);
}

static void check(void *world)
{
    assert_string_equal(anna_of(world)->account.email, "photos@anna.example");
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
        .check = check,
    });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_address_is_cleaned_and_kept),
        cmocka_unit_test(test_what_will_not_do_changes_nothing),
        cmocka_unit_test(test_every_failure),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
