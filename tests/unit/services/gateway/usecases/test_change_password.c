#include "tests/support/failures.h"
#include "tests/support/gateway_world.h"
#include "tests/support/logs.h"
#include "tests/support/test.h"

#define NEW_PASSWORD "another one, as long"

/* anna, with two sessions and a token. */
struct anna {
    struct account account;
    struct credential session;
    char own[SECRET_TEXT], other[SECRET_TEXT], token[SECRET_TEXT];
};

static struct anna add_anna(struct gateway_world *world)
{
    struct anna anna = {.account = gateway_world_add_account(world, "anna", ROLE_USER)};
    const struct pr_uuid *id = &anna.account.id;
    anna.session = gateway_world_add_credential(world, id, CREDENTIAL_SESSION, anna.own);
    gateway_world_add_credential(world, id, CREDENTIAL_SESSION, anna.other);
    gateway_world_add_credential(world, id, CREDENTIAL_TOKEN, anna.token);
    return anna;
}

static struct gateway_answer *run(struct gateway_world *world, const struct caller *caller,
                                  const char *current, const char *new)
{
    world->answer = (struct gateway_answer){0};
    change_password(&world->deps,
                    &(struct change_password_cmd){*caller, pr_str(current), pr_str(new)},
                    gateway_answered_fault, &world->answer);
    return &world->answer;
}

static void assert_password(struct gateway_world *world, const char *password)
{
    char hash[PASSWORD_HASH_TEXT];
    fake_password_hash(pr_str(password), hash);
    assert_string_equal(fake_account_repo_named(&world->accounts, "anna")->password_hash, hash);
}

static void test_every_other_session_ends(void **state)
{
    (void)state;
    struct gateway_world *world = gateway_world_create();
    struct anna anna = add_anna(world);
    struct caller caller =
        gateway_world_caller(&anna.account, CREDENTIAL_SESSION, &anna.session.id);
    assert_int_equal(gateway_world_authenticate(world, anna.other), PR_OK); /* cached */
    gateway_expect(run(world, &caller, GATEWAY_WORLD_PASSWORD, NEW_PASSWORD), PR_OK, "");
    assert_password(world, NEW_PASSWORD);
    assert_int_equal(gateway_world_authenticate(world, anna.own), PR_OK);
    assert_int_equal(gateway_world_authenticate(world, anna.token), PR_OK);
    assert_int_equal(gateway_world_authenticate(world, anna.other), PR_ERR_UNAUTHORIZED);
    gateway_world_destroy(world);
}

static void test_the_old_password_does_not_undo_a_change_that_came_first(void **state)
{
    (void)state;
    struct gateway_world *world = gateway_world_create();
    struct anna anna = add_anna(world);
    struct caller caller =
        gateway_world_caller(&anna.account, CREDENTIAL_SESSION, &anna.session.id);
    gate_hold(&world->gate, true);
    struct gateway_answer *answer = run(world, &caller, GATEWAY_WORLD_PASSWORD, "of a thief's");
    gate_release(&world->gate, 0, "load_login");
    fake_password_hash(pr_str(NEW_PASSWORD),
                       fake_account_repo_named(&world->accounts, "anna")->password_hash);
    gate_hold(&world->gate, false);
    gate_release_all(&world->gate);
    gateway_expect(answer, PR_ERR_INVALID, "current_password");
    assert_password(world, NEW_PASSWORD);
    gateway_world_destroy(world);
}

static void test_a_program_ends_all_sessions(void **state)
{
    (void)state;
    struct gateway_world *world = gateway_world_create();
    struct anna anna = add_anna(world);
    struct caller caller = gateway_world_caller(&anna.account, CREDENTIAL_TOKEN,
                                                &gateway_world_find(world, anna.token)->id);
    gateway_expect(run(world, &caller, GATEWAY_WORLD_PASSWORD, NEW_PASSWORD), PR_OK, "");
    assert_null(gateway_world_find(world, anna.own));
    assert_null(gateway_world_find(world, anna.other));
    assert_non_null(gateway_world_find(world, anna.token));
    gateway_world_destroy(world);
}

static void test_what_will_not_do_changes_nothing(void **state)
{
    (void)state;
    struct gateway_world *world = gateway_world_create();
    struct anna anna = add_anna(world);
    struct caller caller =
        gateway_world_caller(&anna.account, CREDENTIAL_SESSION, &anna.session.id);
    gateway_expect(run(world, &caller, "a wrong one", NEW_PASSWORD), PR_ERR_INVALID,
                   "current_password");
    gateway_expect(run(world, &caller, GATEWAY_WORLD_PASSWORD, "short"), PR_ERR_INVALID,
                   "new_password");
    gateway_expect(run(world, &caller, GATEWAY_WORLD_PASSWORD, "anna@example.com"), PR_ERR_INVALID,
                   "new_password");
    assert_password(world, GATEWAY_WORLD_PASSWORD);
    assert_non_null(gateway_world_find(world, anna.other));
    gateway_world_destroy(world);
}

static void test_too_many_at_once_are_asked_to_wait(void **state)
{
    (void)state;
    struct gateway_world *world = gateway_world_create();
    struct anna anna = add_anna(world);
    struct caller caller =
        gateway_world_caller(&anna.account, CREDENTIAL_SESSION, &anna.session.id);
    for (unsigned nth = 2; nth <= 3; nth++) { /* verify, hash */
        gate_fail(&world->gate, nth, PR_ERR_LIMITED, false);
        gateway_expect(run(world, &caller, GATEWAY_WORLD_PASSWORD, NEW_PASSWORD),
                       PR_ERR_UNAVAILABLE, "");
    }
    assert_password(world, GATEWAY_WORLD_PASSWORD);
    gateway_world_destroy(world);
}

static struct anna known;

static void *setup(void)
{
    struct gateway_world *world = gateway_world_create();
    known = add_anna(world);
    return world;
}

static void start(void *arg, struct pr_done done)
{
    struct gateway_world *world = arg;
    struct caller caller =
        gateway_world_caller(&known.account, CREDENTIAL_SESSION, &known.session.id);
    world->answer = (struct gateway_answer){.next = done};
    change_password(
        &world->deps,
        &(struct change_password_cmd){caller, pr_str(GATEWAY_WORLD_PASSWORD), pr_str(NEW_PASSWORD)},
        gateway_answered_fault, &world->answer);
}

/* Then the old password is wrong. */
static bool took_effect(void *arg)
{
    return gateway_world_find(arg, known.other) == NULL;
}

static void check(void *arg)
{
    assert_password(arg, NEW_PASSWORD);
    assert_non_null(gateway_world_find(arg, known.own));
    assert_null(gateway_world_find(arg, known.other));
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
        .repeated_answer = PR_ERR_INVALID,
        .check = check,
    });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_other_session_ends),
        cmocka_unit_test(test_the_old_password_does_not_undo_a_change_that_came_first),
        cmocka_unit_test(test_a_program_ends_all_sessions),
        cmocka_unit_test(test_what_will_not_do_changes_nothing),
        cmocka_unit_test(test_too_many_at_once_are_asked_to_wait),
        cmocka_unit_test(test_every_failure),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
