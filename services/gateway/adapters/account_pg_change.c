/* A change of an account:
 *
 *     load -> apply -> save -> done
 *       ^                |
 *       '---- again -----'  nothing was saved: somebody else changed it meanwhile
 *
 * The message holds the whole account, so it is read first; the version keeps both true. Each round
 * that is lost was won by another change, so they come to an end. When nothing was saved and nothing
 * had changed either, the last administrator was about to go. */
#include "services/gateway/adapters/account_pg_change.h"

#include "services/gateway/adapters/gateway_pg_rows.h"
#include "shared/base/alloc.h"
#include "shared/service/outbox.h"

struct change_op {
    struct account_pg *repo;
    struct pr_uuid id;
    enum { CHANGE_EMAIL, ADMINISTER, REMOVE } kind;
    struct pr_str email;                 /* of CHANGE_EMAIL */
    const struct account_change *change; /* of ADMINISTER */
    int64_t now_ms;
    struct account before; /* load fills it */
    struct account after;  /* apply fills it */
    int64_t refused_version;
    bool saved;
    struct account *out; /* NULL for REMOVE */
    struct pr_done done;
};

enum pr_err account_changed_body(const struct account *account, bool deleted, int64_t changed_at_ms,
                                 struct pr_buf *out)
{
    return account_changed_encode(
        &(struct account_changed_msg){
            .account_id = account->id,
            .version = account->version,
            .name = pr_str(account->name),
            .tier = pr_str(identity_tier_name(account->tier)),
            .role = pr_str(identity_role_name(account->role)),
            .disabled = account->disabled,
            .deleted = deleted,
            .changed_at_ms = changed_at_ms,
        },
        out);
}

static void finish(struct change_op *op, enum pr_err err)
{
    if (!err && op->out)
        *op->out = op->after;
    pr_done_call(op->done, err);
    free(op);
}

/* ---- save ---- */

/* One change after the other, of an account and of all administrators when one of them goes; and the
 * statement after it sees what those before did. In the order of ids, so that none waits for
 * another in a circle. */
static const struct pg_stmt lock_stmt = {
    "account_change_lock",
    "select 1 from account where id = $1 or ($2 and role = 'admin') order by id for update"};

static const struct pg_stmt save_stmt = {
    "account_save",
    "with a as (update account set version = $9, email = $10, tier = $11, role = $12, "
    "disabled = $13, deleted_at = case when $14 then $15 end, "
    "password_hash = case when $14 then null else password_hash end "
    "where id = $8 and version = $9 - 1 and (not $16 or exists "
    "(select from account o where o.id <> $8 and o.role = 'admin' and not o.disabled)) "
    "returning id), "
    "c as (delete from credential using a where account_id = a.id "
    "and ($14 or ($13 and kind = 'session'))), "
    "i as (delete from invite using a where $16 and made_by = a.id and used_at is null) "
    "select " OUTBOX_ADD " from a"};

static enum pr_err read_saved(void *arg, const struct pg_result *result)
{
    struct change_op *op = arg;
    op->saved = pg_count(result) > 0;
    return PR_OK;
}

static void load_for_change(struct change_op *op);

static void save_done(void *arg, enum pr_err err)
{
    struct change_op *op = arg;
    if (err || op->saved) {
        finish(op, err);
        return;
    }
    op->refused_version = op->before.version;
    load_for_change(op);
}

static bool administers(const struct account *account)
{
    return account->role == ROLE_ADMIN && !account->disabled;
}

static void save(struct change_op *op)
{
    const struct account *after = &op->after;
    bool removed = op->kind == REMOVE;
    bool loses_administrator = administers(&op->before) && !administers(after);
    struct pr_buf body = outbox_body();
    struct pg_query *query = pg_query_new(op->repo->pg);
    pg_query_add(query, &lock_stmt);
    pg_bind_uuid(query, &op->id);
    pg_bind_bool(query, loses_administrator);
    enum pr_err err = account_changed_body(after, removed, op->now_ms, &body);
    err = outbox_query_add(query, &save_stmt, MESSAGE_ACCOUNT_CHANGED, &op->id, op->now_ms, &body,
                           err);
    if (err) {
        pg_query_drop(query);
        finish(op, err);
        return;
    }
    pg_bind_uuid(query, &op->id);
    pg_bind_int(query, after->version);
    pg_bind_text(query, pr_str(after->email[0] ? after->email : NULL));
    pg_bind_text(query, pr_str(identity_tier_name(after->tier)));
    pg_bind_text(query, pr_str(identity_role_name(after->role)));
    pg_bind_bool(query, after->disabled);
    pg_bind_bool(query, removed);
    pg_bind_time(query, op->now_ms);
    pg_bind_bool(query, loses_administrator);
    pg_query_rows(query, read_saved, op);
    pg_query_run(query, outbox_done(op->repo->relay, (struct pr_done){save_done, op}));
}

/* ---- load, apply ---- */

static enum pr_err apply(struct change_op *op)
{
    struct account *after = &op->after;
    *after = op->before;
    after->version++;
    switch (op->kind) {
    case CHANGE_EMAIL:
        if (!pr_str_copy(op->email, after->email, sizeof after->email))
            return PR_ERR_INTERNAL; /* a checked address fits */
        break;
    case ADMINISTER:
        if (op->change->has_tier)
            after->tier = op->change->tier;
        if (op->change->has_role)
            after->role = op->change->role;
        if (op->change->has_disabled)
            after->disabled = op->change->disabled;
        break;
    case REMOVE:
        after->disabled = true;
        after->email[0] = 0;
        break;
    }
    return PR_OK;
}

static void loaded(void *arg, enum pr_err err)
{
    struct change_op *op = arg;
    if (!err && op->before.version == op->refused_version)
        err = PR_ERR_CONFLICT;
    if (!err)
        err = apply(op);
    if (err)
        finish(op, err);
    else
        save(op);
}

static void load_for_change(struct change_op *op)
{
    op->repo->port.load(&op->repo->port, &op->id, &op->before, (struct pr_done){loaded, op});
}

/* ---- the ports ---- */

static struct change_op *new_op(struct account_repo *repo, const struct pr_uuid *id, int64_t now_ms,
                                struct account *out, struct pr_done done)
{
    struct change_op *op = PR_NEW(struct change_op);
    op->repo = PR_CONTAINER(repo, struct account_pg, port);
    op->id = *id;
    op->now_ms = now_ms;
    op->out = out;
    op->done = done;
    return op;
}

void account_pg_change_email(struct account_repo *repo, const struct pr_uuid *id,
                             struct pr_str email, int64_t now_ms, struct account *out,
                             struct pr_done done)
{
    struct change_op *op = new_op(repo, id, now_ms, out, done);
    op->kind = CHANGE_EMAIL;
    op->email = email;
    load_for_change(op);
}

void account_pg_administer(struct account_repo *repo, const struct pr_uuid *id,
                           const struct account_change *change, int64_t now_ms, struct account *out,
                           struct pr_done done)
{
    struct change_op *op = new_op(repo, id, now_ms, out, done);
    op->kind = ADMINISTER;
    op->change = change;
    load_for_change(op);
}

void account_pg_remove(struct account_repo *repo, const struct pr_uuid *id, int64_t now_ms,
                       struct pr_done done)
{
    struct change_op *op = new_op(repo, id, now_ms, NULL, done);
    op->kind = REMOVE;
    load_for_change(op);
}
