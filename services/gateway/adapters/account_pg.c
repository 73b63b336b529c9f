#include "services/gateway/adapters/account_pg.h"

#include "services/gateway/adapters/account_pg_change.h"
#include "services/gateway/adapters/creation_pg.h"
#include "services/gateway/adapters/gateway_pg_rows.h"
#include "shared/base/alloc.h"
#include "shared/service/outbox.h"

static struct account_pg *self(struct account_repo *port)
{
    return PR_CONTAINER(port, struct account_pg, port);
}

/* ---- reads ---- */

static const struct pg_stmt load_stmt = {
    "account_load", "select " ACCOUNT_COLUMNS " from account where id = $1 and deleted_at is null"};

static enum pr_err read_account(void *arg, const struct pg_result *result)
{
    if (pg_count(result) == 0)
        return PR_ERR_NOT_FOUND;
    account_from_row(result, 0, arg);
    return PR_OK;
}

static void load(struct account_repo *port, const struct pr_uuid *id, struct account *out,
                 struct pr_done done)
{
    struct pg_query *query = pg_query_new(self(port)->pg);
    pg_query_add(query, &load_stmt);
    pg_bind_uuid(query, id);
    pg_query_rows(query, read_account, out);
    pg_query_run(query, done);
}

static enum pr_err read_login(void *arg, const struct pg_result *result)
{
    struct login *login = arg;
    login->found = pg_count(result) > 0;
    if (login->found)
        login_from_row(result, login);
    return PR_OK;
}

/* Deleted accounts have neither address nor password. */
static const struct pg_stmt find_login_stmt = {
    "account_find_login",
    "select " LOGIN_COLUMNS " from account where email = $1 and password_hash is not null"};

static void find_login(struct account_repo *port, struct pr_str email, struct login *out,
                       struct pr_done done)
{
    struct pg_query *query = pg_query_new(self(port)->pg);
    pg_query_add(query, &find_login_stmt);
    pg_bind_text(query, email);
    pg_query_rows(query, read_login, out);
    pg_query_run(query, done);
}

static const struct pg_stmt load_login_stmt = {
    "account_load_login",
    "select " LOGIN_COLUMNS " from account where id = $1 and password_hash is not null"};

static void load_login(struct account_repo *port, const struct pr_uuid *id, struct login *out,
                       struct pr_done done)
{
    struct pg_query *query = pg_query_new(self(port)->pg);
    pg_query_add(query, &load_login_stmt);
    pg_bind_uuid(query, id);
    pg_query_rows(query, read_login, out);
    pg_query_run(query, done);
}

/* strpos knows no wildcards. */
static const struct pg_stmt list_stmt = {
    "account_list", "select " ACCOUNT_COLUMNS " from account where deleted_at is null "
                    "and ($1::uuid is null or id < $1) "
                    "and (strpos(name, lower($2)) > 0 or strpos(email, lower($2)) > 0) "
                    "order by id desc limit $3"};

static enum pr_err read_page(void *arg, const struct pg_result *result)
{
    struct account_page *page = arg;
    page->items_n = pg_count(result);
    page->items = pr_arena_alloc(&page->arena, page->items_n * sizeof *page->items);
    for (size_t i = 0; i < page->items_n; i++)
        account_from_row(result, i, &page->items[i]);
    return PR_OK;
}

struct list_op {
    struct account_page *page;
    size_t limit;
    struct pr_done done;
};

static void listed(void *arg, enum pr_err err)
{
    struct list_op *op = arg;
    op->page->more = !err && op->page->items_n > op->limit;
    if (op->page->more)
        op->page->items_n = op->limit;
    pr_done_call(op->done, err);
    free(op);
}

/* One more than asked for is read, to know whether there are more. */
static void list(struct account_repo *port, const struct account_query *wanted,
                 struct account_page *out, struct pr_done done)
{
    struct list_op *op = PR_NEW(struct list_op);
    *op = (struct list_op){out, wanted->limit, done};
    struct pg_query *query = pg_query_new(self(port)->pg);
    pg_query_add(query, &list_stmt);
    pg_bind_uuid(query, pr_uuid_is_nil(&wanted->before_id) ? NULL : &wanted->before_id);
    pg_bind_text(query, pr_str_n(wanted->search.n > 0 ? wanted->search.p : "", wanted->search.n));
    pg_bind_int(query, (int64_t)wanted->limit + 1);
    pg_query_rows(query, read_page, out);
    pg_query_run(query, (struct pr_done){listed, op});
}

/* ---- add ---- */

struct add_op {
    struct account_pg *repo;
    const struct new_account *new_account;
    const struct idempotency *idempotency;
    struct account *account;
    enum creation *out;
    struct pr_done done;
};

static const struct pg_stmt add_stmt = {
    "account_add", "select verdict, subject, case verdict when 'new' then " OUTBOX_ADD " end "
                   "from account_add($8, $9, $10, $11, $12, $13, $14, $15, $16, $17)"};

static void add_as_invited(struct add_op *op)
{
    const struct account *account = op->account;
    const uint8_t *invite_hash = op->new_account->invite_hash;
    struct pr_done done = outbox_done(op->repo->relay, op->done);
    struct pr_buf body = outbox_body();
    enum pr_err err = account_changed_body(account, false, account->created_at_ms, &body);
    struct pg_query *query = outbox_query(op->repo->pg, &add_stmt, MESSAGE_ACCOUNT_CHANGED,
                                          &account->id, account->created_at_ms, &body, err, done);
    if (!query)
        return;
    pg_bind_uuid(query, &account->id);
    pg_bind_text(query, pr_str(account->name));
    pg_bind_text(query, pr_str(account->email));
    pg_bind_text(query, pr_str(op->new_account->password_hash));
    pg_bind_text(query, pr_str(identity_tier_name(account->tier)));
    pg_bind_text(query, pr_str(identity_role_name(account->role)));
    pg_bind_time(query, account->created_at_ms);
    pg_bind_bytes(query, pr_str_n(invite_hash, invite_hash ? SECRET_HASH_BYTES : 0));
    idempotency_bind(query, op->idempotency);
    creation_run(query,
                 &(struct creation_lookup){op->repo->pg, &load_stmt, read_account, op->account},
                 op->out, done);
}

static const struct pg_stmt invite_stmt = {"account_invite",
                                           "select tier, role from invite where hash = $1"};

/* One that is unknown is refused when the account is added; unless that was done before. */
static enum pr_err read_invited(void *arg, const struct pg_result *result)
{
    if (pg_count(result) > 0)
        invited_from_row(result, arg);
    return PR_OK;
}

static void invite_read(void *arg, enum pr_err err)
{
    struct add_op *op = arg;
    if (err)
        pr_done_call(op->done, err);
    else
        add_as_invited(op);
    free(op);
}

static void add(struct account_repo *port, const struct new_account *new_account,
                const struct idempotency *idempotency, struct account *account, enum creation *out,
                struct pr_done done)
{
    struct add_op op = {self(port), new_account, idempotency, account, out, done};
    *account = new_account->account;
    account->version = 1;
    if (!new_account->invite_hash) {
        add_as_invited(&op);
        return;
    }
    struct add_op *later = PR_NEW(struct add_op);
    *later = op;
    struct pg_query *query = pg_query_new(op.repo->pg);
    pg_query_add(query, &invite_stmt);
    pg_bind_bytes(query, pr_str_n(new_account->invite_hash, SECRET_HASH_BYTES));
    pg_query_rows(query, read_invited, account);
    pg_query_run(query, (struct pr_done){invite_read, later});
}

/* ---- what sends no message, or that of another ---- */

/* A login may be adding a session: the account is its turn to wait for. */
static const struct pg_stmt lock_stmt = {"account_lock",
                                         "select 1 from account where id = $1 for update"};

static const struct pg_stmt password_stmt = {
    "account_password",
    "with a as (update account set password_hash = $2 where id = $1 and password_hash = $4 "
    "returning id), "
    "c as (delete from credential using a where account_id = a.id and kind = 'session' "
    "and credential.id <> $3) "
    "select id from a"};

static enum pr_err read_there(void *arg, const struct pg_result *result)
{
    (void)arg;
    return pg_count(result) > 0 ? PR_OK : PR_ERR_NOT_FOUND;
}

static void change_password(struct account_repo *port, const struct pr_uuid *id,
                            const char *old_hash, const char *new_hash, const struct pr_uuid *keep,
                            struct pr_done done)
{
    struct pg_query *query = pg_query_new(self(port)->pg);
    pg_query_add(query, &lock_stmt);
    pg_bind_uuid(query, id);
    pg_query_add(query, &password_stmt);
    pg_bind_uuid(query, id);
    pg_bind_text(query, pr_str(new_hash));
    pg_bind_uuid(query, keep);
    pg_bind_text(query, pr_str(old_hash));
    pg_query_rows(query, read_there, NULL);
    pg_query_run(query, done);
}

/* An administrator who is there already is updated to what he is, so that his row comes back and the
 * token goes to him. */
static const struct pg_stmt admin_token_stmt = {
    "account_admin_token",
    "with a as (insert into account as x (id, name, tier, role, created_at) "
    "values ($8, $9, $10, $11, $12) "
    "on conflict (name) do update set name = excluded.name where x.role = 'admin' and not "
    "x.disabled "
    "returning id), "
    "c as (insert into credential (id, account_id, kind, name, scopes, hash, agent, address, "
    "created_at, expires_at) select $13, a.id, $14, $15, $16, $17, $18, $19, $20, $21 from a) "
    "select case when id = $8 then " OUTBOX_ADD " end from a"};

static enum pr_err read_admin(void *arg, const struct pg_result *result)
{
    (void)arg;
    return pg_count(result) > 0 ? PR_OK : PR_ERR_CONFLICT;
}

static void add_admin_token(struct account_repo *port, const struct credential *token,
                            const uint8_t hash[SECRET_HASH_BYTES], struct pr_done done)
{
    struct account_pg *repo = self(port);
    const struct account admin = {.id = pr_uuid_v7(token->created_at_ms),
                                  .name = "admin",
                                  .tier = TIER_BUSINESS,
                                  .role = ROLE_ADMIN,
                                  .version = 1,
                                  .created_at_ms = token->created_at_ms};
    struct pr_buf body = outbox_body();
    enum pr_err err = account_changed_body(&admin, false, admin.created_at_ms, &body);
    struct pg_query *query = outbox_query(repo->pg, &admin_token_stmt, MESSAGE_ACCOUNT_CHANGED,
                                          &admin.id, admin.created_at_ms, &body, err, done);
    if (!query)
        return;
    pg_bind_uuid(query, &admin.id);
    pg_bind_text(query, pr_str(admin.name));
    pg_bind_text(query, pr_str(identity_tier_name(admin.tier)));
    pg_bind_text(query, pr_str(identity_role_name(admin.role)));
    pg_bind_time(query, admin.created_at_ms);
    pg_bind_uuid(query, &token->id);
    credential_bind(query, token, hash);
    pg_query_rows(query, read_admin, NULL);
    pg_query_run(query, outbox_done(repo->relay, done));
}

void account_pg_init(struct account_pg *repo, struct pg *pg, struct relay *const *relay)
{
    *repo = (struct account_pg){
        .port =
            {
                .add = add,
                .load = load,
                .find_login = find_login,
                .load_login = load_login,
                .list = list,
                .change_email = account_pg_change_email,
                .change_password = change_password,
                .administer = account_pg_administer,
                .remove = account_pg_remove,
                .add_admin_token = add_admin_token,
            },
        .pg = pg,
        .relay = relay,
    };
}
