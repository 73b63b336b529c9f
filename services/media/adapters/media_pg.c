#include "services/media/adapters/media_pg.h"

#include "services/media/adapters/media_pg_batch.h"
#include "services/media/adapters/media_pg_messages.h"
#include "services/media/adapters/media_pg_rows.h"
#include "services/media/domain/event.h"
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

/* The event is held (for share) until the media is in it, so that no purge can miss it. Those who
 * come at the same moment may pass the limit by as many. A key claimed in vain is free again. */
static const struct pg_stmt insert_stmt = {
    "media_insert",
    "with c as (select * from idempotency_claim($9, $20, $21, $8)), "
    "e as (select id from event where id = $19 and owner_id = $9 and not deleting for share), "
    "f as (select count(*) >= $22 as is_full from event_media "
    "where event_id = $19), "
    "m as (insert into media (id, owner_id, version, state, kind, filename, content_type, "
    "object_key, size_bytes, sha256, created_at, upload_expires_at, event_id, part_size_bytes) "
    "select $8, $9, $10, 'created', $11, $12, $13, $14, $15, $16, $17, $18, $19, nullif($23, 0) "
    "from c, f "
    "where c.verdict = 'new' and ($19 is null or exists (select from e) and not f.is_full) "
    "returning id, event_id, created_at), "
    "l as (insert into event_media (event_id, media_id, added_at) "
    "select event_id, id, created_at from m where event_id is not null), "
    "r as (select idempotency_release($9, $20) from c where c.verdict = 'new' "
    "and $20 is not null and not exists (select from m)) "
    "select c.verdict, c.subject, (select " OUTBOX_ADD " from m), exists (select from m), "
    "exists (select from e), (select count(*) from r) from c"};

static enum pr_err read_insertion(void *arg, const struct pg_result *result)
{
    struct insertion *insertion = arg;
    struct pr_str verdict = pg_text(result, 0, 0);
    insertion->outcome = pr_str_is(verdict, "replay")    ? INSERTION_REPLAYED
                         : pr_str_is(verdict, "running") ? INSERTION_RUNNING
                         : !pr_str_is(verdict, "new")    ? INSERTION_MISMATCH
                         : pg_bool(result, 0, 3)         ? INSERTION_NEW
                         : pg_bool(result, 0, 4)         ? INSERTION_FULL
                                                         : INSERTION_NO_EVENT;
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
    enum pr_err err = media_encode_created(media, &body);
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
    pg_bind_uuid(query, pr_uuid_is_nil(&media->event_id) ? NULL : &media->event_id);
    idempotency_bind(query, idempotency);
    pg_bind_int(query, EVENT_PHOTOS_MAX);
    pg_bind_int(query, media->part_size_bytes);
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

static const struct pg_stmt list_stmt = {
    "media_list",
    "select " MEDIA_COLUMNS " from media where owner_id = $1 and ($2::uuid is null or id < $2) "
    "and ($3::text is null or state = $3) and ($4::text is null or kind = $4) "
    "and ($6::uuid is null or event_id is null and not exists (select from event_media em "
    "where em.event_id = $6 and em.media_id = media.id)) "
    "order by id desc limit $5"};

static void list(struct media_repo *port, const struct media_query *wanted, struct media_page *out,
                 struct pr_done done)
{
    const struct pr_str none = {NULL, 0};
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
    pg_bind_uuid(query, pr_uuid_is_nil(&wanted->linkable_to) ? NULL : &wanted->linkable_to);
    pg_query_rows(query, media_page_from_rows, out);
    pg_query_run(query, media_page_cut(out, wanted->limit, done));
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

static const struct pg_stmt save_upload_stmt = {
    "media_save_upload", "update media set upload_id = coalesce(upload_id, $2) where id = $1 "
                         "and state = 'created' and part_size_bytes is not null "
                         "returning upload_id"};

static enum pr_err read_upload_id(void *arg, const struct pg_result *result)
{
    if (pg_count(result) == 0)
        return PR_ERR_NOT_FOUND;
    return pr_str_copy(pg_text(result, 0, 0), arg, MEDIA_UPLOAD_ID_MAX + 1) ? PR_OK
                                                                            : PR_ERR_INTERNAL;
}

/* No new version: nobody else hears of it. */
static void save_upload(struct media_repo *port, const struct pr_uuid *id, const char *upload_id,
                        char kept[MEDIA_UPLOAD_ID_MAX + 1], struct pr_done done)
{
    struct pg_query *query = pg_query_new(self(port)->pg);
    pg_query_add(query, &save_upload_stmt);
    pg_bind_uuid(query, id);
    pg_bind_text(query, pr_str(upload_id));
    pg_query_rows(query, read_upload_id, kept);
    pg_query_run(query, done);
}

/* What purge_object reads: the key, and behind it, of an upload in parts, the store's id. */
#define PURGE_ARGS                                                                                 \
    "convert_to(object_key || case when part_size_bytes is null then '' "                          \
    "else E'\\n' || coalesce(upload_id, '') end, 'UTF8')"

/* The second job is for what brings the object once more: an upload, which the store lets end when
 * its URL has died meanwhile, or the completion of parts. Of what was never finalized one may be
 * under way even now. */
static const struct pg_stmt remove_stmt = {
    "media_remove", "with m as (delete from media where id = $8 and version = $9 "
                    "returning id, owner_id, object_key, part_size_bytes, upload_id, "
                    "greatest(case when state = 'created' then $10 end, least(upload_expires_at, "
                    "case when part_size_bytes > 0 then $10 + $11 * interval '1 second' end)) "
                    "+ $12 * interval '1 second' as late_at) "
                    "select " OUTBOX_ADD ", "
                    "job_add('" PURGE_JOB "', id || ':now', id, owner_id, 0, " PURGE_ARGS
                    ", " PURGE_ATTEMPTS ", $6, now()), "
                    "case when late_at > $10 then "
                    "job_add('" PURGE_JOB "', id || ':late', id, owner_id, 0, " PURGE_ARGS
                    ", " PURGE_ATTEMPTS ", $6, late_at) end from m"};

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
    pg_bind_int(query, MEDIA_PART_URL_TTL_S);
    pg_bind_int(query, MEDIA_LATEST_S);
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
    pg_query_rows(query, media_page_from_rows, out);
    pg_query_run(query, done);
}

void media_pg_init(struct media_pg *repo, struct pg *pg, struct relay *const *relay,
                   const struct pr_clock *clock)
{
    *repo = (struct media_pg){
        .port =
            {
                .insert = insert,
                .insert_batch = media_pg_insert_batch,
                .load = load,
                .list = list,
                .save_finalized = save_finalized,
                .save_rejected = save_rejected,
                .save_upload = save_upload,
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
