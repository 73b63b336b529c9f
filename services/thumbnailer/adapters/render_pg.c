#include "services/thumbnailer/adapters/render_pg.h"

#include "shared/base/alloc.h"
#include "shared/service/outbox.h"

/* Rendering is tried five times; removing goes on for days, the store may be away. */
#define RENDER_ATTEMPTS "5"
#define PURGE_ATTEMPTS "1000"

static struct render_pg *self(struct render_repo *port)
{
    return PR_CONTAINER(port, struct render_pg, port);
}

static const struct pg_stmt queue_stmt = {
    "render_queue",
    "with i as (select " INBOX_ADD " as first), "
    "m as (insert into rendition_set (media_id, owner_id, version, state, object_key) "
    "select $5, $6, $7, 'queued', $8 from i where i.first "
    "on conflict (media_id) do nothing returning media_id, owner_id) "
    "select (select first from i), (select job_add('" RENDER_JOB "', media_id::text, media_id, "
    "owner_id, 0, $9, " RENDER_ATTEMPTS ", $10) from m)"};

static void queue(struct render_repo *port, const struct message_origin *origin,
                  const struct media_finalized_msg *msg, struct pr_str value, struct pr_done done)
{
    struct render_pg *repo = self(port);
    char trace[TRACEPARENT_TEXT];
    struct pg_query *query = pg_query_new(repo->pg);
    pg_query_add(query, &queue_stmt);
    inbox_bind(query, origin);
    pg_bind_uuid(query, &msg->media_id);
    pg_bind_uuid(query, &msg->owner_id);
    pg_bind_int(query, msg->version);
    pg_bind_text(query, msg->object_key);
    pg_bind_bytes(query, value);
    pg_bind_text(query, current_traceparent(trace));
    pg_query_run(query, jobs_done(&repo->renders, done));
}

static enum pr_err read_finished(void *arg, const struct pg_result *result)
{
    (void)arg;
    if (pg_bool(result, 0, 0))
        log_at(LOG_INFO, "committed");
    else
        log_at(LOG_WARN, "the job's lease was lost, its result is dropped");
    return PR_OK;
}

/* Job, row and message end together, and only for the owner of the lease. The row is locked before
 * the job, as a deletion does it, or the two would wait for each other. */
#define FINISH_JOB                                                                                 \
    "with r as (select 1 from rendition_set where media_id = $10 for update), "                    \
    "j as (select job_finish($8, $9) as mine from (select count(*) from r) as locked), "
#define SELECT_FINISHED " select (select mine from j), (select " OUTBOX_ADD " from m)"

/* Its renditions are in the store by now. When the media was deleted meanwhile, they may have come after
 * the purge: that is done again. */
static const struct pg_stmt rendered_stmt = {
    "render_rendered",
    FINISH_JOB "m as (update rendition_set set state = 'rendered', changed_at = now() from j "
               "where j.mine and media_id = $10 and state = 'queued' returning 1), "
               "p as (update job set state = 'ready', attempts = 0, run_at = now(), lease = null, "
               "lease_until = null, finished_at = null from j where not j.mine "
               "and kind = '" PURGE_JOB
               "' and dedupe = $10::text and state not in ('waiting', 'ready'))" SELECT_FINISHED};

static const struct pg_stmt rejected_stmt = {
    "render_rejected", FINISH_JOB
    "m as (update rendition_set set state = 'rejected', reason = $11, changed_at = now() from j "
    "where j.mine and media_id = $10 and state = 'queued' returning 1)" SELECT_FINISHED};

/* Takes what outbox_query gave. */
static void finish_job(struct render_pg *repo, struct pg_query *query, const struct job_claim *job,
                       const struct pr_uuid *media_id, struct pr_str reason, struct pr_done done)
{
    pg_bind_int(query, job->id);
    pg_bind_uuid(query, &job->lease);
    pg_bind_uuid(query, media_id);
    if (reason.p)
        pg_bind_text(query, reason);
    pg_query_rows(query, read_finished, NULL);
    pg_query_run(query, outbox_done(repo->relay, done));
}

static void save_rendered(struct render_repo *port, const struct job_claim *job,
                          const struct media_rendered_msg *msg, struct pr_done done)
{
    struct render_pg *repo = self(port);
    struct pr_buf body = outbox_body();
    enum pr_err err = media_rendered_encode(msg, &body);
    struct pg_query *query = outbox_query(repo->pg, &rendered_stmt, MESSAGE_MEDIA_RENDERED,
                                          &msg->media_id, msg->rendered_at_ms, &body, err, done);
    if (query)
        finish_job(repo, query, job, &msg->media_id, pr_str(NULL), done);
}

static void save_rejected(struct render_repo *port, const struct job_claim *job,
                          const struct media_rejected_msg *msg, struct pr_done done)
{
    struct render_pg *repo = self(port);
    struct pr_buf body = outbox_body();
    enum pr_err err = media_rejected_encode(msg, &body);
    struct pg_query *query = outbox_query(repo->pg, &rejected_stmt, MESSAGE_MEDIA_REJECTED,
                                          &msg->media_id, msg->rejected_at_ms, &body, err, done);
    if (query)
        finish_job(repo, query, job, &msg->media_id, msg->reason, done);
}

/* The row may not be there yet: media.finalized is another topic and may come later. A rendering
 * under way may write until its lease ends; only then are its objects removed. */
static const struct pg_stmt deleted_stmt = {
    "render_deleted",
    "with i as (select " INBOX_ADD " as first), "
    "m as (insert into rendition_set (media_id, owner_id, version, state, object_key) "
    "select $5, $6, $7, 'deleted', $8 from i where i.first on conflict (media_id) do update "
    "set state = 'deleted', version = excluded.version, changed_at = now() "
    "returning media_id, owner_id), "
    "c as (select media_id, owner_id, job_cancel('" RENDER_JOB "', media_id) as busy_until from m) "
    "select (select first from i), (select job_add('" PURGE_JOB "', media_id::text, media_id, "
    "owner_id, 0, $9, " PURGE_ATTEMPTS ", $10, "
    "coalesce(busy_until + interval '1 minute', now())) from c)"};

static void mark_deleted(struct render_repo *port, const struct message_origin *origin,
                         const struct media_deleted_msg *msg, struct pr_str value,
                         struct pr_done done)
{
    struct render_pg *repo = self(port);
    char trace[TRACEPARENT_TEXT];
    struct pg_query *query = pg_query_new(repo->pg);
    pg_query_add(query, &deleted_stmt);
    inbox_bind(query, origin);
    pg_bind_uuid(query, &msg->media_id);
    pg_bind_uuid(query, &msg->owner_id);
    pg_bind_int(query, msg->version);
    pg_bind_text(query, msg->object_key);
    pg_bind_bytes(query, value);
    pg_bind_text(query, current_traceparent(trace));
    pg_query_run(query, jobs_done(&repo->purges, done));
}

static const struct pg_stmt finish_purge_stmt = {"render_finish_purge",
                                                 "select job_finish($1, $2)"};

static void finish_purge(struct render_repo *port, const struct job_claim *job, struct pr_done done)
{
    struct pg_query *query = pg_query_new(self(port)->pg);
    pg_query_add(query, &finish_purge_stmt);
    pg_bind_int(query, job->id);
    pg_bind_uuid(query, &job->lease);
    pg_query_rows(query, read_finished, NULL);
    pg_query_run(query, done);
}

void render_pg_init(struct render_pg *repo, struct pg *pg, struct relay *const *relay)
{
    *repo = (struct render_pg){
        .port =
            {
                .queue = queue,
                .save_rendered = save_rendered,
                .save_rejected = save_rejected,
                .mark_deleted = mark_deleted,
                .finish_purge = finish_purge,
            },
        .pg = pg,
        .relay = relay,
    };
}
