#include "services/media/adapters/media_pg.h"

#include "services/media/adapters/media_pg_messages.h"
#include "services/media/adapters/media_pg_rows.h"
#include "shared/base/alloc.h"
#include "shared/service/outbox.h"

static struct media_pg *self(struct media_repo *port)
{
    return PR_CONTAINER(port, struct media_pg, port);
}

static enum pr_err read_changed(void *arg, const struct pg_result *result)
{
    *(bool *)arg = pg_count(result) > 0;
    return PR_OK;
}

static const struct pg_stmt insert_stmt = {
    "media_insert",
    "with c as (select * from idempotency_claim($9, $19, $20, $8)), "
    "m as (insert into media (id, owner_id, version, state, kind, filename, content_type, "
    "object_key, size_bytes, sha256, created_at, upload_expires_at) "
    "select $8, $9, $10, 'created', $11, $12, $13, $14, $15, $16, $17, $18 from c "
    "where c.verdict = 'new' returning id) "
    "select c.verdict, c.subject, (select " OUTBOX_ADD " from m) from c"};

static enum pr_err read_insertion(void *arg, const struct pg_result *result)
{
    struct insertion *insertion = arg;
    struct pr_str verdict = pg_text(result, 0, 0);
    insertion->outcome = pr_str_is(verdict, "new")       ? INSERTION_NEW
                         : pr_str_is(verdict, "replay")  ? INSERTION_REPLAYED
                         : pr_str_is(verdict, "running") ? INSERTION_RUNNING
                                                         : INSERTION_MISMATCH;
    if (!pg_is_null(result, 0, 1))
        insertion->media_id = pg_uuid(result, 0, 1);
    return PR_OK;
}

static void insert(struct media_repo *port, const struct media *media,
                   const struct idempotency *idempotency, struct insertion *out,
                   struct pr_done done)
{
    struct media_pg *repo = self(port);
    struct pr_buf body = outbox_body();
    enum pr_err err = media_created_encode(
        &(struct media_created_msg){
            .media_id = media->id,
            .owner_id = media->owner_id,
            .version = media->version,
            .filename = pr_str(media->filename),
            .content_type = pr_str(media->type->name),
            .size_bytes = media->size_bytes,
            .created_at_ms = media->created_at_ms,
        },
        &body);
    struct pg_query *query = outbox_query(repo->pg, &insert_stmt, MESSAGE_MEDIA_CREATED, &media->id,
                                          media->created_at_ms, &body, err, done);
    if (!query)
        return;
    pg_bind_uuid(query, &media->id);
    pg_bind_uuid(query, &media->owner_id);
    pg_bind_int(query, media->version);
    pg_bind_text(query, pr_str(media_kind_name(media->type->kind)));
    pg_bind_text(query, pr_str(media->filename));
    pg_bind_text(query, pr_str(media->type->name));
    pg_bind_text(query, pr_str(media->object_key));
    pg_bind_int(query, media->size_bytes);
    pg_bind_bytes(query, pr_str_n(media->sha256, sizeof media->sha256));
    pg_bind_time(query, media->created_at_ms);
    pg_bind_time(query, media->upload_expires_at_ms);
    idempotency_bind(query, idempotency);
    pg_query_rows(query, read_insertion, out);
    pg_query_run(query, outbox_done(repo->relay, done));
}

static const struct pg_stmt load_stmt = {"media_load",
                                         "select " MEDIA_COLUMNS " from media where id = $1"};

static enum pr_err read_media(void *arg, const struct pg_result *result)
{
    if (pg_count(result) == 0)
        return PR_ERR_NOT_FOUND;
    media_from_row(result, 0, arg);
    return PR_OK;
}

static void load(struct media_repo *port, const struct pr_uuid *id, struct media *out,
                 struct pr_done done)
{
    struct pg_query *query = pg_query_new(self(port)->pg);
    pg_query_add(query, &load_stmt);
    pg_bind_uuid(query, id);
    pg_query_rows(query, read_media, out);
    pg_query_run(query, done);
}

static enum pr_err read_page(void *arg, const struct pg_result *result)
{
    struct media_page *page = arg;
    page->items_n = pg_count(result);
    page->items = pr_arena_alloc(&page->arena, page->items_n * sizeof *page->items);
    for (size_t i = 0; i < page->items_n; i++)
        media_from_row(result, i, &page->items[i]);
    return PR_OK;
}

/* One more than asked for is read, to know whether there are more. */
static const struct pg_stmt list_stmt = {
    "media_list",
    "select " MEDIA_COLUMNS " from media where owner_id = $1 and ($2::uuid is null or id < $2) "
    "and ($3::text is null or state = $3) and ($4::text is null or kind = $4) "
    "order by id desc limit $5"};

struct list_op {
    struct media_page *page;
    size_t limit;
    struct pr_done done;
};

static void listed(void *arg, enum pr_err err)
{
    struct list_op *op = arg;
    if (!err && op->page->items_n > op->limit) {
        op->page->items_n = op->limit;
        op->page->more = true;
    }
    pr_done_call(op->done, err);
    free(op);
}

static void list(struct media_repo *port, const struct media_query *wanted, struct media_page *out,
                 struct pr_done done)
{
    const struct pr_str none = {NULL, 0};
    struct list_op *op = PR_NEW(struct list_op);
    *op = (struct list_op){out, wanted->limit, done};
    struct pg_query *query = pg_query_new(self(port)->pg);
    pg_query_add(query, &list_stmt);
    pg_bind_uuid(query, &wanted->owner_id);
    pg_bind_uuid(query, pr_uuid_is_nil(&wanted->before_id) ? NULL : &wanted->before_id);
    pg_bind_text(query, wanted->state < 0
                            ? none
                            : pr_str(media_state_name((enum media_state)wanted->state)));
    pg_bind_text(query,
                 wanted->kind < 0 ? none : pr_str(media_kind_name((enum media_kind)wanted->kind)));
    pg_bind_int(query, (int64_t)wanted->limit + 1);
    pg_query_rows(query, read_page, out);
    pg_query_run(query, (struct pr_done){listed, op});
}

static const struct pg_stmt finalize_stmt = {
    "media_finalize",
    "with m as (update media set state = 'finalized', version = $10, finalized_at = $9 "
    "where id = $8 and version = $10 - 1 returning id) select " OUTBOX_ADD " from m"};

static void save_finalized(struct media_repo *port, const struct media *media, bool *changed,
                           struct pr_done done)
{
    struct media_pg *repo = self(port);
    struct pr_buf body = outbox_body();
    enum pr_err err = media_finalized_encode(
        &(struct media_finalized_msg){
            .media_id = media->id,
            .owner_id = media->owner_id,
            .version = media->version,
            .filename = pr_str(media->filename),
            .content_type = pr_str(media->type->name),
            .size_bytes = media->size_bytes,
            .sha256 = pr_str_n(media->sha256, sizeof media->sha256),
            .object_key = pr_str(media->object_key),
            .finalized_at_ms = media->finalized_at_ms,
        },
        &body);
    struct pg_query *query = outbox_query(repo->pg, &finalize_stmt, MESSAGE_MEDIA_FINALIZED,
                                          &media->id, media->finalized_at_ms, &body, err, done);
    if (!query)
        return;
    pg_bind_uuid(query, &media->id);
    pg_bind_time(query, media->finalized_at_ms);
    pg_bind_int(query, media->version);
    pg_query_rows(query, read_changed, changed);
    pg_query_run(query, outbox_done(repo->relay, done));
}

static const struct pg_stmt reject_stmt = {
    "media_reject", "update media set state = 'rejected', version = $2, reject_reason = $3 "
                    "where id = $1 and version = $2 - 1 returning id"};

static void save_rejected(struct media_repo *port, const struct media *media, bool *changed,
                          struct pr_done done)
{
    struct pg_query *query = pg_query_new(self(port)->pg);
    pg_query_add(query, &reject_stmt);
    pg_bind_uuid(query, &media->id);
    pg_bind_int(query, media->version);
    pg_bind_text(query, pr_str(media->reject_reason));
    pg_query_rows(query, read_changed, changed);
    pg_query_run(query, done);
}

/* The second job is for a URL that is still good: until it dies, an upload may begin that brings the
 * object once more, and large ones take their time. */
static const struct pg_stmt remove_stmt = {
    "media_remove",
    "with m as (delete from media where id = $8 and version = $9 "
    "returning id, owner_id, object_key, upload_expires_at) "
    "select " OUTBOX_ADD ", "
    "job_add('" PURGE_JOB
    "', id || ':now', id, owner_id, 0, convert_to(object_key, 'UTF8'), " PURGE_ATTEMPTS
    ", $6, now()), "
    "case when upload_expires_at > $10 then "
    "job_add('" PURGE_JOB
    "', id || ':late', id, owner_id, 0, convert_to(object_key, 'UTF8'), " PURGE_ATTEMPTS
    ", $6, upload_expires_at + interval '1 hour') end from m"};

static enum pr_err count_removed(void *arg, const struct pg_result *result)
{
    *(size_t *)arg += pg_count(result);
    return PR_OK;
}

static enum pr_err add_removal(struct pg_query *query, const struct media *media, int64_t now_ms,
                               size_t *removed)
{
    struct pr_buf body = outbox_body();
    enum pr_err err = media_deleted_encode(
        &(struct media_deleted_msg){
            .media_id = media->id,
            .owner_id = media->owner_id,
            .version = media->version + 1,
            .object_key = pr_str(media->object_key),
            .deleted_at_ms = now_ms,
        },
        &body);
    err = outbox_query_add(query, &remove_stmt, MESSAGE_MEDIA_DELETED, &media->id, now_ms, &body,
                           err);
    if (err)
        return err;
    pg_bind_uuid(query, &media->id);
    pg_bind_int(query, media->version);
    pg_bind_time(query, now_ms);
    pg_query_rows(query, count_removed, removed);
    return PR_OK;
}

static void remove_rows(struct media_repo *port, const struct media *media, size_t n,
                        int64_t now_ms, size_t *removed, struct pr_done done)
{
    struct media_pg *repo = self(port);
    struct pg_query *query = pg_query_new(repo->pg);
    enum pr_err err = PR_OK;
    *removed = 0;
    for (size_t i = 0; i < n && !err; i++)
        err = add_removal(query, &media[i], now_ms, removed);
    if (err) {
        pg_query_drop(query);
        pr_done_call(done, err);
        return;
    }
    pg_query_run(query, outbox_done(repo->relay, jobs_done(&repo->purges, done)));
}

static const struct pg_stmt abandoned_stmt = {
    "media_abandoned",
    "select " MEDIA_COLUMNS " from media where state = 'created' and upload_expires_at < $1 "
    "order by upload_expires_at limit $2"};

static void list_abandoned(struct media_repo *port, int64_t before_ms, size_t limit,
                           struct media_page *out, struct pr_done done)
{
    struct pg_query *query = pg_query_new(self(port)->pg);
    pg_query_add(query, &abandoned_stmt);
    pg_bind_time(query, before_ms);
    pg_bind_int(query, (int64_t)limit);
    pg_query_rows(query, read_page, out);
    pg_query_run(query, done);
}

void media_pg_init(struct media_pg *repo, struct pg *pg, struct relay *relay,
                   const struct pr_clock *clock)
{
    *repo = (struct media_pg){
        .port =
            {
                .insert = insert,
                .load = load,
                .list = list,
                .save_finalized = save_finalized,
                .save_rejected = save_rejected,
                .remove = remove_rows,
                .list_abandoned = list_abandoned,
                .apply_rendered = media_pg_apply_rendered,
                .apply_rejected = media_pg_apply_rejected,
                .apply_account = media_pg_apply_account,
                .finish_job = media_pg_finish_job,
            },
        .pg = pg,
        .relay = relay,
        .clock = clock,
    };
}
