#include "tests/support/failures.h"
#include "tests/support/gateway_world.h"
#include "tests/support/logs.h"
#include "tests/support/test.h"

#include "shared/base/alloc.h"

static const struct pr_str anybody = PR_STR("192.0.2.1");

struct answer {
    unsigned calls;
    enum pr_err err;
    struct caller caller;
    bool limited;
    struct gateway_world *world;
};

static void answered(void *arg, enum pr_err err, const struct caller *caller, const char *header,
                     const struct limit_verdict *limited)
{
    struct answer *answer = arg;
    struct identity identity;
    answer->calls++;
    answer->err = err;
    answer->limited = limited;
    if (limited)
        assert_in_range(limited->retry_ms, 1, 60000 / GATEWAY_WORLD_LIMIT);
    if (err)
        return;
    answer->caller = *caller;
    assert_true(identity_verify(answer->world->deps.identity_secret, pr_str(header),
                                answer->world->clock.now_ms, &identity));
    assert_true(pr_uuid_eq(&identity.account_id, &caller->identity.account_id));
    assert_string_equal(identity.name, caller->identity.name);
    assert_int_equal(identity.tier, caller->identity.tier);
    assert_int_equal(identity.role, caller->identity.role);
    assert_int_equal(identity.expires_at_ms, caller->identity.expires_at_ms);
}

static void ask_from(struct gateway_world *world, const char *secret, struct pr_str client,
                     struct answer *answer)
{
    *answer = (struct answer){.world = world};
    authenticate(&world->deps, pr_str(secret), client, answered, answer);
}

static void ask(struct gateway_world *world, const char *secret, struct answer *answer)
{
    ask_from(world, secret, anybody, answer);
}

static void test_a_known_token_is_asked_for_once(void **state)
{
    (void)state;
    struct gateway_world *world = gateway_world_create();
    struct answer answer;
    char token[SECRET_TEXT];
    gateway_world_add_token(world, "anna", token);
    for (int i = 0; i < 3; i++) {
        ask(world, token, &answer);
        assert_int_equal(answer.calls, 1);
        assert_int_equal(answer.err, PR_OK);
        assert_string_equal(answer.caller.identity.name, "anna");
        assert_int_equal(answer.caller.identity.expires_at_ms, world->clock.now_ms + 30000);
        assert_int_equal(answer.caller.scopes, SCOPE_READ | SCOPE_WRITE); /* no administrator */
        assert_int_equal(world->gate.passed, 1);
    }
    gateway_world_destroy(world);
}

static void test_sessions_end_by_age_and_by_not_being_used(void **state)
{
    (void)state;
    struct gateway_world *world = gateway_world_create();
    struct answer answer;
    char session[SECRET_TEXT];
    struct account anna = gateway_world_add_account(world, "anna", ROLE_ADMIN);
    struct credential row =
        gateway_world_add_credential(world, &anna.id, CREDENTIAL_SESSION, session);
    world->deps.session_idle_ms = 3600000;
    ask(world, session, &answer);
    assert_int_equal(answer.err, PR_OK);
    assert_int_equal(answer.caller.kind, CREDENTIAL_SESSION);
    assert_int_equal(answer.caller.scopes, SCOPE_ALL);
    assert_true(pr_uuid_eq(&answer.caller.credential_id, &row.id));

    test_clock_move(&world->clock, 3600000 - 60000);
    ask(world, session, &answer);
    assert_int_equal(answer.err, PR_OK);
    test_clock_move(&world->clock, 3600000 + 60000);
    ask(world, session, &answer);
    assert_int_equal(answer.err, PR_ERR_UNAUTHORIZED);

    world->deps.session_idle_ms = INT64_C(14) * 86400000;
    world->clock.now_ms = row.expires_at_ms - 1;
    ask(world, session, &answer);
    assert_int_equal(answer.err, PR_OK);
    test_clock_move(&world->clock, 5000);
    ask(world, session, &answer);
    assert_int_equal(answer.err, PR_ERR_UNAUTHORIZED);
    gateway_world_destroy(world);
}

static void test_an_ageing_one_is_answered_at_once_and_refreshed_once(void **state)
{
    (void)state;
    struct gateway_world *world = gateway_world_create();
    struct answer answer;
    char token[SECRET_TEXT];
    gateway_world_add_token(world, "anna", token);
    ask(world, token, &answer);
    test_clock_move(&world->clock, 3000);
    gate_hold(&world->gate, true);
    for (int i = 0; i < 3; i++) {
        ask(world, token, &answer);
        assert_int_equal(answer.err, PR_OK);
        assert_int_equal(gate_held(&world->gate), 1);
    }
    gate_hold(&world->gate, false);
    gate_release_all(&world->gate);
    test_clock_move(&world->clock, 1500);
    ask(world, token, &answer);
    assert_int_equal(world->gate.passed, 2);
    gateway_world_destroy(world);
}

/* By another process of the gateway: here nothing is dropped. */
static void test_one_revoked_elsewhere_is_refused_within_five_seconds(void **state)
{
    (void)state;
    for (int64_t step_ms = 100; step_ms <= 6000; step_ms += 700) {
        struct gateway_world *world = gateway_world_create();
        struct answer answer;
        char token[SECRET_TEXT];
        int64_t revoked_at_ms = world->clock.now_ms;
        gateway_world_add_token(world, "anna", token);
        ask(world, token, &answer);
        world->credentials.rows_n = 0;
        while (world->clock.now_ms - revoked_at_ms < 5000) {
            test_clock_move(&world->clock, step_ms);
            ask(world, token, &answer);
        }
        assert_int_equal(answer.calls, 1);
        /* Limited, when it kept asking. */
        assert_true(answer.err == PR_ERR_UNAUTHORIZED || answer.err == PR_ERR_LIMITED);
        gateway_world_destroy(world);
    }
}

static void test_a_disabled_account_is_refused(void **state)
{
    (void)state;
    struct gateway_world *world = gateway_world_create();
    char token[SECRET_TEXT];
    gateway_world_add_token(world, "anna", token);
    fake_account_repo_named(&world->accounts, "anna")->account.disabled = true;
    assert_int_equal(gateway_world_authenticate(world, token), PR_ERR_UNAUTHORIZED);
    gateway_world_destroy(world);
}

static void ignore(void *arg, enum pr_err err)
{
    (void)arg;
    (void)err;
}

/* The database has been asked; before its answer comes, the credential is revoked here. */
static void test_a_late_load_brings_nothing_back(void **state)
{
    (void)state;
    for (int ageing = 0; ageing < 2; ageing++) {
        struct gateway_world *world = gateway_world_create();
        struct answer answer, late;
        char token[SECRET_TEXT];
        struct account anna = gateway_world_add_account(world, "anna", ROLE_USER);
        struct credential row =
            gateway_world_add_credential(world, &anna.id, CREDENTIAL_TOKEN, token);
        if (ageing) {
            ask(world, token, &late);
            test_clock_move(&world->clock, 3000);
        }
        gate_hold(&world->gate, true);
        ask(world, token, &late);
        revoke_credential(&world->deps, &anna.id, CREDENTIAL_TOKEN, &row.id,
                          (struct pr_done){ignore, NULL});
        /* Released, a call takes effect and answers: for its effect to come before the revocation
         * and its answer after, the row is there again for it. */
        struct fake_credential before = world->credentials.rows[0];
        gate_release(&world->gate, 1, "revoke_credential");
        world->credentials.rows[world->credentials.rows_n++] = before;
        gate_release(&world->gate, 0, "find_credential");
        world->credentials.rows_n = 0;
        gate_hold(&world->gate, false);
        assert_int_equal(late.calls, 1);
        assert_int_equal(late.err, PR_OK);

        ask(world, token, &answer);
        assert_int_equal(answer.err, PR_ERR_UNAUTHORIZED);
        gateway_world_destroy(world);
    }
}

static void test_a_database_that_is_away_refuses_nobody_it_knew_lately(void **state)
{
    (void)state;
    struct gateway_world *world = gateway_world_create();
    struct answer answer;
    char token[SECRET_TEXT];
    gateway_world_add_token(world, "anna", token);
    ask(world, token, &answer);
    test_clock_move(&world->clock, 3000);
    gate_fail(&world->gate, 1, PR_ERR_UNAVAILABLE, false);
    ask(world, token, &answer);
    assert_int_equal(answer.err, PR_OK);
    ask(world, token, &answer);
    assert_int_equal(answer.err, PR_OK);
    assert_int_equal(world->gate.passed, 3);
    gateway_world_destroy(world);
}

static void test_what_is_no_secret_asks_nobody_and_costs_nothing(void **state)
{
    (void)state;
    static const char *const none[] = {"", "prt_short",
                                       "pri_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
    struct gateway_world *world = gateway_world_create();
    for (unsigned i = 0; i < 3 * (GATEWAY_WORLD_LIMIT + 1); i++)
        assert_int_equal(gateway_world_authenticate(world, none[i % 3]), PR_ERR_UNAUTHORIZED);
    assert_int_equal(world->gate.passed, 0);
    gateway_world_destroy(world);
}

static void guess(struct gateway_world *world, uint8_t nth, struct answer *answer)
{
    uint8_t random[SECRET_RANDOM_BYTES] = {nth};
    char text[SECRET_TEXT];
    secret_format(SECRET_TOKEN, random, text);
    ask(world, text, answer);
}

static void test_guessing_costs_until_the_database_is_not_asked(void **state)
{
    (void)state;
    struct gateway_world *world = gateway_world_create();
    struct answer answer;
    char known[SECRET_TEXT], unknown[SECRET_TEXT];
    gateway_world_add_token(world, "anna", known);
    gateway_world_add_token(world, "ben", unknown);
    for (int i = 0; i < 2 * GATEWAY_WORLD_LIMIT; i++) {
        ask(world, known, &answer); /* costs nothing, whatever its age */
        assert_int_equal(answer.err, PR_OK);
        test_clock_move(&world->clock, 5000);
    }
    for (uint8_t i = 0; i < GATEWAY_WORLD_LIMIT; i++) {
        guess(world, i, &answer);
        assert_int_equal(answer.err, PR_ERR_UNAUTHORIZED);
        assert_false(answer.limited);
    }
    unsigned asked = world->gate.passed;
    guess(world, 100, &answer);
    assert_int_equal(answer.calls, 1);
    assert_int_equal(answer.err, PR_ERR_LIMITED);
    assert_true(answer.limited);
    ask(world, unknown, &answer); /* right, but nobody can tell without asking */
    assert_int_equal(answer.err, PR_ERR_LIMITED);
    assert_int_equal(world->gate.passed, asked);

    ask_from(world, unknown, pr_str("192.0.2.2"), &answer);
    assert_int_equal(answer.err, PR_OK);
    ask(world, known, &answer); /* long not seen, but known */
    assert_int_equal(answer.err, PR_OK);
    test_clock_move(&world->clock, 60000 / GATEWAY_WORLD_LIMIT);
    guess(world, 101, &answer);
    assert_int_equal(answer.err, PR_ERR_UNAUTHORIZED);
    gateway_world_destroy(world);
}

/* The first time it was not a guess: it was good a while ago. */
static void test_what_has_ended_costs_from_the_second_time_on(void **state)
{
    (void)state;
    struct gateway_world *world = gateway_world_create();
    struct answer answer;
    char token[SECRET_TEXT];
    gateway_world_add_token(world, "anna", token);
    ask(world, token, &answer);
    world->credentials.rows_n = 0;
    test_clock_move(&world->clock, 5000);
    for (int i = 0; i < 1 + GATEWAY_WORLD_LIMIT; i++) {
        ask(world, token, &answer);
        assert_int_equal(answer.err, PR_ERR_UNAUTHORIZED);
    }
    ask(world, token, &answer);
    assert_int_equal(answer.err, PR_ERR_LIMITED);
    gateway_world_destroy(world);
}

static char first_token[SECRET_TEXT];

static void *setup(void)
{
    struct gateway_world *world = gateway_world_create();
    gateway_world_add_token(world, "anna", first_token);
    return world;
}

static void pass(void *arg, enum pr_err err, const struct caller *caller, const char *header,
                 const struct limit_verdict *limited)
{
    (void)caller;
    (void)header;
    (void)limited;
    gateway_answered(arg, err);
}

static void start(void *arg, struct pr_done done)
{
    struct gateway_world *world = arg;
    world->answer = (struct gateway_answer){.next = done};
    authenticate(&world->deps, pr_str(first_token), anybody, pass, &world->answer);
}

/* It is remembered. */
static void check(void *arg)
{
    struct gateway_world *world = arg;
    unsigned passed = world->gate.passed;
    assert_int_equal(gateway_world_authenticate(world, first_token), PR_OK);
    assert_int_equal(world->gate.passed, passed);
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
        cmocka_unit_test(test_a_known_token_is_asked_for_once),
        cmocka_unit_test(test_sessions_end_by_age_and_by_not_being_used),
        cmocka_unit_test(test_an_ageing_one_is_answered_at_once_and_refreshed_once),
        cmocka_unit_test(test_one_revoked_elsewhere_is_refused_within_five_seconds),
        cmocka_unit_test(test_a_disabled_account_is_refused),
        cmocka_unit_test(test_a_late_load_brings_nothing_back),
        cmocka_unit_test(test_a_database_that_is_away_refuses_nobody_it_knew_lately),
        cmocka_unit_test(test_what_is_no_secret_asks_nobody_and_costs_nothing),
        cmocka_unit_test(test_guessing_costs_until_the_database_is_not_asked),
        cmocka_unit_test(test_what_has_ended_costs_from_the_second_time_on),
        cmocka_unit_test(test_every_failure),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
