#include "services/gateway/adapters/account_pg.h"

#include "shared/base/alloc.h"

#include <assert.h>

static struct account_pg *self(struct account_repo *port)
{
    return PR_CONTAINER(port, struct account_pg, port);
}

static const struct pg_stmt find_stmt = {
    "token_find", "select a.id, a.name, a.tier, a.role from api_token t "
                  "join account a on a.id = t.account_id where t.hash = $1 and not a.disabled"};

static enum pr_err read_identity(void *arg, const struct pg_result *result)
{
    struct identity *out = arg;
    if (pg_count(result) == 0)
        return PR_ERR_UNAUTHORIZED;
    out->account_id = pg_uuid(result, 0, 0);
    bool known = pr_str_copy(pg_text(result, 0, 1), out->name, sizeof out->name) &&
                 identity_tier_parse(pg_text(result, 0, 2), &out->tier) &&
                 identity_role_parse(pg_text(result, 0, 3), &out->role);
    assert(known); /* the table's checks allow nothing else */
    (void)known;
    return PR_OK;
}

static void find_token(struct account_repo *port, const uint8_t hash[TOKEN_HASH_BYTES],
                       struct identity *out, struct pr_done done)
{
    struct pg_query *query = pg_query_new(self(port)->pg);
    pg_query_add(query, &find_stmt);
    pg_bind_bytes(query, pr_str_n(hash, TOKEN_HASH_BYTES));
    pg_query_rows(query, read_identity, out);
    pg_query_run(query, done);
}

/* An administrator who is there already is updated to what he is, so that his row comes back and
 * the token goes to him. */
static const struct pg_stmt add_stmt = {
    "token_add_admin", "with a as (insert into account (id, name, tier, role) values ($1, 'admin', "
                       "'business', 'admin') "
                       "on conflict (name) do update set name = excluded.name returning id) "
                       "insert into api_token (id, account_id, name, hash) "
                       "select $2, a.id, 'admin-token', $3 from a"};

static void add_admin_token(struct account_repo *port, const uint8_t hash[TOKEN_HASH_BYTES],
                            int64_t now_ms, struct pr_done done)
{
    struct pr_uuid account_id = pr_uuid_v7(now_ms), token_id = pr_uuid_v7(now_ms);
    struct pg_query *query = pg_query_new(self(port)->pg);
    pg_query_add(query, &add_stmt);
    pg_bind_uuid(query, &account_id);
    pg_bind_uuid(query, &token_id);
    pg_bind_bytes(query, pr_str_n(hash, TOKEN_HASH_BYTES));
    pg_query_run(query, done);
}

void account_pg_init(struct account_pg *repo, struct pg *pg)
{
    *repo = (struct account_pg){
        .port = {.find_token = find_token, .add_admin_token = add_admin_token},
        .pg = pg,
    };
}
