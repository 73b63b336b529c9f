/* credential_repo on a real Postgres: what the contract of all its kinds cannot look at. */
#include "services/gateway/adapters/credential_pg.h"
#include "shared/crypto/crypto.h"
#include "tests/integration/shared/pg/fixture.h"
#include "tests/support/logs.h"

#define NOW_MS INT64_C(1795248012345) /* 2026-11-21T08:00:12.345Z */
#define MINUTE_MS INT64_C(60000)

extern const struct pg_migration service_migrations[];

static struct credential_pg repo;

static int setup(void **state)
{
    logs_catch();
    fixture_setup(state);
    return 0;
}

static int teardown(void **state)
{
    fixture_teardown(state);
    logs_let_go();
    return 0;
}

static void migrate(struct fixture *f, const struct pg_migration *migrations)
{
    assert_int_equal(pg_migrate(f->url, migrations, 0), PR_OK);
}

static void open_repo(struct fixture *f)
{
    migrate(f, service_migrations);
    fixture_pool(f, NULL, 1, 5000);
    credential_pg_init(&repo, f->pg);
}

static enum pr_err find(struct fixture *f, const char *text, int64_t now_ms, struct caller *out)
{
    uint8_t hash[SECRET_HASH_BYTES];
    struct outcome outcome = {0};
    sha256(pr_str(text), hash);
    repo.port.find(&repo.port, hash, now_ms, 0, out, outcome_done(&outcome));
    fixture_until(f, outcome.ended);
    return outcome.err;
}

static long writes(struct fixture *f)
{
    return fixture_int(f, "select xmin::text::bigint from credential");
}

static void test_use_is_written_once_a_minute(void **state)
{
    struct fixture *f = *state;
    struct caller caller;
    open_repo(f);
    fixture_exec(f, "with a as (insert into account (id, name) values (gen_random_uuid(), 'alice') "
                    "returning id) insert into credential "
                    "(id, account_id, kind, scopes, hash, created_at, expires_at) "
                    "select gen_random_uuid(), id, 'session', 'read write admin', sha256('prs'), "
                    "'2026-11-21', '2026-11-22' from a");
    long added = writes(f);
    assert_int_equal(find(f, "prs", NOW_MS, &caller), PR_OK);
    long used = writes(f);
    assert_int_not_equal(used, added);
    assert_int_equal(find(f, "prs", NOW_MS + 1000, &caller), PR_OK);
    assert_int_equal(writes(f), used);
    assert_int_equal(find(f, "prs", NOW_MS + MINUTE_MS, &caller), PR_OK);
    assert_int_not_equal(writes(f), used);
}

/* Those of the first version, before there were sessions. */
static void test_old_tokens_still_work(void **state)
{
    struct fixture *f = *state;
    struct caller caller;
    migrate(f, (const struct pg_migration[]){service_migrations[0], {0}});
    fixture_exec(f, "with a as (insert into account (id, name, tier, role) values "
                    "(gen_random_uuid(), 'admin', 'business', 'admin') returning id) "
                    "insert into api_token (id, account_id, name, hash) "
                    "select gen_random_uuid(), id, 'old', sha256('prt') from a");
    open_repo(f);
    assert_int_equal(find(f, "prt", NOW_MS, &caller), PR_OK);
    assert_string_equal(caller.identity.name, "admin");
    assert_int_equal(caller.identity.role, ROLE_ADMIN);
    assert_int_equal(caller.kind, CREDENTIAL_TOKEN);
    assert_int_equal(caller.scopes, SCOPE_ALL);
}

#define PG_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PG_TEST(test_use_is_written_once_a_minute),
        PG_TEST(test_old_tokens_still_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
