#include "services/gateway/adapters/invite_pg.h"

#include "services/gateway/adapters/creation_pg.h"
#include "services/gateway/adapters/gateway_pg_rows.h"
#include "shared/base/alloc.h"
#include "shared/service/outbox.h"

static struct invite_pg *self(struct invite_repo *port)
{
    return PR_CONTAINER(port, struct invite_pg, port);
}

static const struct pg_stmt add_stmt = {
    "invite_add", "with k as (select * from idempotency_claim($1, $8, $9, $2)), "
                  "i as (insert into invite (id, hash, tier, role, created_at, expires_at, "
                  "made_by) select $2, $3, $4, $5, $6, $7, $1 from k where k.verdict = 'new') "
                  "select verdict, subject from k"};

static const struct pg_stmt load_stmt = {"invite_load",
                                         "select " INVITE_COLUMNS " from invite where id = $1"};

static enum pr_err read_invite(void *arg, const struct pg_result *result)
{
    if (pg_count(result) == 0)
        return PR_ERR_NOT_FOUND;
    invite_from_row(result, 0, arg);
    return PR_OK;
}

static void add(struct invite_repo *port, const struct invite *invite,
                const uint8_t hash[SECRET_HASH_BYTES], const struct pr_uuid *caller,
                const struct idempotency *idempotency, struct invite *stored, enum creation *out,
                struct pr_done done)
{
    struct pg *pg = self(port)->pg;
    struct pg_query *query = pg_query_new(pg);
    pg_query_add(query, &add_stmt);
    pg_bind_uuid(query, caller);
    pg_bind_uuid(query, &invite->id);
    pg_bind_bytes(query, pr_str_n(hash, SECRET_HASH_BYTES));
    pg_bind_text(query, pr_str(identity_tier_name(invite->tier)));
    pg_bind_text(query, pr_str(identity_role_name(invite->role)));
    pg_bind_time(query, invite->created_at_ms);
    pg_bind_time(query, invite->expires_at_ms);
    idempotency_bind(query, idempotency);
    *stored = *invite;
    creation_run(query, &(struct creation_lookup){pg, &load_stmt, read_invite, stored}, out, done);
}

static const struct pg_stmt list_stmt = {
    "invite_list",
    "select " INVITE_COLUMNS " from invite where expires_at > $1 order by id desc limit 200"};

static enum pr_err read_list(void *arg, const struct pg_result *result)
{
    struct invite_list *list = arg;
    list->items_n = pg_count(result);
    list->items = pr_arena_alloc(&list->arena, list->items_n * sizeof *list->items);
    for (size_t i = 0; i < list->items_n; i++)
        invite_from_row(result, i, &list->items[i]);
    return PR_OK;
}

static void list(struct invite_repo *port, int64_t now_ms, struct invite_list *out,
                 struct pr_done done)
{
    struct pg_query *query = pg_query_new(self(port)->pg);
    pg_query_add(query, &list_stmt);
    pg_bind_time(query, now_ms);
    pg_query_rows(query, read_list, out);
    pg_query_run(query, done);
}

static const struct pg_stmt revoke_stmt = {"invite_revoke", "delete from invite where id = $1"};

static enum pr_err read_revoked(void *arg, const struct pg_result *result)
{
    (void)arg;
    return pg_affected(result) > 0 ? PR_OK : PR_ERR_NOT_FOUND;
}

static void revoke_one(struct invite_repo *port, const struct pr_uuid *id, struct pr_done done)
{
    struct pg_query *query = pg_query_new(self(port)->pg);
    pg_query_add(query, &revoke_stmt);
    pg_bind_uuid(query, id);
    pg_query_rows(query, read_revoked, NULL);
    pg_query_run(query, done);
}

void invite_pg_init(struct invite_pg *repo, struct pg *pg)
{
    *repo = (struct invite_pg){
        .port = {.add = add, .list = list, .revoke = revoke_one},
        .pg = pg,
    };
}
