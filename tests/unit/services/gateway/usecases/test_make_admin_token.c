#include "tests/support/failures.h"
#include "tests/support/gateway_world.h"
#include "tests/support/logs.h"
#include "tests/support/test.h"

static char token[SECRET_TEXT];

static void start(void *arg, struct pr_done done)
{
    struct gateway_world *world = arg;
    make_admin_token(&world->deps, token, done);
}

/* The text that was handed out is an administrator's, for a year. */
static void check(void *arg)
{
    struct gateway_world *world = arg;
    const struct fake_account *admin = fake_account_repo_named(&world->accounts, "admin");
    assert_non_null(admin);
    assert_int_equal(admin->account.role, ROLE_ADMIN);
    const struct credential *row = gateway_world_find(world, token);
    assert_non_null(row);
    assert_string_equal(row->name, "admin-token");
    assert_int_equal(row->kind, CREDENTIAL_TOKEN);
    assert_int_equal(row->scopes, SCOPE_ALL);
    assert_true(pr_uuid_eq(&row->account_id, &admin->account.id));
    assert_int_equal(row->expires_at_ms - row->created_at_ms, INT64_C(365) * 86400000);
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
        cmocka_unit_test(test_every_failure),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
