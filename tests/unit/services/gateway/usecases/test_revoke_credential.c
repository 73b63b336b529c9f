/* And revoke_sessions, revoke_invite, reap_credentials: what ends. */
#include "tests/support/await.h"
#include "tests/support/failures.h"
#include "tests/support/gateway_world.h"
#include "tests/support/logs.h"
#include "tests/support/test.h"

static struct account anna, ben;
static struct credential first;
static char session[SECRET_TEXT], other_session[SECRET_TEXT], token[SECRET_TEXT];
static char bens[SECRET_TEXT], invitation[SECRET_TEXT];

/* Everything of anna's is in the cache. */
static void *setup(void)
{
    struct gateway_world *world = gateway_world_create();
    anna = gateway_world_add_account(world, "anna", ROLE_USER);
    ben = gateway_world_add_account(world, "ben", ROLE_USER);
    first = gateway_world_add_credential(world, &anna.id, CREDENTIAL_SESSION, session);
    gateway_world_add_credential(world, &anna.id, CREDENTIAL_SESSION, other_session);
    gateway_world_add_credential(world, &anna.id, CREDENTIAL_TOKEN, token);
    gateway_world_add_credential(world, &ben.id, CREDENTIAL_SESSION, bens);
    assert_int_equal(gateway_world_authenticate(world, session), PR_OK);
    assert_int_equal(gateway_world_authenticate(world, other_session), PR_OK);
    assert_int_equal(gateway_world_authenticate(world, token), PR_OK);
    gateway_world_add_invite(world, TIER_FREE, ROLE_USER, invitation);
    return world;
}

static enum pr_err revoke_first(struct gateway_world *world, const struct pr_uuid *account_id,
                                enum credential_kind kind)
{
    struct await await;
    revoke_credential(&world->deps, account_id, kind, &first.id, await_done(&await));
    return await_once(&await);
}

static void test_one_is_good_for_nothing_at_once(void **state)
{
    (void)state;
    struct gateway_world *world = setup();
    assert_int_equal(revoke_first(world, &anna.id, CREDENTIAL_SESSION), PR_OK);
    assert_int_equal(gateway_world_authenticate(world, session), PR_ERR_UNAUTHORIZED);
    assert_int_equal(gateway_world_authenticate(world, other_session), PR_OK);
    assert_int_equal(gateway_world_authenticate(world, token), PR_OK);
    assert_int_equal(revoke_first(world, &anna.id, CREDENTIAL_SESSION), PR_ERR_NOT_FOUND);
    gateway_world_destroy(world);
}

static void test_nobody_ends_anothers_or_another_kind(void **state)
{
    (void)state;
    struct gateway_world *world = setup();
    assert_int_equal(revoke_first(world, &ben.id, CREDENTIAL_SESSION), PR_ERR_NOT_FOUND);
    assert_int_equal(revoke_first(world, &anna.id, CREDENTIAL_TOKEN), PR_ERR_NOT_FOUND);
    assert_non_null(gateway_world_find(world, session));
    gateway_world_destroy(world);
}

static void test_an_answer_that_is_lost_leaves_nothing_in_the_cache(void **state)
{
    (void)state;
    struct gateway_world *world = setup();
    gate_fail(&world->gate, 1, PR_ERR_TIMEOUT, true);
    assert_int_equal(revoke_first(world, &anna.id, CREDENTIAL_SESSION), PR_ERR_TIMEOUT);
    assert_int_equal(gateway_world_authenticate(world, session), PR_ERR_UNAUTHORIZED);
    gateway_world_destroy(world);
}

static void test_all_browsers_are_logged_out(void **state)
{
    (void)state;
    struct gateway_world *world = setup();
    struct await await;
    revoke_sessions(&world->deps, &anna.id, await_done(&await));
    assert_int_equal(await_once(&await), PR_OK);
    assert_int_equal(gateway_world_authenticate(world, session), PR_ERR_UNAUTHORIZED);
    assert_int_equal(gateway_world_authenticate(world, other_session), PR_ERR_UNAUTHORIZED);
    assert_int_equal(gateway_world_authenticate(world, token), PR_OK);
    assert_int_equal(gateway_world_authenticate(world, bens), PR_OK);
    gateway_world_destroy(world);
}

static void test_an_invitation_is_taken_back(void **state)
{
    (void)state;
    struct gateway_world *world = setup();
    struct await await;
    struct pr_uuid id = world->invites.rows[0].invite.id;
    revoke_invite(&world->deps, &id, await_done(&await));
    assert_int_equal(await_once(&await), PR_OK);
    assert_int_equal(world->invites.rows_n, 0);
    revoke_invite(&world->deps, &id, await_done(&await));
    assert_int_equal(await_once(&await), PR_ERR_NOT_FOUND);
    gateway_world_destroy(world);
}

static void test_what_has_expired_is_reaped(void **state)
{
    (void)state;
    struct gateway_world *world = setup();
    struct await await;
    reap_credentials(&world->deps, await_done(&await));
    assert_int_equal(await_once(&await), PR_OK);
    assert_int_equal(world->credentials.rows_n, 4);
    test_clock_move(&world->clock, 86400001);
    reap_credentials(&world->deps, await_done(&await));
    assert_int_equal(await_once(&await), PR_OK);
    assert_int_equal(world->credentials.rows_n, 0);
    assert_int_equal(world->invites.rows_n, 0);
    gateway_world_destroy(world);
}

/* ---- every failure ---- */

static void start_revoke(void *arg, struct pr_done done)
{
    struct gateway_world *world = arg;
    revoke_credential(&world->deps, &anna.id, CREDENTIAL_SESSION, &first.id, done);
}

static bool first_is_gone(void *world)
{
    return gateway_world_find(world, session) == NULL;
}

static void check_revoked(void *world)
{
    assert_true(first_is_gone(world));
    assert_non_null(gateway_world_find(world, other_session));
}

static void start_revoke_sessions(void *arg, struct pr_done done)
{
    struct gateway_world *world = arg;
    revoke_sessions(&world->deps, &anna.id, done);
}

static void check_all_revoked(void *world)
{
    assert_true(first_is_gone(world));
    assert_null(gateway_world_find(world, other_session));
    assert_non_null(gateway_world_find(world, token));
}

static void start_reap(void *arg, struct pr_done done)
{
    struct gateway_world *world = arg;
    world->clock.now_ms = GATEWAY_WORLD_NOW_MS + 86400001;
    reap_credentials(&world->deps, done);
}

static void check_reaped(void *arg)
{
    struct gateway_world *world = arg;
    assert_int_equal(world->credentials.rows_n, 0);
}

static void start_revoke_invite(void *arg, struct pr_done done)
{
    static const struct pr_uuid nil;
    struct gateway_world *world = arg;
    const struct pr_uuid *id = world->invites.rows_n ? &world->invites.rows[0].invite.id : &nil;
    revoke_invite(&world->deps, id, done);
}

static bool invitation_is_gone(void *arg)
{
    return ((struct gateway_world *)arg)->invites.rows_n == 0;
}

static void check_taken_back(void *world)
{
    assert_true(invitation_is_gone(world));
}

static void test_every_failure(void **state)
{
    (void)state;
    const struct failure_case cases[] = {
        {.start = start_revoke,
         .check = check_revoked,
         .took_effect = first_is_gone,
         .repeated_answer = PR_ERR_NOT_FOUND},
        {.start = start_revoke_invite,
         .check = check_taken_back,
         .took_effect = invitation_is_gone,
         .repeated_answer = PR_ERR_NOT_FOUND},
        {.start = start_revoke_sessions, .check = check_all_revoked},
        {.start = start_reap, .check = check_reaped},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct failure_case c = cases[i];
        c.setup = setup;
        c.teardown = gateway_world_destroy;
        c.gate = gateway_world_gate;
        for_each_failure(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_is_good_for_nothing_at_once),
        cmocka_unit_test(test_nobody_ends_anothers_or_another_kind),
        cmocka_unit_test(test_an_answer_that_is_lost_leaves_nothing_in_the_cache),
        cmocka_unit_test(test_all_browsers_are_logged_out),
        cmocka_unit_test(test_an_invitation_is_taken_back),
        cmocka_unit_test(test_what_has_expired_is_reaped),
        cmocka_unit_test(test_every_failure),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
