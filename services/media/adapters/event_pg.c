#include "services/media/adapters/event_pg.h"

#include "services/media/adapters/event_pg_purge.h"
#include "services/media/adapters/event_pg_rows.h"
#include "services/media/adapters/media_pg_rows.h"
#include "shared/base/alloc.h"
#include "shared/service/outbox.h"

static struct event_pg *self(struct event_repo *port)
{
    return PR_CONTAINER(port, struct event_pg, port);
}

static const struct pr_str none = {NULL, 0};

/* ---- insert ---- */

/* A key claimed in vain is free again. */
static const struct pg_stmt insert_stmt = {
    "event_insert",
    "with c as (select * from idempotency_claim($2, $13, $14, $1)), "
    "f as (select count(*) >= $12 as is_full from event where owner_id = $2 and not deleting), "
    "e as (insert into event (id, owner_id, owner_name, version, name, slug, created_at, "
    "seconds_to_live, expires_at, download, originals) "
    "select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 from c, f "
    "where c.verdict = 'new' and not f.is_full "
    "on conflict (owner_name, slug) where not deleting do nothing returning id, owner_id), "
    "r as (select idempotency_release($2, $13) from c where c.verdict = 'new' "
    "and $13 is not null and not exists (select from e)) "
    "select c.verdict, c.subject, exists (select from e), f.is_full, "
    "(select job_add('" PURGE_EVENT_JOB
    "', id || ':1', id, owner_id, 0, null, " PURGE_EVENT_ATTEMPTS
    ", $15, $16) from e), (select count(*) from r) from c, f"};

static enum pr_err read_insertion(void *arg, const struct pg_result *result)
{
    struct event_insertion *insertion = arg;
    struct pr_str verdict = pg_text(result, 0, 0);
    insertion->outcome = pr_str_is(verdict, "replay")    ? EVENT_REPLAYED
                         : pr_str_is(verdict, "running") ? EVENT_RUNNING
                         : !pr_str_is(verdict, "new")    ? EVENT_MISMATCH
                         : pg_bool(result, 0, 2)         ? EVENT_NEW
                         : pg_bool(result, 0, 3)         ? EVENT_TOO_MANY
                                                         : EVENT_SLUG_TAKEN;
    if (!pg_is_null(result, 0, 1))
        insertion->event_id = pg_uuid(result, 0, 1);
    return PR_OK;
}

static void insert(struct event_repo *port, const struct event *event, int64_t purge_at_ms,
                   const struct idempotency *idempotency, struct event_insertion *out,
                   struct pr_done done)
{
    struct event_pg *repo = self(port);
    struct pg_query *query = pg_query_new(repo->pg);
    char trace[TRACEPARENT_TEXT];
    pg_query_add(query, &insert_stmt);
    pg_bind_uuid(query, &event->id);
    pg_bind_uuid(query, &event->owner_id);
    pg_bind_text(query, pr_str(event->owner_name));
    pg_bind_int(query, event->version);
    pg_bind_text(query, pr_str(event->name));
    pg_bind_text(query, pr_str(event->slug));
    pg_bind_time(query, event->created_at_ms);
    pg_bind_int(query, event->seconds_to_live);
    pg_bind_time(query, event->expires_at_ms);
    pg_bind_bool(query, event->download);
    pg_bind_bool(query, event->originals);
    pg_bind_int(query, EVENTS_MAX);
    idempotency_bind(query, idempotency);
    pg_bind_text(query, current_traceparent(trace));
    pg_bind_time(query, purge_at_ms);
    pg_query_rows(query, read_insertion, out);
    pg_query_run(query, jobs_done(&repo->purges, done));
}

/* ---- load, list ---- */

static const struct pg_stmt load_stmt = {"event_load",
                                         "select " EVENT_COLUMNS " from event e where e.id = $1 "
                                         "and e.owner_id = $2 and not e.deleting"};

static enum pr_err read_event(void *arg, const struct pg_result *result)
{
    if (pg_count(result) == 0)
        return PR_ERR_NOT_FOUND;
    event_from_row(result, 0, arg);
    return PR_OK;
}

static void load(struct event_repo *port, const struct pr_uuid *owner_id, const struct pr_uuid *id,
                 struct event *out, struct pr_done done)
{
    struct pg_query *query = pg_query_new(self(port)->pg);
    pg_query_add(query, &load_stmt);
    pg_bind_uuid(query, id);
    pg_bind_uuid(query, owner_id);
    pg_query_rows(query, read_event, out);
    pg_query_run(query, done);
}

/* One more than asked for is read, to know whether there are more. */
static const struct pg_stmt list_stmt = {
    "event_list", "select " EVENT_COLUMNS " from event e where e.owner_id = $1 and not e.deleting "
                  "and ($2::uuid is null or e.id < $2) order by e.id desc limit $3 + 1"};

struct list_op {
    struct event_page *page;
    size_t limit;
    struct pr_done done;
};

static enum pr_err read_page(void *arg, const struct pg_result *result)
{
    struct list_op *op = arg;
    struct event_page *page = op->page;
    page->more = pg_count(result) > op->limit;
    page->items_n = page->more ? op->limit : pg_count(result);
    page->items = pr_arena_alloc(&page->arena, page->items_n * sizeof *page->items);
    for (size_t i = 0; i < page->items_n; i++)
        event_from_row(result, i, &page->items[i]);
    return PR_OK;
}

static void listed(void *arg, enum pr_err err)
{
    struct list_op *op = arg;
    pr_done_call(op->done, err);
    free(op);
}

static void list(struct event_repo *port, const struct event_query *wanted, struct event_page *out,
                 struct pr_done done)
{
    struct list_op *op = PR_NEW(struct list_op);
    struct pg_query *query = pg_query_new(self(port)->pg);
    *op = (struct list_op){out, wanted->limit, done};
    pg_query_add(query, &list_stmt);
    pg_bind_uuid(query, &wanted->owner_id);
    pg_bind_uuid(query, pr_uuid_is_nil(&wanted->before_id) ? NULL : &wanted->before_id);
    pg_bind_int(query, (int64_t)wanted->limit);
    pg_query_rows(query, read_page, op);
    pg_query_run(query, (struct pr_done){listed, op});
}

/* ---- change ---- */

/* A job for the old end would find the event alive; the new one has the event's version in its name,
 * so that each change of the end brings its own. */
static const struct pg_stmt change_stmt = {
    "event_change", "with f as (select exists (select from event where id = $1 and owner_id = $2 "
                    "and not deleting) as found), "
                    "e as (update event set version = version + 1, name = coalesce($3, name), "
                    "slug = coalesce($4, slug), seconds_to_live = case when $5 > 0 then $5 "
                    "else seconds_to_live end, expires_at = created_at + interval '1 second' * "
                    "case when $5 > 0 then $5 else seconds_to_live end, "
                    "download = case when $6 < 0 then download else $6 > 0 end, "
                    "originals = case when $7 < 0 then originals else $7 > 0 end, "
                    "cover_id = case when $8 then $9 else cover_id end "
                    "where id = $1 and owner_id = $2 and not deleting "
                    "and (not $8 or $9 is null or exists (select from event_media l "
                    "where l.event_id = $1 and l.media_id = $9)) returning *), "
                    "j as (select job_cancel('" PURGE_EVENT_JOB "', id), "
                    "job_add('" PURGE_EVENT_JOB
                    "', id || ':' || version, id, owner_id, 0, null, " PURGE_EVENT_ATTEMPTS
                    ", $11, expires_at + $10 * interval '1 second') from e where $5 > 0) "
                    "select x.*, f.found and $8 and $9 is not null, (select count(*) from j) "
                    "from f left join (select " EVENT_COLUMNS " from e) x on true"};

/* Found and not changed: the cover's fault, or the event's end came in between. */
static enum pr_err read_changed(void *arg, const struct pg_result *result)
{
    if (!pg_is_null(result, 0, 0)) {
        event_from_row(result, 0, arg);
        return PR_OK;
    }
    return pg_bool(result, 0, EVENT_COLUMNS_N) ? PR_ERR_UNPROCESSABLE : PR_ERR_NOT_FOUND;
}

static void change(struct event_repo *port, const struct pr_uuid *owner_id,
                   const struct pr_uuid *id, const struct event_change *wanted, int64_t grace_s,
                   struct event *out, struct pr_done done)
{
    struct event_pg *repo = self(port);
    struct pg_query *query = pg_query_new(repo->pg);
    char trace[TRACEPARENT_TEXT];
    pg_query_add(query, &change_stmt);
    pg_bind_uuid(query, id);
    pg_bind_uuid(query, owner_id);
    pg_bind_text(query, wanted->name ? pr_str(wanted->name) : none);
    pg_bind_text(query, wanted->slug ? pr_str(wanted->slug) : none);
    pg_bind_int(query, wanted->seconds_to_live);
    pg_bind_int(query, wanted->download);
    pg_bind_int(query, wanted->originals);
    pg_bind_bool(query, wanted->has_cover);
    pg_bind_uuid(query, pr_uuid_is_nil(&wanted->cover_id) ? NULL : &wanted->cover_id);
    pg_bind_int(query, grace_s);
    pg_bind_text(query, current_traceparent(trace));
    pg_query_rows(query, read_changed, out);
    pg_query_run(query, jobs_done(&repo->purges, done));
}

/* ---- photos ---- */

static const struct pg_stmt list_media_stmt = {
    "event_list_media",
    "select m.* from event_media l cross join lateral (select " MEDIA_COLUMNS
    " from media where id = l.media_id) m where l.event_id = $1 "
    "and ($2::uuid is null or l.media_id < $2) and ($3::text is null or m.state = $3) "
    "order by l.media_id desc limit $4 + 1"};

static void list_media(struct event_repo *port, const struct event_media_query *wanted,
                       struct media_page *out, struct pr_done done)
{
    struct pg_query *query = pg_query_new(self(port)->pg);
    pg_query_add(query, &list_media_stmt);
    pg_bind_uuid(query, &wanted->event_id);
    pg_bind_uuid(query, pr_uuid_is_nil(&wanted->before_id) ? NULL : &wanted->before_id);
    pg_bind_text(query, wanted->state < 0
                            ? none
                            : pr_str(media_state_name((enum media_state)wanted->state)));
    pg_bind_int(query, (int64_t)wanted->limit);
    pg_query_rows(query, media_page_from_rows, out);
    pg_query_run(query, media_page_cut(out, wanted->limit, done));
}

/* The event and the photos are held until the links are there, so that neither goes meanwhile. A
 * photo that was uploaded to another event ends with that one, so it cannot be linked. */
static const struct pg_stmt link_stmt = {
    "event_link",
    "with e as (select id from event where id = $1 and owner_id = $2 and not deleting for share), "
    "w as (select distinct unnest($3) as id), "
    "g as (select m.id from media m where m.id in (select id from w) and m.owner_id = $2 "
    "and (m.event_id is null or m.event_id = $1) for key share), "
    "n as (select (select count(*) from w) - (select count(*) from g) as refused, "
    "(select count(*) from event_media where event_id = $1) + (select count(*) from g "
    "where not exists (select from event_media l where l.event_id = $1 and l.media_id = g.id)) "
    "> $5 as is_full), "
    "l as (insert into event_media (event_id, media_id, added_at) "
    "select e.id, g.id, $4 from e, g, n where n.refused = 0 and not n.is_full "
    "on conflict do nothing returning 1) "
    "select exists (select from e), n.refused, n.is_full, (select count(*) from l) from n"};

static enum pr_err read_linking(void *arg, const struct pg_result *result)
{
    *(struct event_linking *)arg = (struct event_linking){
        .found = pg_bool(result, 0, 0),
        .refused = (size_t)pg_int(result, 0, 1),
        .full = pg_bool(result, 0, 2),
        .linked = (size_t)pg_int(result, 0, 3),
    };
    return PR_OK;
}

static void link_all(struct event_repo *port, const struct pr_uuid *owner_id,
                     const struct pr_uuid *id, const struct pr_uuid *media_ids, size_t n,
                     int64_t now_ms, struct event_linking *out, struct pr_done done)
{
    struct pg_query *query = pg_query_new(self(port)->pg);
    pg_query_add(query, &link_stmt);
    pg_bind_uuid(query, id);
    pg_bind_uuid(query, owner_id);
    pg_bind_uuids(query, media_ids, n);
    pg_bind_time(query, now_ms);
    pg_bind_int(query, EVENT_PHOTOS_MAX);
    pg_query_rows(query, read_linking, out);
    pg_query_run(query, done);
}

static const struct pg_stmt unlink_stmt = {
    "event_unlink",
    "with d as (delete from event_media l using event e where e.id = $1 and e.owner_id = $2 "
    "and not e.deleting and l.event_id = $1 and l.media_id = $3 "
    "and not exists (select from media where id = $3 and media.event_id = $1) returning 1), "
    "c as (update event set cover_id = null, version = version + 1 where id = $1 "
    "and cover_id = $3 and exists (select from d)) "
    "select exists (select from d)"};

static enum pr_err read_unlinked(void *arg, const struct pg_result *result)
{
    *(bool *)arg = pg_bool(result, 0, 0);
    return PR_OK;
}

static void unlink_one(struct event_repo *port, const struct pr_uuid *owner_id,
                       const struct pr_uuid *id, const struct pr_uuid *media_id, bool *unlinked,
                       struct pr_done done)
{
    struct pg_query *query = pg_query_new(self(port)->pg);
    pg_query_add(query, &unlink_stmt);
    pg_bind_uuid(query, id);
    pg_bind_uuid(query, owner_id);
    pg_bind_uuid(query, media_id);
    pg_query_rows(query, read_unlinked, unlinked);
    pg_query_run(query, done);
}

void event_pg_init(struct event_pg *repo, struct pg *pg)
{
    *repo = (struct event_pg){
        .port =
            {
                .insert = insert,
                .load = load,
                .list = list,
                .change = change,
                .close = event_pg_close,
                .close_all = event_pg_close_all,
                .list_media = list_media,
                .link = link_all,
                .unlink = unlink_one,
                .begin_purge = event_pg_begin_purge,
                .clear = event_pg_clear,
                .list_uploads = event_pg_list_uploads,
                .finish_purge = event_pg_finish_purge,
            },
        .pg = pg,
    };
}
