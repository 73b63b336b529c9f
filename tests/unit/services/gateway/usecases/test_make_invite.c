#include "tests/support/failures.h"
#include "tests/support/gateway_world.h"
#include "tests/support/logs.h"
#include "tests/support/test.h"

#include "shared/crypto/crypto.h"

static struct make_invite_cmd command(void)
{
    return (struct make_invite_cmd){
        .tier = TIER_PREMIUM,
        .role = ROLE_ADMIN,
        .expires_in_ms = 60000,
        .key = PR_STR("key"),
        .idempotency = {.given = true, .key_hash = {1}},
        .caller = {{1}},
    };
}

static struct gateway_answer *run(struct gateway_world *world, const struct make_invite_cmd *cmd)
{
    world->answer = (struct gateway_answer){0};
    make_invite(&world->deps, cmd, gateway_answered_invite, &world->answer);
    return &world->answer;
}

static const struct invite *find(struct gateway_world *world, const char *secret)
{
    uint8_t hash[SECRET_HASH_BYTES];
    sha256(pr_str(secret), hash);
    return fake_invite_repo_usable(&world->invites, hash, world->clock.now_ms);
}

static void test_its_text_lets_in_as_it_says(void **state)
{
    (void)state;
    struct gateway_world *world = gateway_world_create();
    for (int given = 0; given < 2; given++) {
        struct make_invite_cmd cmd = command();
        cmd.idempotency.given = given;
        struct gateway_answer *answer = run(world, &cmd);
        gateway_expect(answer, PR_OK, "");
        const struct invite *row = find(world, answer->secret);
        assert_non_null(row);
        assert_memory_equal(row, &answer->invite, sizeof *row);
        assert_int_equal(row->tier, TIER_PREMIUM);
        assert_int_equal(row->role, ROLE_ADMIN);
        assert_int_equal(row->expires_at_ms, GATEWAY_WORLD_NOW_MS + 60000);
        assert_true(secret_is(SECRET_INVITE, pr_str(answer->secret)));
    }
    gateway_world_destroy(world);
}

static void test_how_long_it_may_be_good(void **state)
{
    (void)state;
    static const int64_t bad_ms[] = {INT64_MIN, 0, 59999, INT64_C(365) * 86400000 + 1, INT64_MAX};
    struct gateway_world *world = gateway_world_create();
    struct make_invite_cmd cmd = command();
    for (size_t i = 0; i < sizeof bad_ms / sizeof bad_ms[0]; i++) {
        cmd.expires_in_ms = bad_ms[i];
        gateway_expect(run(world, &cmd), PR_ERR_INVALID, "expires_in");
    }
    cmd.expires_in_ms = INT64_C(365) * 86400000;
    gateway_expect(run(world, &cmd), PR_OK, "");
    assert_int_equal(world->invites.rows_n, 1);
    gateway_world_destroy(world);
}

static void test_a_replay_shows_the_same_text(void **state)
{
    (void)state;
    struct gateway_world *world = gateway_world_create();
    struct make_invite_cmd cmd = command();
    struct gateway_answer first = *run(world, &cmd);
    struct gateway_answer *again = run(world, &cmd);
    gateway_expect(again, PR_OK, "");
    assert_true(again->replayed);
    assert_string_equal(again->secret, first.secret);
    assert_int_equal(world->invites.rows_n, 1);
    cmd.idempotency.request_hash[0] = 1;
    gateway_expect(run(world, &cmd), PR_ERR_UNPROCESSABLE, "idempotency-key");
    gateway_world_destroy(world);
}

static void test_two_administrators_may_use_one_key(void **state)
{
    (void)state;
    struct gateway_world *world = gateway_world_create();
    struct make_invite_cmd cmd = command();
    struct gateway_answer first = *run(world, &cmd);
    cmd.caller.b[0] = 2;
    struct gateway_answer *second = run(world, &cmd);
    gateway_expect(second, PR_OK, "");
    assert_false(second->replayed);
    assert_string_not_equal(second->secret, first.secret);
    gateway_world_destroy(world);
}

static void start(void *arg, struct pr_done done)
{
    struct gateway_world *world = arg;
    struct make_invite_cmd cmd = command();
    world->answer = (struct gateway_answer){.next = done};
    make_invite(&world->deps, &cmd, gateway_answered_invite, &world->answer);
}

static void check(void *arg)
{
    struct gateway_world *world = arg;
    assert_int_equal(world->invites.rows_n, 1);
    assert_non_null(find(world, world->answer.secret));
}

static void test_every_failure(void **state)
{
    (void)state;
    for_each_failure(&(struct failure_case){
        .setup = gateway_world_create,
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
        cmocka_unit_test(test_its_text_lets_in_as_it_says),
        cmocka_unit_test(test_how_long_it_may_be_good),
        cmocka_unit_test(test_a_replay_shows_the_same_text),
        cmocka_unit_test(test_two_administrators_may_use_one_key),
        cmocka_unit_test(test_every_failure),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
