#include "tests/support/failures.h"
#include "tests/support/gateway_world.h"
#include "tests/support/logs.h"
#include "tests/support/test.h"

#include "shared/base/alloc.h"

#include <stdio.h>

struct answer {
    unsigned calls;
    enum pr_err err;
    struct identity identity;
    struct gateway_world *world;
};

static void answered(void *arg, enum pr_err err, const char *identity)
{
    struct answer *answer = arg;
    answer->calls++;
    answer->err = err;
    if (!err)
        assert_true(identity_verify(answer->world->deps.identity_secret, pr_str(identity),
                                    answer->world->clock.now_ms, &answer->identity));
}

static void ask(struct gateway_world *world, const char *token, struct answer *answer)
{
    char header[128];
    *answer = (struct answer){.world = world};
    snprintf(header, sizeof header, "Bearer %s", token);
    authenticate(&world->deps, pr_str(header), answered, answer);
}

static void test_a_known_token_is_asked_for_once(void **state)
{
    (void)state;
    struct gateway_world *world = gateway_world_create();
    struct answer answer;
    char token[TOKEN_TEXT];
    gateway_world_add_token(world, "anna", token);
    for (int i = 0; i < 3; i++) {
        ask(world, token, &answer);
        assert_int_equal(answer.calls, 1);
        assert_int_equal(answer.err, PR_OK);
        assert_string_equal(answer.identity.name, "anna");
        assert_int_equal(world->gate.passed, 1);
    }
    gateway_world_destroy(world);
}

static void test_an_ageing_one_is_answered_at_once_and_refreshed_once(void **state)
{
    (void)state;
    struct gateway_world *world = gateway_world_create();
    struct answer answer;
    char token[TOKEN_TEXT];
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

static void test_a_revoked_one_is_refused_within_five_seconds(void **state)
{
    (void)state;
    for (int64_t step_ms = 100; step_ms <= 6000; step_ms += 700) {
        struct gateway_world *world = gateway_world_create();
        struct answer answer;
        char token[TOKEN_TEXT];
        int64_t revoked_at_ms = world->clock.now_ms;
        gateway_world_add_token(world, "anna", token);
        ask(world, token, &answer);
        gateway_world_revoke_all(world);
        while (world->clock.now_ms - revoked_at_ms < 5000) {
            test_clock_move(&world->clock, step_ms);
            ask(world, token, &answer);
        }
        assert_int_equal(answer.calls, 1);
        assert_int_equal(answer.err, PR_ERR_UNAUTHORIZED);
        gateway_world_destroy(world);
    }
}

static void test_a_database_that_is_away_refuses_nobody_it_knew_lately(void **state)
{
    (void)state;
    struct gateway_world *world = gateway_world_create();
    struct answer answer;
    char token[TOKEN_TEXT];
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

static void test_what_is_no_token_asks_nobody(void **state)
{
    (void)state;
    struct gateway_world *world = gateway_world_create();
    struct answer answer;
    ask(world, "prt_short", &answer);
    assert_int_equal(answer.err, PR_ERR_UNAUTHORIZED);
    assert_int_equal(world->gate.passed, 0);
    gateway_world_destroy(world);
}

static char first_token[TOKEN_TEXT];

static void *setup(void)
{
    struct gateway_world *world = gateway_world_create();
    gateway_world_add_token(world, "anna", first_token);
    return world;
}

static void pass(void *arg, enum pr_err err, const char *identity)
{
    struct pr_done *done = arg;
    (void)identity;
    pr_done_call(*done, err);
    free(done);
}

static void start(void *arg, struct pr_done done)
{
    struct gateway_world *world = arg;
    char header[128];
    struct pr_done *copy = PR_NEW(struct pr_done);
    *copy = done;
    snprintf(header, sizeof header, "Bearer %s", first_token);
    authenticate(&world->deps, pr_str(header), pass, copy);
}

static void check(void *arg)
{
    (void)arg;
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
        cmocka_unit_test(test_an_ageing_one_is_answered_at_once_and_refreshed_once),
        cmocka_unit_test(test_a_revoked_one_is_refused_within_five_seconds),
        cmocka_unit_test(test_a_database_that_is_away_refuses_nobody_it_knew_lately),
        cmocka_unit_test(test_what_is_no_token_asks_nobody),
        cmocka_unit_test(test_every_failure),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
