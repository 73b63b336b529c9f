#include "services/media/adapters/media_pg_messages.h"

#include "services/media/adapters/media_pg_rows.h"
#include "shared/base/alloc.h"
#include "shared/service/outbox.h"

static struct media_pg *self(struct media_repo *port)
{
    return PR_CONTAINER(port, struct media_pg, port);
}

/* The version of what was rendered is the media's own: nothing changes a finalized media but this.
 */
static const struct pg_stmt rendered_stmt = {
    "media_rendered",
    "with i as (select " INBOX_ADD " as first), "
    "m as (update media set state = 'ready', version = version + 1, width = $6, height = $7, "
    "duration_ms = nullif($8, 0), degraded = $9, crc32 = $10, placeholder = $11, "
    "renditions = $12::text::jsonb from i where i.first and media.id = $5 "
    "and media.state = 'finalized' returning 1) "
    "select (select first from i), (select count(*) from m)"};

void media_pg_apply_rendered(struct media_repo *port, const struct message_origin *origin,
                             const struct media_rendered_msg *msg, struct pr_done done)
{
    struct pg_query *query = pg_query_new(self(port)->pg);
    char *renditions = renditions_to_json(msg);
    pg_query_add(query, &rendered_stmt);
    inbox_bind(query, origin);
    pg_bind_uuid(query, &msg->media_id);
    pg_bind_int(query, msg->width);
    pg_bind_int(query, msg->height);
    pg_bind_int(query, msg->has_duration_ms ? msg->duration_ms : 0);
    pg_bind_bool(query, msg->degraded);
    pg_bind_int(query, msg->crc32);
    pg_bind_bytes(query, msg->placeholder);
    pg_bind_text(query, pr_str(renditions));
    pg_query_run(query, done);
    free(renditions);
}

static const struct pg_stmt rejected_stmt = {
    "media_rejected",
    "with i as (select " INBOX_ADD " as first), "
    "m as (update media set state = 'rejected', version = version + 1, reject_reason = $6 "
    "from i where i.first and media.id = $5 and media.state = 'finalized' returning 1) "
    "select (select first from i), (select count(*) from m)"};

void media_pg_apply_rejected(struct media_repo *port, const struct message_origin *origin,
                             const struct media_rejected_msg *msg, struct pr_done done)
{
    struct pg_query *query = pg_query_new(self(port)->pg);
    pg_query_add(query, &rejected_stmt);
    inbox_bind(query, origin);
    pg_bind_uuid(query, &msg->media_id);
    pg_bind_text(query, msg->reason);
    pg_query_run(query, done);
}

static const struct pg_stmt account_stmt = {
    "media_account",
    "with i as (select " INBOX_ADD " as first) "
    "select case when first and $6 then "
    "job_add('" PURGE_LIBRARY_JOB "', $5 || ':now', $5, $5, 0, null, " PURGE_ATTEMPTS
    ", $7, now()) end, "
    "case when first and $6 then "
    "job_add('" PURGE_LIBRARY_JOB "', $5 || ':late', $5, $5, 0, null, " PURGE_ATTEMPTS
    ", $7, now() + interval '1 minute') end from i"};

void media_pg_apply_account(struct media_repo *port, const struct message_origin *origin,
                            const struct account_changed_msg *msg, struct pr_done done)
{
    struct media_pg *repo = self(port);
    struct pg_query *query = pg_query_new(repo->pg);
    char trace[TRACEPARENT_TEXT];
    pg_query_add(query, &account_stmt);
    inbox_bind(query, origin);
    pg_bind_uuid(query, &msg->account_id);
    pg_bind_bool(query, msg->deleted);
    pg_bind_text(query, current_traceparent(trace));
    pg_query_run(query, jobs_done(&repo->library_purges, done));
}

static const struct pg_stmt finish_job_stmt = {"media_finish_job", "select job_finish($1, $2)"};

void media_pg_finish_job(struct media_repo *port, const struct job_claim *job, struct pr_done done)
{
    struct pg_query *query = pg_query_new(self(port)->pg);
    pg_query_add(query, &finish_job_stmt);
    pg_bind_int(query, job->id);
    pg_bind_uuid(query, &job->lease);
    pg_query_run(query, done);
}
