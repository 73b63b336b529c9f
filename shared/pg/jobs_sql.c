#include "shared/pg/jobs_sql.h"

#include "shared/base/buf.h"

/* A job given out so often after its last attempt is dead: its conclusion brings the process down.
 */
#define CONCLUSIONS_MAX "20"

#define WOKEN_MAX "1000" /* by one claim */

static struct pg_query *start(struct pg *pg, const struct pg_stmt *stmt)
{
    struct pg_query *query = pg_query_new(pg);
    pg_query_add(query, stmt);
    return query;
}

static void bind_lease(struct pg_query *query, const struct job_lease *lease)
{
    pg_bind_int(query, lease->id);
    pg_bind_uuid(query, &lease->lease);
}

/* As two array literals. */
static void bind_leases(struct pg_query *query, const struct job_lease *leases, size_t n)
{
    struct pr_buf ids, tokens;
    char text[PR_UUID_TEXT];
    pr_buf_init(&ids, SIZE_MAX);
    pr_buf_init(&tokens, SIZE_MAX);
    for (size_t i = 0; i < n; i++) {
        pr_buf_printf(&ids, "%c%lld", i ? ',' : '{', (long long)leases[i].id);
        pr_buf_printf(&tokens, "%c%s", i ? ',' : '{', pr_uuid_format(&leases[i].lease, text));
    }
    pr_buf_puts(&ids, "}");
    pr_buf_puts(&tokens, "}");
    pg_bind_text(query, pr_buf_str(&ids));
    pg_bind_text(query, pr_buf_str(&tokens));
    pr_buf_fini(&ids);
    pr_buf_fini(&tokens);
}

struct pg_query *jobs_sql_claim(struct pg *pg, const char *kind, int64_t n, int64_t lease_ms)
{
    static const struct pg_stmt wake_stmt = {
        "jobs_wake",
        "update job set state = 'ready' where id = any (array(select id from job where kind = $1"
        " and state = 'waiting' and run_at <= now() order by run_at limit " WOKEN_MAX
        " for update skip locked))",
    };
    static const struct pg_stmt claim_stmt = {
        "jobs_claim",
        "with ended as ("
        "  select id from job where kind = $1 and state = 'leased' and lease_until < now()"
        "  order by lease_until limit $2 for update skip locked"
        "), fresh as ("
        "  select id from job where kind = $1 and state = 'ready'"
        "  order by priority desc, turn, id"
        "  limit greatest($2 - (select count(*) from ended), 0) for update skip locked"
        "), taken as ("
        "  update job set attempts = attempts + 1, lease = gen_random_uuid(),"
        "    lease_until = now() + $3 * interval '1 millisecond',"
        "    last_error = case state when 'leased' then 'the lease ended' else last_error end,"
        "    state = case when attempts < max_attempts + " CONCLUSIONS_MAX
        "      then 'leased' else 'dead' end,"
        "    finished_at = case when attempts < max_attempts + " CONCLUSIONS_MAX
        "      then null else now() end"
        "  where id = any (array(select id from ended union all select id from fresh))"
        "  returning *"
        ") select id, lease, subject, account, args, attempts, max_attempts,"
        "  coalesce(traceparent, ''), state = 'dead' from taken order by priority desc, turn, id",
    };
    struct pg_query *query = start(pg, &wake_stmt);
    pg_bind_text(query, pr_str(kind));
    pg_query_add(query, &claim_stmt);
    pg_bind_text(query, pr_str(kind));
    pg_bind_int(query, n);
    pg_bind_int(query, lease_ms);
    return query;
}

bool jobs_sql_read_claimed(const struct pg_result *result, size_t row, struct pr_arena *arena,
                           struct job *job)
{
    job->id = pg_int(result, row, 0);
    job->lease = pg_uuid(result, row, 1);
    job->subject = pg_uuid(result, row, 2);
    job->account = pg_uuid(result, row, 3);
    job->args = pr_arena_copy(arena, pg_bytes(result, row, 4));
    job->attempts = (int)pg_int(result, row, 5);
    job->max_attempts = (int)pg_int(result, row, 6);
    job->exhausted = job->attempts > job->max_attempts;
    job->context = log_context_of_trace(pg_text(result, row, 7));
    return !pg_bool(result, row, 8);
}

/* One that was done a moment ago is still its owner's: nothing was lost. */
struct pg_query *jobs_sql_renew(struct pg *pg, const struct job_lease *leases, size_t n,
                                int64_t lease_ms)
{
    static const struct pg_stmt renew_stmt = {
        "jobs_renew",
        "update job set lease_until = now() + $3 * interval '1 millisecond'"
        " from unnest($1::int8[], $2::uuid[]) as mine (id, lease)"
        " where job.id = mine.id and job.lease = mine.lease and state in ('leased', 'done')"
        " returning job.id",
    };
    struct pg_query *query = start(pg, &renew_stmt);
    bind_leases(query, leases, n);
    pg_bind_int(query, lease_ms);
    return query;
}

struct pg_query *jobs_sql_give_back(struct pg *pg, const struct job_lease *leases, size_t n)
{
    static const struct pg_stmt give_back_stmt = {
        "jobs_give_back",
        "update job set state = 'ready', attempts = attempts - 1, lease = null, lease_until = null"
        " from unnest($1::int8[], $2::uuid[]) as mine (id, lease)"
        " where job.id = mine.id and job.lease = mine.lease and state = 'leased'",
    };
    struct pg_query *query = start(pg, &give_back_stmt);
    bind_leases(query, leases, n);
    return query;
}

struct pg_query *jobs_sql_release(struct pg *pg, const struct job_lease *lease, int64_t pause_ms,
                                  bool counts, const char *error)
{
    static const struct pg_stmt release_stmt = {
        "jobs_release",
        "update job set state = 'waiting', run_at = now() + $3 * interval '1 millisecond',"
        " last_error = $4, lease = null, lease_until = null,"
        " attempts = case when $5 then attempts else attempts - 1 end"
        " where id = $1 and lease = $2 and state = 'leased'",
    };
    struct pg_query *query = start(pg, &release_stmt);
    bind_lease(query, lease);
    pg_bind_int(query, pause_ms);
    pg_bind_text(query, pr_str(error));
    pg_bind_bool(query, counts);
    return query;
}

struct pg_query *jobs_sql_bury(struct pg *pg, const struct job_lease *lease, const char *error)
{
    static const struct pg_stmt bury_stmt = {
        "jobs_bury",
        "update job set state = 'dead', last_error = $3, finished_at = now()"
        " where id = $1 and lease = $2 and state = 'leased'",
    };
    struct pg_query *query = start(pg, &bury_stmt);
    bind_lease(query, lease);
    pg_bind_text(query, pr_str(error));
    return query;
}

struct pg_query *jobs_sql_purge(struct pg *pg, const char *kind, int64_t n)
{
    static const struct pg_stmt purge_stmt = {
        "jobs_purge",
        "delete from job where id = any (array(select id from job where kind = $1"
        " and state in ('done', 'cancelled') and finished_at < now() - interval '7 days'"
        " order by finished_at limit $2))",
    };
    struct pg_query *query = start(pg, &purge_stmt);
    pg_bind_text(query, pr_str(kind));
    pg_bind_int(query, n);
    return query;
}
