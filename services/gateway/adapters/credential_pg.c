#include "services/gateway/adapters/credential_pg.h"

#include "services/gateway/adapters/creation_pg.h"
#include "services/gateway/adapters/gateway_pg_rows.h"
#include "shared/base/alloc.h"
#include "shared/service/outbox.h"

static struct credential_pg *self(struct credential_repo *port)
{
    return PR_CONTAINER(port, struct credential_pg, port);
}

static enum pr_err read_changed(void *arg, const struct pg_result *result)
{
    (void)arg;
    return pg_affected(result) > 0 ? PR_OK : PR_ERR_NOT_FOUND;
}

/* ---- find ---- */

/* A use is written down when the minute of the last one is over. */
static const struct pg_stmt find_stmt = {
    "credential_find",
    "with c as (select a.id as account_id, a.name, a.tier, a.role, c.id, c.kind, c.scopes, "
    "c.expires_at "
    "from credential c join account a on a.id = c.account_id "
    "where c.hash = $1 and c.expires_at > $2 and not a.disabled "
    "and (c.kind = 'token' or greatest(c.created_at, c.last_used_at) >= $3)), "
    "u as (update credential u set last_used_at = date_trunc('minute', $2) from c "
    "where u.id = c.id and (u.last_used_at is null or u.last_used_at < date_trunc('minute', $2))) "
    "select account_id, name, tier, role, id, kind, scopes, expires_at from c"};

static enum pr_err read_caller(void *arg, const struct pg_result *result)
{
    if (pg_count(result) == 0)
        return PR_ERR_UNAUTHORIZED;
    caller_from_row(result, arg);
    return PR_OK;
}

static void find(struct credential_repo *port, const uint8_t hash[SECRET_HASH_BYTES],
                 int64_t now_ms, int64_t idle_before_ms, struct caller *out, struct pr_done done)
{
    struct pg_query *query = pg_query_new(self(port)->pg);
    pg_query_add(query, &find_stmt);
    pg_bind_bytes(query, pr_str_n(hash, SECRET_HASH_BYTES));
    pg_bind_time(query, now_ms);
    pg_bind_time(query, idle_before_ms);
    pg_query_rows(query, read_caller, out);
    pg_query_run(query, done);
}

/* ---- add ---- */

static const struct pg_stmt session_stmt = {
    "credential_add_session",
    "select session_add($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"};

static enum pr_err read_begun(void *arg, const struct pg_result *result)
{
    (void)arg;
    return pg_bool(result, 0, 0) ? PR_OK : PR_ERR_UNAUTHORIZED;
}

static void add_session(struct credential_repo *port, const struct credential *session,
                        const uint8_t hash[SECRET_HASH_BYTES], const char *password_hash,
                        const uint8_t *replaced, struct pr_done done)
{
    struct pg_query *query = pg_query_new(self(port)->pg);
    pg_query_add(query, &session_stmt);
    pg_bind_uuid(query, &session->id);
    pg_bind_uuid(query, &session->account_id);
    credential_bind(query, session, hash);
    pg_bind_int(query, CREDENTIALS_MAX);
    pg_bind_text(query, pr_str(password_hash));
    pg_bind_bytes(query, pr_str_n(replaced, SECRET_HASH_BYTES));
    pg_query_rows(query, read_begun, NULL);
    pg_query_run(query, done);
}

static const struct pg_stmt token_stmt = {
    "credential_add_token",
    "select verdict, subject from token_add($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, "
    "$13)"};

static const struct pg_stmt load_stmt = {"credential_load", "select " CREDENTIAL_COLUMNS
                                                            " from credential where id = $1"};

static enum pr_err read_credential(void *arg, const struct pg_result *result)
{
    if (pg_count(result) == 0)
        return PR_ERR_NOT_FOUND;
    credential_from_row(result, 0, arg);
    return PR_OK;
}

static void add_token(struct credential_repo *port, const struct credential *token,
                      const uint8_t hash[SECRET_HASH_BYTES], const struct idempotency *idempotency,
                      struct credential *stored, enum creation *out, struct pr_done done)
{
    struct pg *pg = self(port)->pg;
    struct pg_query *query = pg_query_new(pg);
    pg_query_add(query, &token_stmt);
    pg_bind_uuid(query, &token->id);
    pg_bind_uuid(query, &token->account_id);
    credential_bind(query, token, hash);
    pg_bind_int(query, CREDENTIALS_MAX);
    idempotency_bind(query, idempotency);
    *stored = *token;
    creation_run(query, &(struct creation_lookup){pg, &load_stmt, read_credential, stored}, out,
                 done);
}

/* ---- list, revoke, reap ---- */

static const struct pg_stmt list_stmt = {
    "credential_list", "select " CREDENTIAL_COLUMNS " from credential "
                       "where account_id = $1 and kind = $2 and expires_at > $3 order by id desc"};

static enum pr_err read_list(void *arg, const struct pg_result *result)
{
    struct credential_list *list = arg;
    list->items_n = pg_count(result);
    list->items = pr_arena_alloc(&list->arena, list->items_n * sizeof *list->items);
    for (size_t i = 0; i < list->items_n; i++)
        credential_from_row(result, i, &list->items[i]);
    return PR_OK;
}

static void list(struct credential_repo *port, const struct pr_uuid *account_id,
                 enum credential_kind kind, int64_t now_ms, struct credential_list *out,
                 struct pr_done done)
{
    struct pg_query *query = pg_query_new(self(port)->pg);
    pg_query_add(query, &list_stmt);
    pg_bind_uuid(query, account_id);
    pg_bind_text(query, pr_str(credential_kind_name(kind)));
    pg_bind_time(query, now_ms);
    pg_query_rows(query, read_list, out);
    pg_query_run(query, done);
}

static const struct pg_stmt revoke_stmt = {
    "credential_revoke", "delete from credential where id = $1 and account_id = $2 and kind = $3"};

static void revoke_one(struct credential_repo *port, const struct pr_uuid *account_id,
                       enum credential_kind kind, const struct pr_uuid *id, struct pr_done done)
{
    struct pg_query *query = pg_query_new(self(port)->pg);
    pg_query_add(query, &revoke_stmt);
    pg_bind_uuid(query, id);
    pg_bind_uuid(query, account_id);
    pg_bind_text(query, pr_str(credential_kind_name(kind)));
    pg_query_rows(query, read_changed, NULL);
    pg_query_run(query, done);
}

static const struct pg_stmt revoke_sessions_stmt = {
    "credential_revoke_sessions",
    "delete from credential where account_id = $1 and kind = 'session'"};

static void revoke_sessions(struct credential_repo *port, const struct pr_uuid *account_id,
                            struct pr_done done)
{
    struct pg_query *query = pg_query_new(self(port)->pg);
    pg_query_add(query, &revoke_sessions_stmt);
    pg_bind_uuid(query, account_id);
    pg_query_run(query, done);
}

static void reap(struct credential_repo *port, int64_t now_ms, size_t limit, struct pr_done done)
{
    static const struct pg_stmt tables[] = {
        {"credential_reap",
         "with old as (select id from credential where expires_at <= $1 order by expires_at "
         "limit $2 for update skip locked) "
         "delete from credential c using old where c.id = old.id"},
        {"invite_reap", "with old as (select id from invite where expires_at <= $1 "
                        "order by expires_at limit $2 for update skip locked) "
                        "delete from invite i using old where i.id = old.id"},
    };
    struct pg_query *query = pg_query_new(self(port)->pg);
    for (size_t i = 0; i < PR_COUNT(tables); i++) {
        pg_query_add(query, &tables[i]);
        pg_bind_time(query, now_ms);
        pg_bind_int(query, (int64_t)limit);
    }
    pg_query_run(query, done);
}

void credential_pg_init(struct credential_pg *repo, struct pg *pg)
{
    *repo = (struct credential_pg){
        .port =
            {
                .find = find,
                .add_session = add_session,
                .add_token = add_token,
                .list = list,
                .revoke = revoke_one,
                .revoke_sessions = revoke_sessions,
                .reap = reap,
            },
        .pg = pg,
    };
}
