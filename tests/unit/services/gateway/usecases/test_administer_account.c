#include "tests/support/failures.h"
#include "tests/support/gateway_world.h"
#include "tests/support/logs.h"
#include "tests/support/test.h"

static char session[SECRET_TEXT], token[SECRET_TEXT];

/* anna, who administers alone, and ben, whose session and token are in the cache. */
static void *setup(void)
{
    struct gateway_world *world = gateway_world_create();
    gateway_world_add_account(world, "anna", ROLE_ADMIN);
    struct account ben = gateway_world_add_account(world, "ben", ROLE_USER);
    gateway_world_add_credential(world, &ben.id, CREDENTIAL_SESSION, session);
    gateway_world_add_credential(world, &ben.id, CREDENTIAL_TOKEN, token);
    assert_int_equal(gateway_world_authenticate(world, session), PR_OK);
    assert_int_equal(gateway_world_authenticate(world, token), PR_OK);
    return world;
}

static const struct account *account_of(struct gateway_world *world, const char *name)
{
    return &fake_account_repo_named(&world->accounts, name)->account;
}

static void set(struct gateway_world *world, const char *name, struct account_change change,
                struct pr_done next)
{
    world->answer = (struct gateway_answer){.next = next};
    administer_account(&world->deps, &account_of(world, name)->id, &change,
                       gateway_answered_account, &world->answer);
}

static const struct pr_done nobody;

static void answered(void *arg, enum pr_err err, const struct caller *caller, const char *header,
                     const struct limit_verdict *limited)
{
    (void)header;
    (void)limited;
    assert_int_equal(err, PR_OK);
    *(struct caller *)arg = *caller;
}

static void test_a_change_counts_at_once(void **state)
{
    (void)state;
    struct gateway_world *world = setup();
    struct caller caller;
    set(world, "ben",
        (struct account_change){
            .has_tier = true, .tier = TIER_BUSINESS, .has_role = true, .role = ROLE_ADMIN},
        nobody);
    gateway_expect(&world->answer, PR_OK, "");
    assert_memory_equal(&world->answer.account, account_of(world, "ben"), sizeof(struct account));
    authenticate(&world->deps, pr_str(token), pr_str("192.0.2.1"), answered, &caller);
    assert_int_equal(caller.identity.tier, TIER_BUSINESS);
    assert_int_equal(caller.identity.role, ROLE_ADMIN);
    assert_int_equal(caller.scopes, SCOPE_ALL);
    gateway_world_destroy(world);
}

static void test_who_is_disabled_is_out_at_once(void **state)
{
    (void)state;
    struct gateway_world *world = setup();
    set(world, "ben", (struct account_change){.has_disabled = true, .disabled = true}, nobody);
    gateway_expect(&world->answer, PR_OK, "");
    assert_int_equal(gateway_world_authenticate(world, session), PR_ERR_UNAUTHORIZED);
    assert_int_equal(gateway_world_authenticate(world, token), PR_ERR_UNAUTHORIZED);
    set(world, "ben", (struct account_change){.has_disabled = true}, nobody);
    assert_int_equal(gateway_world_authenticate(world, session), PR_ERR_UNAUTHORIZED);
    assert_int_equal(gateway_world_authenticate(world, token), PR_OK);
    gateway_world_destroy(world);
}

static void test_somebody_must_be_left_to_administer(void **state)
{
    (void)state;
    struct gateway_world *world = setup();
    set(world, "anna", (struct account_change){.has_role = true, .role = ROLE_USER}, nobody);
    gateway_expect(&world->answer, PR_ERR_CONFLICT, "");
    assert_string_not_equal(world->answer.fault.detail, "");
    assert_int_equal(account_of(world, "anna")->role, ROLE_ADMIN);
    gateway_world_destroy(world);
}

static void test_no_change_is_a_mistake(void **state)
{
    (void)state;
    struct gateway_world *world = setup();
    unsigned passed = world->gate.passed;
    set(world, "ben", (struct account_change){0}, nobody);
    gateway_expect(&world->answer, PR_ERR_INVALID, "body");
    assert_int_equal(world->gate.passed, passed);
    gateway_world_destroy(world);
}

static void start(void *world, struct pr_done done)
{
    set(world, "ben", (struct account_change){.has_tier = true, .tier = TIER_PREMIUM}, done);
}

static void check(void *world)
{
    assert_int_equal(account_of(world, "ben")->tier, TIER_PREMIUM);
    assert_int_equal(account_of(world, "ben")->role, ROLE_USER);
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
        cmocka_unit_test(test_a_change_counts_at_once),
        cmocka_unit_test(test_who_is_disabled_is_out_at_once),
        cmocka_unit_test(test_somebody_must_be_left_to_administer),
        cmocka_unit_test(test_no_change_is_a_mistake),
        cmocka_unit_test(test_every_failure),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
