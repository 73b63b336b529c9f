/* account_repo on a real Postgres: whose token it is, and the administrator's tokens. */
#include "services/gateway/adapters/account_pg.h"
#include "shared/base/alloc.h"
#include "shared/crypto/crypto.h"
#include "tests/integration/shared/pg/fixture.h"
#include "tests/support/logs.h"

#include <stdio.h>

#define NOW_MS INT64_C(1795248000000)
#define AT_ONCE 8

extern const struct pg_migration service_migrations[];

static struct account_pg repo;

static int setup(void **state)
{
    logs_catch();
    fixture_setup(state);
    struct fixture *f = *state;
    assert_int_equal(pg_migrate(f->url, service_migrations, 0), PR_OK);
    fixture_pool(f, NULL, 4, 5000);
    account_pg_init(&repo, f->pg);
    return 0;
}

static int teardown(void **state)
{
    fixture_teardown(state);
    logs_let_go();
    return 0;
}

/* The hash of the token of this name. */
static const uint8_t *hash_of(const char *token, uint8_t out[TOKEN_HASH_BYTES])
{
    sha256(pr_str(token), out);
    return out;
}

static void add_account(struct fixture *f, const char *name, const char *tier, const char *role,
                        const char *token)
{
    char sql[512];
    snprintf(sql, sizeof sql,
             "with a as (insert into account (id, name, tier, role) "
             "values (gen_random_uuid(), '%s', '%s', '%s') returning id) "
             "insert into api_token (id, account_id, name, hash) "
             "select gen_random_uuid(), id, 'test', sha256('%s') from a",
             name, tier, role, token);
    fixture_exec(f, sql);
}

static enum pr_err find(struct fixture *f, const char *token, struct identity *out)
{
    uint8_t hash[TOKEN_HASH_BYTES];
    struct outcome outcome = {0};
    *out = (struct identity){0};
    repo.port.find_token(&repo.port, hash_of(token, hash), out, outcome_done(&outcome));
    fixture_until(f, outcome.ended);
    assert_int_equal(outcome.ended, 1);
    return outcome.err;
}

static enum pr_err add_admin(struct fixture *f, const char *token)
{
    uint8_t hash[TOKEN_HASH_BYTES];
    struct outcome outcome = {0};
    repo.port.add_admin_token(&repo.port, hash_of(token, hash), NOW_MS, outcome_done(&outcome));
    fixture_until(f, outcome.ended);
    return outcome.err;
}

static void test_token_tells_its_account(void **state)
{
    struct fixture *f = *state;
    struct identity identity;
    add_account(f, "alice", "premium", "user", "one");
    add_account(f, "a-name-of-the-longest-kind-there", "free", "admin", "two");
    assert_int_equal(find(f, "one", &identity), PR_OK);
    assert_string_equal(identity.name, "alice");
    assert_int_equal(identity.tier, TIER_PREMIUM);
    assert_int_equal(identity.role, ROLE_USER);
    assert_int_equal(identity.expires_at_ms, 0);
    assert_false(pr_uuid_is_nil(&identity.account_id));
    assert_int_equal(find(f, "two", &identity), PR_OK);
    assert_string_equal(identity.name, "a-name-of-the-longest-kind-there");
    assert_int_equal(identity.tier, TIER_FREE);
    assert_int_equal(identity.role, ROLE_ADMIN);
}

static void test_unknown_token_is_nobodys(void **state)
{
    struct fixture *f = *state;
    struct identity identity;
    assert_int_equal(find(f, "one", &identity), PR_ERR_UNAUTHORIZED);
    add_account(f, "alice", "free", "user", "one");
    assert_int_equal(find(f, "One", &identity), PR_ERR_UNAUTHORIZED);
    assert_int_equal(find(f, "", &identity), PR_ERR_UNAUTHORIZED);
}

static void test_disabled_account_has_no_tokens(void **state)
{
    struct fixture *f = *state;
    struct identity identity;
    add_account(f, "alice", "free", "user", "one");
    add_account(f, "bob", "free", "user", "two");
    fixture_exec(f, "update account set disabled = true where name = 'alice'");
    assert_int_equal(find(f, "one", &identity), PR_ERR_UNAUTHORIZED);
    assert_int_equal(find(f, "two", &identity), PR_OK);
    fixture_exec(f, "update account set disabled = false");
    assert_int_equal(find(f, "one", &identity), PR_OK);
    fixture_exec(f, "delete from account where name = 'alice'");
    assert_int_equal(find(f, "one", &identity), PR_ERR_UNAUTHORIZED);
}

static void test_administrator_is_made_once(void **state)
{
    struct fixture *f = *state;
    struct identity first, second;
    assert_int_equal(add_admin(f, "one"), PR_OK);
    assert_int_equal(add_admin(f, "two"), PR_OK);
    assert_int_equal(find(f, "one", &first), PR_OK);
    assert_int_equal(find(f, "two", &second), PR_OK);
    assert_string_equal(first.name, "admin");
    assert_int_equal(first.tier, TIER_BUSINESS);
    assert_int_equal(first.role, ROLE_ADMIN);
    assert_true(pr_uuid_eq(&first.account_id, &second.account_id));
    assert_int_equal(fixture_int(f, "select count(*) from account"), 1);
    assert_int_equal(fixture_int(f, "select count(*) from api_token"), 2);
}

static void test_same_token_twice_is_a_conflict(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(add_admin(f, "one"), PR_OK);
    assert_int_equal(add_admin(f, "one"), PR_ERR_CONFLICT);
    assert_int_equal(fixture_int(f, "select count(*) from api_token"), 1);
}

static void test_administrators_tokens_at_once(void **state)
{
    struct fixture *f = *state;
    struct outcome outcome = {0};
    uint8_t hashes[AT_ONCE][TOKEN_HASH_BYTES];
    for (int i = 0; i < AT_ONCE; i++) {
        char token[2] = {(char)('a' + i), 0};
        repo.port.add_admin_token(&repo.port, hash_of(token, hashes[i]), NOW_MS,
                                  outcome_done(&outcome));
    }
    fixture_until(f, outcome.ended == AT_ONCE);
    assert_int_equal(outcome.ok, AT_ONCE);
    assert_int_equal(fixture_int(f, "select count(*) from account"), 1);
    assert_int_equal(fixture_int(f, "select count(distinct hash) from api_token"), AT_ONCE);
}

/* A disabled administrator stays so, whoever asks for a token. */
static void test_disabled_administrator_is_not_enabled_again(void **state)
{
    struct fixture *f = *state;
    struct identity identity;
    assert_int_equal(add_admin(f, "one"), PR_OK);
    fixture_exec(f, "update account set disabled = true");
    assert_int_equal(add_admin(f, "two"), PR_OK);
    assert_int_equal(find(f, "two", &identity), PR_ERR_UNAUTHORIZED);
}

#define PG_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PG_TEST(test_token_tells_its_account),
        PG_TEST(test_unknown_token_is_nobodys),
        PG_TEST(test_disabled_account_has_no_tokens),
        PG_TEST(test_administrator_is_made_once),
        PG_TEST(test_same_token_twice_is_a_conflict),
        PG_TEST(test_administrators_tokens_at_once),
        PG_TEST(test_disabled_administrator_is_not_enabled_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
