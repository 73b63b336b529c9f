#include "services/media/adapters/media_pg_batch.h"

#include "services/media/adapters/media_pg_rows.h"
#include "services/media/domain/event.h"
#include "shared/base/alloc.h"
#include "shared/base/encode.h"
#include "shared/http/json.h"
#include "shared/service/outbox.h"

#include <assert.h>

/* Whoever announces the same to the same place at the same moment comes after this one is committed,
 * and finds what it added: the statement after this one sees it. */
static const struct pg_stmt lock_stmt = {
    "media_batch_lock", "select pg_advisory_xact_lock(hashtextextended(current_schema() || "
                        "'media_batch' || $1::text || coalesce($2::text, ''), 7))"};

/* a: the entries; d: each bytes once; x: those that are there; m: what is added. */
static const struct pg_stmt batch_stmt = {
    "media_batch",
    "with a as materialized (select * from jsonb_to_recordset($9::text::jsonb) as i (n int, "
    "id uuid, kind text, filename text, content_type text, object_key text, size_bytes bigint, "
    "sha256 text, part_size_bytes bigint, upload_expires_ms bigint, message_id uuid, body text)), "
    "d as materialized (select distinct on (sha256, size_bytes) * from a "
    "order by sha256, size_bytes, n), "
    "e as (select id from event where id = $2 and owner_id = $1 and not deleting for share), "
    "x as materialized (select distinct on (d.n) d.n, t.id as there from d join media t "
    "on t.owner_id = $1 and t.sha256 = decode(d.sha256, 'hex') and t.size_bytes = d.size_bytes "
    "where (t.state in ('finalized', 'ready') or t.state = 'created' and t.upload_expires_at > $4 "
    "and t.part_size_bytes is not distinct from nullif(d.part_size_bytes, 0)) "
    "and case when $2 is null then t.event_id is null "
    "else exists (select from event_media where event_id = $2 and media_id = t.id) end "
    "order by d.n, t.state = 'created', t.id desc), "
    "f as materialized (select $2 is not null and (select count(*) from event_media "
    "where event_id = $2) + (select count(*) from d) - (select count(*) from x) > $8 as is_full), "
    "m as (insert into media (id, owner_id, version, state, kind, filename, content_type, "
    "object_key, size_bytes, sha256, created_at, upload_expires_at, event_id, part_size_bytes) "
    "select d.id, $1, 1, 'created', kind, filename, content_type, object_key, size_bytes, "
    "decode(sha256, 'hex'), $3, to_timestamp(upload_expires_ms / 1000.0), $2, "
    "nullif(part_size_bytes, 0) from d, f where not exists (select from x where x.n = d.n) "
    "and ($2 is null or exists (select from e)) and not f.is_full "
    "order by d.n returning id, event_id, created_at), "
    "l as (insert into event_media (event_id, media_id, added_at) "
    "select event_id, id, created_at from m where event_id is not null), "
    "o as materialized (select outbox_add(d.message_id, $5, convert_to(d.id::text, 'UTF8'), $6, "
    "d.id::text, $7, decode(d.body, 'hex')) from d join m on m.id = d.id order by d.n), "
    "r as (select a.n, d.n as first, x.there from a join d using (sha256, size_bytes) "
    "left join x on x.n = d.n) "
    "select " MEDIA_COLUMNS ", r.n, r.first, exists (select from e), (select is_full from f), "
    "(select count(*) from o) from r left join media on media.id = r.there order by r.n"};

/* After those of the media that is there, which are null when it is not. */
enum { N, FIRST, HAS_EVENT, IS_FULL };

struct batch_op {
    struct batch_entry *entries;
    size_t n;
    struct insertion *out;
    struct pr_done done;
};

static void read_entry(struct batch_op *op, const struct pg_result *result, size_t row)
{
    size_t n = (size_t)pg_int(result, row, media_columns + N);
    size_t first = (size_t)pg_int(result, row, media_columns + FIRST);
    struct batch_entry *entry = &op->entries[n];
    assert(n < op->n && first <= n);
    entry->outcome = BATCH_ADDED;
    if (first < n) {
        entry->outcome = BATCH_REPEATED;
        entry->media = op->entries[first].media;
    } else if (!pg_is_null(result, row, 0)) {
        entry->outcome = BATCH_THERE;
        media_from_row(result, row, &entry->media);
    }
}

static enum pr_err read_batch(void *arg, const struct pg_result *result)
{
    struct batch_op *op = arg;
    bool in_event = !pr_uuid_is_nil(&op->entries[0].media.event_id);
    assert(pg_count(result) == op->n);
    op->out->outcome = in_event && !pg_bool(result, 0, media_columns + HAS_EVENT)
                           ? INSERTION_NO_EVENT
                       : pg_bool(result, 0, media_columns + IS_FULL) ? INSERTION_FULL
                                                                     : INSERTION_NEW;
    for (size_t row = 0; row < op->n && op->out->outcome == INSERTION_NEW; row++)
        read_entry(op, result, row); /* by n: the first of equal ones comes first */
    return PR_OK;
}

static void ended(void *arg, enum pr_err err)
{
    struct batch_op *op = arg;
    pr_done_call(op->done, err);
    free(op);
}

static json_t *hex(struct pr_str bytes)
{
    char *text = pr_alloc(2 * bytes.n + 1);
    pr_hex_encode((const uint8_t *)bytes.p, bytes.n, text);
    json_t *json = json_string(text);
    free(text);
    return json;
}

/* NULL when the message cannot be encoded. */
static json_t *entry_to_json(const struct media *media, size_t n)
{
    struct pr_buf body = outbox_body();
    struct pr_uuid message_id = pr_uuid_v7(media->created_at_ms);
    json_t *json = media_encode_created(media, &body) ? NULL : json_object();
    if (json) {
        json_object_set_new(json, "n", json_integer((json_int_t)n));
        json_object_set_new(json, "id", json_id(&media->id));
        json_object_set_new(json, "kind", json_string(media_kind_name(media->type->kind)));
        json_object_set_new(json, "filename", json_string(media->filename));
        json_object_set_new(json, "content_type", json_string(media->type->name));
        json_object_set_new(json, "object_key", json_string(media->object_key));
        json_object_set_new(json, "size_bytes", json_integer(media->size_bytes));
        json_object_set_new(json, "sha256",
                            hex(pr_str_n((const char *)media->sha256, sizeof media->sha256)));
        json_object_set_new(json, "part_size_bytes", json_integer(media->part_size_bytes));
        json_object_set_new(json, "upload_expires_ms", json_integer(media->upload_expires_at_ms));
        json_object_set_new(json, "message_id", json_id(&message_id));
        json_object_set_new(json, "body", hex(pr_buf_str(&body)));
    }
    pr_buf_fini(&body);
    return json;
}

/* Freed by free(); NULL as above. */
static char *entries_to_json(const struct batch_entry *entries, size_t n)
{
    json_t *list = json_array();
    char *text = NULL;
    bool good = true;
    for (size_t i = 0; i < n && good; i++)
        good = json_array_append_new(list, entry_to_json(&entries[i].media, i)) == 0;
    if (good)
        text = json_dumps(list, JSON_COMPACT);
    json_decref(list);
    return text;
}

void media_pg_insert_batch(struct media_repo *port, struct batch_entry *entries, size_t n,
                           int64_t alive_ms, struct insertion *out, struct pr_done done)
{
    struct media_pg *repo = PR_CONTAINER(port, struct media_pg, port);
    const struct message_info *info = &message_infos[MESSAGE_MEDIA_CREATED];
    const struct media *first = &entries[0].media;
    const struct pr_uuid *event_id = pr_uuid_is_nil(&first->event_id) ? NULL : &first->event_id;
    char trace[TRACEPARENT_TEXT], *items = entries_to_json(entries, n);
    if (!items) {
        pr_done_call(done, PR_ERR_INTERNAL);
        return;
    }
    struct batch_op *op = PR_NEW(struct batch_op);
    *op = (struct batch_op){entries, n, out, done};
    struct pg_query *query = pg_query_new(repo->pg);
    pg_query_add(query, &lock_stmt);
    pg_bind_uuid(query, &first->owner_id);
    pg_bind_uuid(query, event_id);
    pg_query_add(query, &batch_stmt);
    pg_bind_uuid(query, &first->owner_id);
    pg_bind_uuid(query, event_id);
    pg_bind_time(query, first->created_at_ms);
    pg_bind_time(query, alive_ms);
    pg_bind_text(query, pr_str(info->topic));
    pg_bind_text(query, pr_str(info->type));
    pg_bind_text(query, current_traceparent(trace));
    pg_bind_int(query, EVENT_PHOTOS_MAX);
    pg_bind_text(query, pr_str(items));
    pg_query_rows(query, read_batch, op);
    pg_query_run(query, outbox_done(repo->relay, (struct pr_done){ended, op}));
    free(items);
}
