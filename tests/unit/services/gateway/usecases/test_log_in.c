#include "tests/support/failures.h"
#include "tests/support/gateway_world.h"
#include "tests/support/logs.h"
#include "tests/support/test.h"

static struct log_in_cmd command(const char *email, const char *password)
{
    return (struct log_in_cmd){
        .email = pr_str(email),
        .password = pr_str(password),
        .agent = pr_str("Browser/1.0"),
        .address = pr_str("192.0.2.7"),
    };
}

static struct gateway_answer *run(struct gateway_world *world, const struct log_in_cmd *cmd)
{
    world->answer = (struct gateway_answer){0};
    log_in(&world->deps, cmd, gateway_answered_login, &world->answer);
    return &world->answer;
}

static struct gateway_answer *try(struct gateway_world *world, const char *email,
                                  const char *password)
{
    struct log_in_cmd cmd = command(email, password);
    return run(world, &cmd);
}

static void test_who_knows_the_password_gets_a_session(void **state)
{
    (void)state;
    struct gateway_world *world = gateway_world_create();
    struct account anna = gateway_world_add_account(world, "anna", ROLE_USER);
    struct gateway_answer *answer = try(world, " Anna@Example.com", GATEWAY_WORLD_PASSWORD);
    gateway_expect(answer, PR_OK, "");
    assert_memory_equal(&answer->account, &anna, sizeof anna);
    assert_int_equal(world->gate.passed, 3); /* there was no session to end */

    const struct credential *row = gateway_world_find(world, answer->secret);
    assert_non_null(row);
    assert_memory_equal(row, &answer->credential, sizeof *row);
    assert_true(pr_uuid_eq(&row->account_id, &anna.id));
    assert_int_equal(row->kind, CREDENTIAL_SESSION);
    assert_int_equal(row->scopes, SCOPE_ALL);
    assert_int_equal(row->created_at_ms, GATEWAY_WORLD_NOW_MS);
    assert_int_equal(row->expires_at_ms, GATEWAY_WORLD_NOW_MS + world->deps.session_ttl_ms);
    assert_string_equal(row->agent, "Browser/1.0");
    assert_string_equal(row->address, "192.0.2.7");
    assert_true(secret_is(SECRET_SESSION, pr_str(answer->secret)));
    gateway_world_destroy(world);
}

static void test_nobody_learns_which_addresses_have_an_account(void **state)
{
    (void)state;
    static const char *const emails[] = {"anna@example.com", "nobody@example.com", "no address",
                                         "admin@example.com"};
    struct pr_fault first = {0};
    unsigned calls = 0;
    for (unsigned i = 0; i < 4; i++) {
        struct gateway_world *world = gateway_world_create();
        gateway_world_add_account(world, "anna", ROLE_USER);
        struct account admin = gateway_world_add_account(world, "admin", ROLE_ADMIN);
        fake_account_repo_find(&world->accounts, &admin.id)->password_hash[0] = 0;
        struct gateway_answer *answer = try(world, emails[i], "a wrong password");
        gateway_expect(answer, PR_ERR_UNAUTHORIZED, "");
        assert_int_equal(world->passwords.verified, 1); /* the work is the same, too */
        assert_int_equal(world->credentials.rows_n, 0);
        if (i == 0) {
            first = answer->fault;
            calls = world->gate.passed;
        }
        assert_memory_equal(&answer->fault, &first, sizeof first);
        assert_int_equal(world->gate.passed, calls);
        gateway_world_destroy(world);
    }
}

static void test_that_it_is_disabled_is_told_to_its_owner_alone(void **state)
{
    (void)state;
    struct gateway_world *world = gateway_world_create();
    struct account anna = gateway_world_add_account(world, "anna", ROLE_USER);
    fake_account_repo_find(&world->accounts, &anna.id)->account.disabled = true;
    gateway_expect(try(world, anna.email, "a wrong password"), PR_ERR_UNAUTHORIZED, "");
    gateway_expect(try(world, anna.email, GATEWAY_WORLD_PASSWORD), PR_ERR_FORBIDDEN, "");
    assert_int_equal(world->credentials.rows_n, 0);
    gateway_world_destroy(world);
}

static void test_a_password_that_is_changed_meanwhile_begins_no_session(void **state)
{
    (void)state;
    struct gateway_world *world = gateway_world_create();
    struct account anna = gateway_world_add_account(world, "anna", ROLE_USER);
    gate_hold(&world->gate, true);
    struct gateway_answer *answer = try(world, anna.email, GATEWAY_WORLD_PASSWORD);
    gate_release(&world->gate, 0, "find_login");
    fake_password_hash(pr_str("another password"),
                       fake_account_repo_find(&world->accounts, &anna.id)->password_hash);
    gate_hold(&world->gate, false);
    gate_release_all(&world->gate);
    gateway_expect(answer, PR_ERR_UNAUTHORIZED, "");
    assert_int_equal(world->credentials.rows_n, 0);
    gateway_expect(try(world, anna.email, "another password"), PR_OK, "");
    gateway_world_destroy(world);
}

static void test_an_address_can_be_tried_so_often(void **state)
{
    (void)state;
    static const char *const spellings[] = {"anna@example.com", "ANNA@example.com "};
    struct gateway_world *world = gateway_world_create();
    gateway_world_add_account(world, "anna", ROLE_USER);
    gateway_world_add_account(world, "ben", ROLE_USER);
    for (unsigned i = 0; i < GATEWAY_WORLD_LIMIT; i++)
        gateway_expect(try(world, spellings[i % 2], "a wrong password"), PR_ERR_UNAUTHORIZED, "");
    struct gateway_answer *answer = try(world, spellings[0], GATEWAY_WORLD_PASSWORD);
    gateway_expect(answer, PR_ERR_LIMITED, "");
    assert_true(answer->limited);
    assert_int_equal(world->passwords.verified, GATEWAY_WORLD_LIMIT);
    gateway_expect(try(world, "ben@example.com", GATEWAY_WORLD_PASSWORD), PR_OK, "");
    test_clock_move(&world->clock, 60000 / GATEWAY_WORLD_LIMIT);
    gateway_expect(try(world, spellings[0], GATEWAY_WORLD_PASSWORD), PR_OK, "");
    gateway_world_destroy(world);
}

static void test_too_many_at_once_are_asked_to_wait(void **state)
{
    (void)state;
    struct gateway_world *world = gateway_world_create();
    gateway_world_add_account(world, "anna", ROLE_USER);
    gate_fail(&world->gate, 2, PR_ERR_LIMITED, false);
    struct gateway_answer *answer = try(world, "anna@example.com", GATEWAY_WORLD_PASSWORD);
    gateway_expect(answer, PR_ERR_UNAVAILABLE, "");
    assert_false(answer->limited);
    gateway_world_destroy(world);
}

static void test_the_browsers_earlier_session_ends(void **state)
{
    (void)state;
    struct gateway_world *world = gateway_world_create();
    struct account anna = gateway_world_add_account(world, "anna", ROLE_USER);
    struct account ben = gateway_world_add_account(world, "ben", ROLE_USER);
    const struct account *const owners[] = {&anna, &ben};
    for (int i = 0; i < 2; i++) {
        char earlier[SECRET_TEXT], elsewhere[SECRET_TEXT];
        gateway_world_add_credential(world, &owners[i]->id, CREDENTIAL_SESSION, earlier);
        gateway_world_add_credential(world, &owners[i]->id, CREDENTIAL_SESSION, elsewhere);
        assert_int_equal(gateway_world_authenticate(world, earlier), PR_OK); /* cached */
        struct log_in_cmd cmd = command(anna.email, GATEWAY_WORLD_PASSWORD);
        cmd.replaces = pr_str(earlier);
        gateway_expect(run(world, &cmd), PR_OK, "");
        assert_int_equal(gateway_world_authenticate(world, earlier), PR_ERR_UNAUTHORIZED);
        assert_int_equal(gateway_world_authenticate(world, elsewhere), PR_OK);
        gateway_expect(run(world, &cmd), PR_OK, ""); /* it has ended already */
    }
    gateway_world_destroy(world);
}

static void test_only_who_logs_in_ends_it(void **state)
{
    (void)state;
    struct gateway_world *world = gateway_world_create();
    struct account anna = gateway_world_add_account(world, "anna", ROLE_USER);
    char earlier[SECRET_TEXT], token[SECRET_TEXT];
    gateway_world_add_credential(world, &anna.id, CREDENTIAL_SESSION, earlier);
    gateway_world_add_credential(world, &anna.id, CREDENTIAL_TOKEN, token);
    struct log_in_cmd cmd = command(anna.email, "a wrong password");
    cmd.replaces = pr_str(earlier);
    gateway_expect(run(world, &cmd), PR_ERR_UNAUTHORIZED, "");
    assert_non_null(gateway_world_find(world, earlier));
    cmd = command(anna.email, GATEWAY_WORLD_PASSWORD);
    cmd.replaces = pr_str(token);
    gateway_expect(run(world, &cmd), PR_OK, "");
    assert_non_null(gateway_world_find(world, token));
    gateway_world_destroy(world);
}

static void test_the_stalest_session_gives_way(void **state)
{
    (void)state;
    struct gateway_world *world = gateway_world_create();
    struct account anna = gateway_world_add_account(world, "anna", ROLE_USER);
    char oldest[SECRET_TEXT], stalest[SECRET_TEXT], other[SECRET_TEXT];
    gateway_world_add_credential(world, &anna.id, CREDENTIAL_SESSION, oldest);
    test_clock_move(&world->clock, 60000);
    gateway_world_add_credential(world, &anna.id, CREDENTIAL_SESSION, stalest);
    test_clock_move(&world->clock, 60000);
    for (int i = 2; i < CREDENTIALS_MAX; i++)
        gateway_world_add_credential(world, &anna.id, CREDENTIAL_SESSION, other);
    assert_int_equal(gateway_world_authenticate(world, oldest), PR_OK);
    struct gateway_answer *answer = try(world, anna.email, GATEWAY_WORLD_PASSWORD);
    gateway_expect(answer, PR_OK, "");
    assert_non_null(gateway_world_find(world, answer->secret));
    assert_int_equal(gateway_world_authenticate(world, stalest), PR_ERR_UNAUTHORIZED);
    assert_int_equal(gateway_world_authenticate(world, oldest), PR_OK);
    assert_int_equal(world->credentials.rows_n, CREDENTIALS_MAX);
    gateway_world_destroy(world);
}

static char replaced[SECRET_TEXT];

static void *setup(void)
{
    struct gateway_world *world = gateway_world_create();
    struct account anna = gateway_world_add_account(world, "anna", ROLE_USER);
    gateway_world_add_credential(world, &anna.id, CREDENTIAL_SESSION, replaced);
    return world;
}

static void start(void *arg, struct pr_done done)
{
    struct gateway_world *world = arg;
    struct log_in_cmd cmd = command("anna@example.com", GATEWAY_WORLD_PASSWORD);
    cmd.replaces = pr_str(replaced);
    world->answer = (struct gateway_answer){.next = done};
    log_in(&world->deps, &cmd, gateway_answered_login, &world->answer);
}

static void check(void *arg)
{
    struct gateway_world *world = arg;
    assert_non_null(gateway_world_find(world, world->answer.secret));
    assert_null(gateway_world_find(world, replaced));
}

/* And no place for another. */
static void *setup_full(void)
{
    struct gateway_world *world = setup();
    struct account anna = fake_account_repo_named(&world->accounts, "anna")->account;
    char text[SECRET_TEXT];
    for (int i = 0; i < CREDENTIALS_MAX; i++)
        gateway_world_add_credential(world, &anna.id, CREDENTIAL_SESSION, text);
    return world;
}

static void test_every_failure(void **state)
{
    (void)state;
    void *(*const setups[])(void) = {setup, setup_full};
    for (int i = 0; i < 2; i++)
        for_each_failure(&(struct failure_case){
            .setup = setups[i],
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
        cmocka_unit_test(test_who_knows_the_password_gets_a_session),
        cmocka_unit_test(test_nobody_learns_which_addresses_have_an_account),
        cmocka_unit_test(test_that_it_is_disabled_is_told_to_its_owner_alone),
        cmocka_unit_test(test_a_password_that_is_changed_meanwhile_begins_no_session),
        cmocka_unit_test(test_an_address_can_be_tried_so_often),
        cmocka_unit_test(test_too_many_at_once_are_asked_to_wait),
        cmocka_unit_test(test_the_browsers_earlier_session_ends),
        cmocka_unit_test(test_only_who_logs_in_ends_it),
        cmocka_unit_test(test_the_stalest_session_gives_way),
        cmocka_unit_test(test_every_failure),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
