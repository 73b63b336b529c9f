#include "tests/support/failures.h"
#include "tests/support/gateway_world.h"
#include "tests/support/logs.h"
#include "tests/support/test.h"

static struct sign_up_cmd command(void)
{
    return (struct sign_up_cmd){
        .email = PR_STR("Anna@example.com"),
        .name = PR_STR("anna-photo"),
        .password = PR_STR(GATEWAY_WORLD_PASSWORD),
    };
}

static struct gateway_answer *run(struct gateway_world *world, const struct sign_up_cmd *cmd)
{
    world->answer = (struct gateway_answer){0};
    sign_up(&world->deps, cmd, gateway_answered_account, &world->answer);
    return &world->answer;
}

static void test_a_new_account_is_free_and_can_log_in(void **state)
{
    (void)state;
    struct gateway_world *world = gateway_world_create();
    struct sign_up_cmd cmd = command();
    char hash[PASSWORD_HASH_TEXT];
    struct gateway_answer *answer = run(world, &cmd);
    gateway_expect(answer, PR_OK, "");
    assert_false(answer->replayed);

    const struct fake_account *row = fake_account_repo_find(&world->accounts, &answer->account.id);
    assert_non_null(row);
    assert_memory_equal(&row->account, &answer->account, sizeof row->account);
    assert_string_equal(row->account.name, "anna-photo");
    assert_string_equal(row->account.email, "anna@example.com");
    assert_int_equal(row->account.tier, TIER_FREE);
    assert_int_equal(row->account.role, ROLE_USER);
    assert_int_equal(row->account.created_at_ms, GATEWAY_WORLD_NOW_MS);
    fake_password_hash(cmd.password, hash);
    assert_string_equal(row->password_hash, hash);
    assert_int_equal(fake_account_repo_sent(&world->accounts, &answer->account.id), 1);
    gateway_world_destroy(world);
}

static void test_each_field_is_judged_before_anything_is_hashed(void **state)
{
    (void)state;
    struct gateway_world *world = gateway_world_create();
    struct sign_up_cmd cmd = command();
    cmd.email = pr_str("nowhere");
    gateway_expect(run(world, &cmd), PR_ERR_INVALID, "email");
    cmd = command();
    cmd.name = pr_str("Anna");
    gateway_expect(run(world, &cmd), PR_ERR_INVALID, "name");
    cmd.name = pr_str("signup");
    gateway_expect(run(world, &cmd), PR_ERR_INVALID, "name");
    cmd = command();
    cmd.password = pr_str("short");
    gateway_expect(run(world, &cmd), PR_ERR_INVALID, "password");
    cmd.password = pr_str("ANNA@example.com");
    gateway_expect(run(world, &cmd), PR_ERR_INVALID, "password");
    assert_int_equal(world->gate.passed, 0);
    gateway_world_destroy(world);
}

static void test_what_is_taken(void **state)
{
    (void)state;
    struct gateway_world *world = gateway_world_create();
    struct sign_up_cmd cmd = command();
    gateway_world_add_account(world, "ben", ROLE_USER);
    cmd.name = pr_str("ben");
    gateway_expect(run(world, &cmd), PR_ERR_CONFLICT, "name");
    cmd = command();
    cmd.email = pr_str("BEN@example.com");
    gateway_expect(run(world, &cmd), PR_ERR_CONFLICT, "email");
    assert_int_equal(world->accounts.rows_n, 1);
    gateway_world_destroy(world);
}

static void test_closed_is_closed_also_to_the_invited(void **state)
{
    (void)state;
    struct gateway_world *world = gateway_world_create();
    struct sign_up_cmd cmd = command();
    char invite[SECRET_TEXT];
    gateway_world_add_invite(world, TIER_FREE, ROLE_USER, invite);
    world->deps.signup = SIGNUP_CLOSED;
    gateway_expect(run(world, &cmd), PR_ERR_FORBIDDEN, "");
    cmd.invite = pr_str(invite);
    gateway_expect(run(world, &cmd), PR_ERR_FORBIDDEN, "");
    assert_int_equal(world->gate.passed, 0);
    gateway_world_destroy(world);
}

static void test_an_invitation_lets_one_in(void **state)
{
    (void)state;
    static const char unknown[] = "pri_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    struct gateway_world *world = gateway_world_create();
    struct sign_up_cmd cmd = command();
    char invite[SECRET_TEXT];
    world->deps.signup = SIGNUP_INVITE;
    gateway_expect(run(world, &cmd), PR_ERR_FORBIDDEN, "invite");
    cmd.invite = pr_str("pri_short");
    gateway_expect(run(world, &cmd), PR_ERR_FORBIDDEN, "invite");
    assert_int_equal(world->gate.passed, 0);
    cmd.invite = pr_str(unknown);
    gateway_expect(run(world, &cmd), PR_ERR_FORBIDDEN, "invite");

    gateway_world_add_invite(world, TIER_PREMIUM, ROLE_ADMIN, invite);
    cmd.invite = pr_str(invite);
    struct gateway_answer *answer = run(world, &cmd);
    gateway_expect(answer, PR_OK, "");
    assert_int_equal(answer->account.tier, TIER_PREMIUM);
    assert_int_equal(answer->account.role, ROLE_ADMIN);

    cmd.name = pr_str("ben-photo");
    cmd.email = pr_str("ben@example.com");
    gateway_expect(run(world, &cmd), PR_ERR_FORBIDDEN, "invite"); /* it was used */
    gateway_world_destroy(world);
}

static void test_an_invitation_counts_where_none_is_needed(void **state)
{
    (void)state;
    struct gateway_world *world = gateway_world_create();
    struct sign_up_cmd cmd = command();
    char invite[SECRET_TEXT];
    cmd.invite = pr_str("nonsense");
    gateway_expect(run(world, &cmd), PR_ERR_FORBIDDEN, "invite");
    gateway_world_add_invite(world, TIER_BUSINESS, ROLE_USER, invite);
    test_clock_move(&world->clock, 2 * 86400000);
    cmd.invite = pr_str(invite);
    gateway_expect(run(world, &cmd), PR_ERR_FORBIDDEN, "invite"); /* it has expired */
    test_clock_move(&world->clock, -2 * 86400000);
    gateway_expect(run(world, &cmd), PR_OK, "");
    assert_int_equal(world->answer.account.tier, TIER_BUSINESS);
    gateway_world_destroy(world);
}

static void test_too_many_at_once_are_asked_to_wait(void **state)
{
    (void)state;
    struct gateway_world *world = gateway_world_create();
    struct sign_up_cmd cmd = command();
    gate_fail(&world->gate, 1, PR_ERR_LIMITED, false);
    gateway_expect(run(world, &cmd), PR_ERR_UNAVAILABLE, "");
    assert_int_equal(world->accounts.rows_n, 0);
    gateway_world_destroy(world);
}

static void test_the_same_key_makes_one_account(void **state)
{
    (void)state;
    struct gateway_world *world = gateway_world_create();
    struct sign_up_cmd cmd = command();
    cmd.idempotency = (struct idempotency){.given = true, .key_hash = {1}, .request_hash = {1}};
    gateway_expect(run(world, &cmd), PR_OK, "");
    struct account first = world->answer.account;

    gateway_expect(run(world, &cmd), PR_OK, "");
    assert_true(world->answer.replayed);
    assert_memory_equal(&world->answer.account, &first, sizeof first);

    world->accounts.idempotency.busy = true;
    gateway_expect(run(world, &cmd), PR_ERR_CONFLICT, "idempotency-key");
    world->accounts.idempotency.busy = false;
    cmd.idempotency.request_hash[0] = 2;
    gateway_expect(run(world, &cmd), PR_ERR_UNPROCESSABLE, "idempotency-key");
    cmd.idempotency.request_hash[0] = 1;
    fake_account_repo_find(&world->accounts, &first.id)->deleted = true;
    gateway_expect(run(world, &cmd), PR_ERR_GONE, "idempotency-key");
    assert_int_equal(world->accounts.rows_n, 1);
    gateway_world_destroy(world);
}

static bool with_key;

static void start(void *arg, struct pr_done done)
{
    struct gateway_world *world = arg;
    struct sign_up_cmd cmd = command();
    cmd.idempotency.given = with_key;
    world->answer = (struct gateway_answer){.next = done};
    sign_up(&world->deps, &cmd, gateway_answered_account, &world->answer);
}

static bool took_effect(void *arg)
{
    return ((struct gateway_world *)arg)->accounts.rows_n > 0;
}

static void check(void *arg)
{
    struct gateway_world *world = arg;
    assert_int_equal(world->accounts.rows_n, 1);
    assert_int_equal(world->accounts.outbox_n, 1);
}

/* A second try after a lost answer: the key tells that it was us; without one the name is taken. */
static void test_every_failure(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        with_key = i;
        for_each_failure(&(struct failure_case){
            .setup = gateway_world_create,
            .teardown = gateway_world_destroy,
            .gate = gateway_world_gate,
            .start = start,
            .answer = PR_OK,
            .took_effect = took_effect,
            .repeated_answer = with_key ? PR_OK : PR_ERR_CONFLICT,
            .check = check,
        });
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_new_account_is_free_and_can_log_in),
        cmocka_unit_test(test_each_field_is_judged_before_anything_is_hashed),
        cmocka_unit_test(test_what_is_taken),
        cmocka_unit_test(test_closed_is_closed_also_to_the_invited),
        cmocka_unit_test(test_an_invitation_lets_one_in),
        cmocka_unit_test(test_an_invitation_counts_where_none_is_needed),
        cmocka_unit_test(test_too_many_at_once_are_asked_to_wait),
        cmocka_unit_test(test_the_same_key_makes_one_account),
        cmocka_unit_test(test_every_failure),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
