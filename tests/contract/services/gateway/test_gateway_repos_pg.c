#include "proto/messages.h"
#include "services/gateway/adapters/account_pg.h"
#include "services/gateway/adapters/credential_pg.h"
#include "services/gateway/adapters/invite_pg.h"
#include "shared/base/alloc.h"
#include "shared/base/encode.h"
#include "tests/contract/services/gateway/gateway_repos_contract.h"
#include "tests/integration/shared/pg/fixture.h"
#include "tests/support/logs.h"

extern const struct pg_migration service_migrations[];

struct pg_fixture {
    struct repos_fixture port;
    struct fixture *db;
    struct account_pg accounts;
    struct credential_pg credentials;
    struct invite_pg invites;
};

/* Stands in for the relay: what is committed with a message must wake it. */
static unsigned pokes;
static struct relay *const stand_in = (struct relay *)(void *)&pokes;

void relay_poke(struct relay *relay)
{
    assert_ptr_equal(relay, stand_in);
    pokes++;
}

static struct pg_fixture *self(struct repos_fixture *port)
{
    return PR_CONTAINER(port, struct pg_fixture, port);
}

static void wait(struct repos_fixture *port, const struct await *await)
{
    fixture_until(self(port)->db, await->calls > 0);
}

static struct sent_account decode(struct pr_str body)
{
    struct account_changed_msg msg;
    struct pr_fault fault;
    assert_int_equal(account_changed_decode(body, &msg, &fault), PR_OK);
    struct sent_account sent = {
        .account = {.id = msg.account_id, .disabled = msg.disabled, .version = msg.version},
        .deleted = msg.deleted,
        .changed_at_ms = msg.changed_at_ms,
    };
    assert_true(pr_str_copy(msg.name, sent.account.name, sizeof sent.account.name));
    assert_true(identity_tier_parse(msg.tier, &sent.account.tier));
    assert_true(identity_role_parse(msg.role, &sent.account.role));
    return sent;
}

static size_t messages(struct repos_fixture *port, const struct pr_uuid *account_id,
                       struct sent_account *out, size_t max)
{
    char id[PR_UUID_TEXT];
    const char *values[] = {pr_uuid_format(account_id, id),
                            message_infos[MESSAGE_ACCOUNT_CHANGED].type,
                            message_infos[MESSAGE_ACCOUNT_CHANGED].topic};
    uint8_t body[512];
    PGresult *result = PQexecParams(self(port)->db->admin,
                                    "select encode(body, 'hex') from outbox where subject = $1 "
                                    "and key = convert_to($1, 'UTF8') and type = $2 "
                                    "and topic = $3 order by seq",
                                    3, NULL, values, NULL, NULL, 0);
    assert_int_equal(PQresultStatus(result), PGRES_TUPLES_OK);
    size_t n = (size_t)PQntuples(result);
    assert_true(n <= max);
    for (size_t i = 0; i < n; i++) {
        struct pr_str hex = pr_str(PQgetvalue(result, (int)i, 0));
        assert_true(hex.n / 2 <= sizeof body && pr_hex_decode(hex, body, hex.n / 2));
        out[i] = decode(pr_str_n(body, hex.n / 2));
        assert_true(pr_uuid_eq(&out[i].account.id, account_id));
    }
    PQclear(result);
    return n;
}

static void hold_key(struct repos_fixture *port, const struct pr_uuid *account,
                     const struct idempotency *key)
{
    struct fixture *db = self(port)->db;
    char id[PR_UUID_TEXT], key_hash[65], request_hash[65];
    pr_hex_encode(key->key_hash, sizeof key->key_hash, key_hash);
    pr_hex_encode(key->request_hash, sizeof key->request_hash, request_hash);
    const char *values[] = {pr_uuid_format(account, id), key_hash, request_hash};
    fixture_exec(db, "begin");
    PGresult *result = PQexecParams(db->admin,
                                    "select idempotency_claim($1::uuid, decode($2, 'hex'), "
                                    "decode($3, 'hex'), gen_random_uuid())",
                                    3, NULL, values, NULL, NULL, 0);
    assert_int_equal(PQresultStatus(result), PGRES_TUPLES_OK);
    PQclear(result);
}

static void let_key_go(struct repos_fixture *port)
{
    fixture_exec(self(port)->db, "rollback");
}

static int setup(void **state)
{
    struct pg_fixture *f = PR_NEW(struct pg_fixture);
    void *db;
    logs_catch();
    fixture_setup(&db);
    f->db = db;
    assert_int_equal(pg_migrate(f->db->url, service_migrations, 0), PR_OK);
    fixture_pool(f->db, NULL, 6, 5000);
    account_pg_init(&f->accounts, f->db->pg, &stand_in);
    credential_pg_init(&f->credentials, f->db->pg);
    invite_pg_init(&f->invites, f->db->pg);
    f->port = (struct repos_fixture){
        .accounts = &f->accounts.port,
        .credentials = &f->credentials.port,
        .invites = &f->invites.port,
        .wait = wait,
        .messages = messages,
        .hold_key = hold_key,
        .let_key_go = let_key_go,
    };
    pokes = 0;
    *state = &f->port;
    return 0;
}

static int teardown(void **state)
{
    struct pg_fixture *f = self(*state);
    void *db = f->db;
    unsigned sent = (unsigned)fixture_int(f->db, "select count(*) from outbox");
    fixture_teardown(&db);
    logs_let_go();
    free(f);
    assert_true(pokes >= sent);
    return 0;
}

int main(void)
{
    return gateway_repos_contract_run(setup, teardown);
}
