#include "services/media/adapters/event_pg_purge.h"

#include "services/media/adapters/media_pg_rows.h"
#include "shared/base/alloc.h"
#include "shared/service/outbox.h"

/* What one statement takes away, so that none lasts: each code may open EVENT_PHOTOS_MAX photos. */
#define CLEAR_CODES INT64_C(10)
#define CLEAR_LINKS INT64_C(1000)

static struct event_pg *self(struct event_repo *port)
{
    return PR_CONTAINER(port, struct event_pg, port);
}

/* The job that waits for the expiry is for nothing now. */
#define CLOSE_EVENTS(condition)                                                                    \
    "with e as (update event set deleting = true, version = version + 1 where " condition          \
    " and not deleting returning id, owner_id) "                                                   \
    "select job_cancel('" PURGE_EVENT_JOB "', id), "                                               \
    "job_add('" PURGE_EVENT_JOB "', id || ':closed', id, owner_id, 0, null, " PURGE_EVENT_ATTEMPTS \
    ", $2, now()) from e"

static const struct pg_stmt close_stmt = {"event_close", CLOSE_EVENTS("owner_id = $1 and id = $3")};

static enum pr_err check_closed(void *arg, const struct pg_result *result)
{
    (void)arg;
    return pg_count(result) > 0 ? PR_OK : PR_ERR_NOT_FOUND;
}

void event_pg_close(struct event_repo *port, const struct pr_uuid *owner_id,
                    const struct pr_uuid *id, struct pr_done done)
{
    struct event_pg *repo = self(port);
    struct pg_query *query = pg_query_new(repo->pg);
    char trace[TRACEPARENT_TEXT];
    pg_query_add(query, &close_stmt);
    pg_bind_uuid(query, owner_id);
    pg_bind_text(query, current_traceparent(trace));
    pg_bind_uuid(query, id);
    pg_query_rows(query, check_closed, NULL);
    pg_query_run(query, jobs_done(&repo->purges, done));
}

static const struct pg_stmt close_all_stmt = {"event_close_all", CLOSE_EVENTS("owner_id = $1")};

void event_pg_close_all(struct event_repo *port, const struct pr_uuid *owner_id,
                        struct pr_done done)
{
    struct event_pg *repo = self(port);
    struct pg_query *query = pg_query_new(repo->pg);
    char trace[TRACEPARENT_TEXT];
    pg_query_add(query, &close_all_stmt);
    pg_bind_uuid(query, owner_id);
    pg_bind_text(query, current_traceparent(trace));
    pg_query_run(query, jobs_done(&repo->purges, done));
}

/* An event that lives longer than when the job was made (its end, or the grace, is another) gets a
 * job for its time. */
static const struct pg_stmt begin_stmt = {
    "event_begin_purge",
    "with u as (update event set deleting = true, version = version + 1 where id = $1 "
    "and not deleting and expires_at + $2 * interval '1 second' <= now() returning id), "
    "e as (select id, owner_id, expires_at, deleting or exists (select from u) as deleting "
    "from event where id = $1), "
    "j as (select job_finish($3, $4) as ok "
    "where not exists (select from e where e.deleting)) "
    "select exists (select from e where e.deleting), (select count(job_add('" PURGE_EVENT_JOB
    "', id || ':after:' || $3, id, owner_id, 0, null, " PURGE_EVENT_ATTEMPTS
    ", $5, expires_at + $2 * interval '1 second')) from e, j where j.ok), "
    "(select count(*) from j)"};

static enum pr_err read_first_bool(void *arg, const struct pg_result *result)
{
    *(bool *)arg = pg_bool(result, 0, 0);
    return PR_OK;
}

void event_pg_begin_purge(struct event_repo *port, const struct pr_uuid *id, int64_t grace_s,
                          const struct job_claim *job, bool *purging, struct pr_done done)
{
    struct pg_query *query = pg_query_new(self(port)->pg);
    char trace[TRACEPARENT_TEXT];
    pg_query_add(query, &begin_stmt);
    pg_bind_uuid(query, id);
    pg_bind_int(query, grace_s);
    pg_bind_int(query, job->id);
    pg_bind_uuid(query, &job->lease);
    pg_bind_text(query, current_traceparent(trace));
    pg_query_rows(query, read_first_bool, purging);
    pg_query_run(query, done);
}

static const struct pg_stmt clear_stmt = {
    "event_clear",
    "with e as (select id from event where id = $1 and deleting), "
    "c as (delete from code where id in (select code.id from code join e on e.id = code.event_id "
    "limit $2) returning 1), "
    "l as (delete from event_media where event_id = $1 and media_id in (select l.media_id "
    "from event_media l join e on e.id = l.event_id join media m on m.id = l.media_id "
    "where m.event_id is distinct from $1 and not exists (select from c) limit $3) returning 1) "
    "select exists (select from c) or exists (select from l)"};

void event_pg_clear(struct event_repo *port, const struct pr_uuid *id, bool *left,
                    struct pr_done done)
{
    struct pg_query *query = pg_query_new(self(port)->pg);
    pg_query_add(query, &clear_stmt);
    pg_bind_uuid(query, id);
    pg_bind_int(query, CLEAR_CODES);
    pg_bind_int(query, CLEAR_LINKS);
    pg_query_rows(query, read_first_bool, left);
    pg_query_run(query, done);
}

static const struct pg_stmt uploads_stmt = {
    "event_uploads", "select " MEDIA_COLUMNS " from media where event_id = $1 limit $2"};

void event_pg_list_uploads(struct event_repo *port, const struct pr_uuid *id, size_t limit,
                           struct media_page *out, struct pr_done done)
{
    struct pg_query *query = pg_query_new(self(port)->pg);
    pg_query_add(query, &uploads_stmt);
    pg_bind_uuid(query, id);
    pg_bind_int(query, (int64_t)limit);
    pg_query_rows(query, media_page_from_rows, out);
    pg_query_run(query, done);
}

/* Other jobs for it are for nothing. */
static const struct pg_stmt finish_stmt = {
    "event_finish_purge",
    "with j as (select job_finish($2, $3) as ok), "
    "e as (delete from event using j where j.ok and id = $1 and deleting returning id) "
    "select j.ok, (select count(job_cancel('" PURGE_EVENT_JOB "', id)) from e) from j"};

void event_pg_finish_purge(struct event_repo *port, const struct pr_uuid *id,
                           const struct job_claim *job, struct pr_done done)
{
    struct pg_query *query = pg_query_new(self(port)->pg);
    pg_query_add(query, &finish_stmt);
    pg_bind_uuid(query, id);
    pg_bind_int(query, job->id);
    pg_bind_uuid(query, &job->lease);
    pg_query_run(query, done);
}
