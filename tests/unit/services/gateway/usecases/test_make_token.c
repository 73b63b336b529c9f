#include "tests/support/failures.h"
#include "tests/support/gateway_world.h"
#include "tests/support/logs.h"
#include "tests/support/test.h"

static struct make_token_cmd command(struct gateway_world *world, enum identity_role role)
{
    struct fake_account *anna = fake_account_repo_named(&world->accounts, "anna");
    struct account account = anna ? anna->account : gateway_world_add_account(world, "anna", role);
    return (struct make_token_cmd){
        .caller = gateway_world_caller(&account, CREDENTIAL_SESSION, &account.id),
        .name = PR_STR("backup"),
        .scopes = SCOPE_READ,
        .expires_in_ms = 1000,
    };
}

/* The same request, with a key. */
static struct make_token_cmd keyed(struct gateway_world *world, const char *key)
{
    struct make_token_cmd cmd = command(world, ROLE_USER);
    cmd.key = pr_str(key);
    cmd.idempotency = (struct idempotency){.given = true, .key_hash = {(uint8_t)*key}};
    return cmd;
}

static struct gateway_answer *run(struct gateway_world *world, const struct make_token_cmd *cmd)
{
    world->answer = (struct gateway_answer){0};
    make_token(&world->deps, cmd, gateway_answered_token, &world->answer);
    return &world->answer;
}

static void test_its_text_opens_what_was_asked_for(void **state)
{
    (void)state;
    struct gateway_world *world = gateway_world_create();
    struct make_token_cmd cmd = command(world, ROLE_USER);
    struct gateway_answer *answer = run(world, &cmd);
    gateway_expect(answer, PR_OK, "");
    assert_false(answer->replayed);
    const struct credential *row = gateway_world_find(world, answer->secret);
    assert_non_null(row);
    assert_memory_equal(row, &answer->credential, sizeof *row);
    assert_int_equal(row->kind, CREDENTIAL_TOKEN);
    assert_string_equal(row->name, "backup");
    assert_int_equal(row->scopes, SCOPE_READ);
    assert_int_equal(row->expires_at_ms, GATEWAY_WORLD_NOW_MS + 1000);
    assert_true(secret_is(SECRET_TOKEN, pr_str(answer->secret)));
    gateway_world_destroy(world);
}

static void test_a_token_makes_none_that_outlasts_it(void **state)
{
    (void)state;
    struct gateway_world *world = gateway_world_create();
    struct make_token_cmd cmd = command(world, ROLE_USER);
    cmd.caller.expires_at_ms = GATEWAY_WORLD_NOW_MS + 5000;
    cmd.expires_in_ms = 9000;
    assert_int_equal(run(world, &cmd)->credential.expires_at_ms, GATEWAY_WORLD_NOW_MS + 9000);
    cmd.caller.kind = CREDENTIAL_TOKEN;
    assert_int_equal(run(world, &cmd)->credential.expires_at_ms, GATEWAY_WORLD_NOW_MS + 5000);
    cmd.expires_in_ms = 4000;
    assert_int_equal(run(world, &cmd)->credential.expires_at_ms, GATEWAY_WORLD_NOW_MS + 4000);
    gateway_world_destroy(world);
}

static void test_nobody_gives_more_than_he_has(void **state)
{
    (void)state;
    struct gateway_world *world = gateway_world_create();
    struct make_token_cmd cmd = command(world, ROLE_USER);
    cmd.scopes = SCOPE_READ | SCOPE_ADMIN;
    gateway_expect(run(world, &cmd), PR_ERR_FORBIDDEN, "scopes");
    cmd.caller.scopes = SCOPE_READ;
    cmd.scopes = SCOPE_WRITE;
    gateway_expect(run(world, &cmd), PR_ERR_FORBIDDEN, "scopes");
    assert_int_equal(world->gate.passed, 0);
    cmd.caller.scopes = SCOPE_ALL;
    cmd.scopes = SCOPE_ALL;
    gateway_expect(run(world, &cmd), PR_OK, "");
    gateway_world_destroy(world);
}

static void test_each_field_is_judged(void **state)
{
    (void)state;
    static const int64_t bad_ms[] = {INT64_MIN, 0, 999, INT64_C(3650) * 86400000 + 1, INT64_MAX};
    struct gateway_world *world = gateway_world_create();
    struct make_token_cmd cmd = command(world, ROLE_USER);
    cmd.name = pr_str("");
    gateway_expect(run(world, &cmd), PR_ERR_INVALID, "name");
    cmd = command(world, ROLE_USER);
    for (size_t i = 0; i < sizeof bad_ms / sizeof bad_ms[0]; i++) {
        cmd.expires_in_ms = bad_ms[i];
        gateway_expect(run(world, &cmd), PR_ERR_INVALID, "expires_in");
    }
    assert_int_equal(world->gate.passed, 0);
    cmd.expires_in_ms = INT64_C(3650) * 86400000;
    gateway_expect(run(world, &cmd), PR_OK, "");
    gateway_world_destroy(world);
}

static void test_there_can_be_so_many(void **state)
{
    (void)state;
    struct gateway_world *world = gateway_world_create();
    struct make_token_cmd cmd = command(world, ROLE_USER);
    for (int i = 0; i < CREDENTIALS_MAX; i++)
        gateway_expect(run(world, &cmd), PR_OK, "");
    gateway_expect(run(world, &cmd), PR_ERR_CONFLICT, "");
    assert_int_equal(world->credentials.rows_n, CREDENTIALS_MAX);
    gateway_world_destroy(world);
}

static void test_a_replay_shows_the_same_text(void **state)
{
    (void)state;
    struct gateway_world *world = gateway_world_create();
    struct make_token_cmd cmd = keyed(world, "key");
    struct gateway_answer first = *run(world, &cmd);
    gateway_expect(&first, PR_OK, "");
    assert_non_null(gateway_world_find(world, first.secret));

    test_clock_move(&world->clock, 60000);
    struct gateway_answer *again = run(world, &cmd);
    gateway_expect(again, PR_OK, "");
    assert_true(again->replayed);
    assert_string_equal(again->secret, first.secret);
    assert_memory_equal(&again->credential, &first.credential, sizeof first.credential);
    assert_int_equal(world->credentials.rows_n, 1);

    world->credentials.rows_n = 0; /* revoked meanwhile */
    gateway_expect(run(world, &cmd), PR_ERR_GONE, "idempotency-key");
    gateway_world_destroy(world);
}

static void test_no_text_comes_twice(void **state)
{
    (void)state;
    struct gateway_world *world = gateway_world_create();
    struct make_token_cmd plain = command(world, ROLE_USER), cmd = keyed(world, "key");
    struct make_token_cmd other = keyed(world, "other");
    char texts[6][SECRET_TEXT];
    memcpy(texts[0], run(world, &plain)->secret, SECRET_TEXT);
    memcpy(texts[1], run(world, &plain)->secret, SECRET_TEXT);
    memcpy(texts[2], run(world, &cmd)->secret, SECRET_TEXT);
    memcpy(texts[3], run(world, &other)->secret, SECRET_TEXT);
    world->accounts.idempotency.rows_n = 0; /* a day later the key is new again, its text is not */
    memcpy(texts[4], run(world, &cmd)->secret, SECRET_TEXT);
    world->deps.identity_secret = pr_str("another secret of this gateway's");
    memcpy(texts[5], run(world, &cmd)->secret, SECRET_TEXT);
    for (int i = 0; i < 6; i++) {
        for (int k = 0; k < i; k++)
            assert_string_not_equal(texts[i], texts[k]);
    }
    gateway_world_destroy(world);
}

static void test_the_key_of_another_request(void **state)
{
    (void)state;
    struct gateway_world *world = gateway_world_create();
    struct make_token_cmd cmd = keyed(world, "key");
    gateway_expect(run(world, &cmd), PR_OK, "");
    cmd.idempotency.request_hash[0] = 1;
    gateway_expect(run(world, &cmd), PR_ERR_UNPROCESSABLE, "idempotency-key");
    world->accounts.idempotency.busy = true;
    gateway_expect(run(world, &cmd), PR_ERR_CONFLICT, "idempotency-key");
    gateway_world_destroy(world);
}

static void *setup(void)
{
    struct gateway_world *world = gateway_world_create();
    gateway_world_add_account(world, "anna", ROLE_USER);
    return world;
}

static void start(void *arg, struct pr_done done)
{
    struct gateway_world *world = arg;
    struct make_token_cmd cmd = keyed(world, "key");
    world->answer = (struct gateway_answer){.next = done};
    make_token(&world->deps, &cmd, gateway_answered_token, &world->answer);
}

/* One token, and its text is known, also when the answer to the first request was lost. */
static void check(void *arg)
{
    struct gateway_world *world = arg;
    assert_int_equal(world->credentials.rows_n, 1);
    assert_non_null(gateway_world_find(world, world->answer.secret));
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
        cmocka_unit_test(test_its_text_opens_what_was_asked_for),
        cmocka_unit_test(test_a_token_makes_none_that_outlasts_it),
        cmocka_unit_test(test_nobody_gives_more_than_he_has),
        cmocka_unit_test(test_each_field_is_judged),
        cmocka_unit_test(test_there_can_be_so_many),
        cmocka_unit_test(test_a_replay_shows_the_same_text),
        cmocka_unit_test(test_no_text_comes_twice),
        cmocka_unit_test(test_the_key_of_another_request),
        cmocka_unit_test(test_every_failure),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
