/* jobs: claims, runs and concludes the jobs of one kind.
 *
 *     ready ──claim──► leased ──run: done(PR_OK), its transaction did job_finish──► done
 *       ▲                │ ├──temporary error: release, after a backoff──► ready
 *       └── lease ended ─┘ └──any other error: bury──► dead
 *
 * One claim at a time is under way; pokes that come meanwhile make one more. The claim takes jobs
 * whose lease has ended before fresh ones, in the same statement. */
#include "shared/pg/jobs.h"

#include "shared/base/alloc.h"
#include "shared/base/arena.h"
#include "shared/base/encode.h"
#include "shared/loop/ticker.h"

#include <assert.h>
#include <sodium.h>
#include <sys/queue.h>

#define PURGE_EVERY_MS ((uint64_t)3600 * 1000)
#define PURGE_ROWS 5000

/* A job given out so often after it was exhausted is dead: its conclusion brings the process down.
 */
#define CONCLUSIONS_MAX "20"

struct running {
    TAILQ_ENTRY(running) link;
    struct jobs *jobs;
    struct pr_arena arena;
    struct job job;
    bool ended;  /* done was called; what is left is to write that down */
    bool unsure; /* the renewal under way has not confirmed its lease */
    bool lost;   /* the lease is somebody else's */
};

TAILQ_HEAD(running_list, running);

struct jobs {
    struct jobs_options options;
    uv_loop_t *loop;
    struct pg *pg;
    struct ticker poll, renewal;
    struct running_list fresh; /* claimed, not started */
    struct running_list running;
    unsigned n_running;
    size_t n_asked, n_claimed; /* by the latest claim */
    unsigned queries;          /* under way, other than those of ended jobs */
    uint64_t purge_at_ms;      /* loop time */
    bool claiming, renewing, closing;
    bool again;    /* there may be more to claim than was asked for */
    unsigned open; /* tickers */
    void (*closed)(void *arg);
    void *closed_arg;
};

static void claim(struct jobs *jobs);
static void maybe_close(struct jobs *jobs);

/* ---- statements about several jobs at once: $1 ids, $2 leases ---- */

static const struct pg_stmt renew_stmt = {
    "jobs_renew",
    "update job set lease_until = now() + $3 * interval '1 millisecond'"
    " from unnest($1::int8[], $2::uuid[]) as mine (id, lease)"
    " where job.id = mine.id and job.lease = mine.lease and state in ('leased', 'done')"
    " returning job.id",
};

static const struct pg_stmt give_back_stmt = {
    "jobs_give_back",
    "update job set state = 'ready', attempts = attempts - 1, lease = null, lease_until = null"
    " from unnest($1::int8[], $2::uuid[]) as mine (id, lease)"
    " where job.id = mine.id and job.lease = mine.lease and state = 'leased'",
};

static struct pg_query *about_all(struct jobs *jobs, const struct pg_stmt *stmt,
                                  const struct running_list *list)
{
    struct pg_query *query = pg_query_new(jobs->pg);
    struct running *running;
    struct pr_buf ids, leases;
    char text[PR_UUID_TEXT];
    pr_buf_init(&ids, (size_t)1 << 20);
    pr_buf_init(&leases, (size_t)1 << 20);
    TAILQ_FOREACH (running, list, link) {
        pr_buf_printf(&ids, "%c%lld", ids.n ? ',' : '{', (long long)running->job.id);
        pr_buf_printf(&leases, "%c%s", leases.n ? ',' : '{',
                      pr_uuid_format(&running->job.lease, text));
    }
    pr_buf_puts(&ids, "}");
    pr_buf_puts(&leases, "}");
    pg_query_add(query, stmt);
    pg_bind_text(query, pr_buf_str(&ids));
    pg_bind_text(query, pr_buf_str(&leases));
    pr_buf_fini(&ids);
    pr_buf_fini(&leases);
    jobs->queries++;
    return query;
}

/* ---- one job ---- */

static void forget(struct running *running)
{
    pr_arena_fini(&running->arena);
    free(running);
}

static void leave(struct running *running)
{
    struct jobs *jobs = running->jobs;
    TAILQ_REMOVE(&jobs->running, running, link);
    jobs->n_running--;
    forget(running);
    if (jobs->again)
        claim(jobs);
    maybe_close(jobs);
}

static enum pr_err read_written(void *arg, const struct pg_result *result)
{
    struct running *running = arg;
    running->lost = pg_affected(result) == 0;
    return PR_OK;
}

/* When it could not be written down the lease will end, and the job come back, by itself. */
static void written(void *arg, enum pr_err err)
{
    struct running *running = arg;
    const struct log_context *outer = log_context_enter(&running->job.context);
    if (!err && running->lost)
        log_at(LOG_WARN, "a job ended after its lease was lost", LOG_INT("job", running->job.id));
    log_context_enter(outer);
    leave(running);
}

/* Full jitter: anything up to a limit that doubles, so that failures of one moment do not come back
 * in one moment. */
static int64_t backoff_ms(const struct jobs_options *options, int attempts)
{
    int64_t most = options->backoff_ms;
    for (int i = 1; i < attempts && most < options->backoff_max_ms; i++)
        most *= 2;
    if (most > options->backoff_max_ms)
        most = options->backoff_max_ms;
    assert(most < UINT32_MAX);
    return randombytes_uniform((uint32_t)most + 1);
}

static void release(struct running *running, enum pr_err err)
{
    static const struct pg_stmt release_stmt = {
        "jobs_release",
        "update job set state = 'ready', run_at = now() + $3 * interval '1 millisecond',"
        " last_error = $4, lease = null, lease_until = null"
        " where id = $1 and lease = $2 and state = 'leased'",
    };
    const struct job *job = &running->job;
    int64_t pause_ms = backoff_ms(&running->jobs->options, job->attempts);
    struct pg_query *query = pg_query_new(running->jobs->pg);
    log_at(LOG_WARN, "a job failed and is tried again", LOG_INT("job", job->id), LOG_ERR(err),
           LOG_INT("attempt", job->attempts), LOG_INT("retry_in_ms", pause_ms));
    pg_query_add(query, &release_stmt);
    pg_bind_int(query, job->id);
    pg_bind_uuid(query, &job->lease);
    pg_bind_int(query, pause_ms);
    pg_bind_text(query, pr_str(pr_err_text(err)));
    pg_query_rows(query, read_written, running);
    pg_query_run(query, (struct pr_done){written, running});
}

static void bury(struct running *running, enum pr_err err)
{
    static const struct pg_stmt bury_stmt = {
        "jobs_bury",
        "update job set state = 'dead', last_error = $3, finished_at = now()"
        " where id = $1 and lease = $2 and state = 'leased'",
    };
    const struct job *job = &running->job;
    struct pg_query *query = pg_query_new(running->jobs->pg);
    log_at(LOG_ERROR, "a job is dead", LOG_INT("job", job->id), LOG_ERR(err),
           LOG_INT("attempt", job->attempts));
    pg_query_add(query, &bury_stmt);
    pg_bind_int(query, job->id);
    pg_bind_uuid(query, &job->lease);
    pg_bind_text(query, pr_str(pr_err_text(err)));
    pg_query_rows(query, read_written, running);
    pg_query_run(query, (struct pr_done){written, running});
}

static void run_done(void *arg, enum pr_err err)
{
    struct running *running = arg;
    assert(!running->ended);
    running->ended = true;
    if (!err) {
        leave(running);
        return;
    }
    const struct log_context *outer = log_context_enter(&running->job.context);
    if (pr_err_class(err) == PR_CLASS_TEMPORARY)
        release(running, err);
    else
        bury(running, err);
    log_context_enter(outer);
}

/* ---- claiming ---- */

/* The trace of the cause goes on, in a span of our own (W3C Trace Context, version 00). */
static void fill_context(struct log_context *context, const char *kind, struct pr_str traceparent)
{
    unsigned char span[8];
    context->usecase = kind;
    if (traceparent.n != 55)
        return;
    pr_str_copy(pr_str_n(traceparent.p + 3, 32), context->trace_id, sizeof context->trace_id);
    randombytes_buf(span, sizeof span);
    pr_hex_encode(span, sizeof span, context->span_id);
}

static struct running *read_job(struct jobs *jobs, const struct pg_result *result, size_t row)
{
    struct running *running = PR_NEW(struct running);
    struct job *job = &running->job;
    running->jobs = jobs;
    job->id = pg_int(result, row, 0);
    job->lease = pg_uuid(result, row, 1);
    job->subject = pg_uuid(result, row, 2);
    job->account = pg_uuid(result, row, 3);
    job->args = pr_arena_copy(&running->arena, pg_bytes(result, row, 4));
    job->attempts = (int)pg_int(result, row, 5);
    job->max_attempts = (int)pg_int(result, row, 6);
    job->exhausted = job->attempts > job->max_attempts;
    fill_context(&job->context, jobs->options.kind, pg_text(result, row, 7));
    return running;
}

static enum pr_err read_claimed(void *arg, const struct pg_result *result)
{
    struct jobs *jobs = arg;
    jobs->n_claimed = pg_count(result);
    for (size_t row = 0; row < jobs->n_claimed; row++) {
        if (pg_bool(result, row, 8))
            log_at(LOG_ERROR, "a job is dead: it was never concluded",
                   LOG_INT("job", pg_int(result, row, 0)));
        else
            TAILQ_INSERT_TAIL(&jobs->fresh, read_job(jobs, result, row), link);
    }
    return PR_OK;
}

static void run_fresh(struct jobs *jobs)
{
    struct running *running;
    while ((running = TAILQ_FIRST(&jobs->fresh))) {
        TAILQ_REMOVE(&jobs->fresh, running, link);
        TAILQ_INSERT_TAIL(&jobs->running, running, link);
        jobs->n_running++;
        const struct log_context *outer = log_context_enter(&running->job.context);
        jobs->options.run(jobs->options.arg, &running->job, (struct pr_done){run_done, running});
        log_context_enter(outer);
    }
}

static void query_ended(void *arg, enum pr_err err)
{
    struct jobs *jobs = arg;
    (void)err; /* pg has told it; the next time will do better */
    jobs->queries--;
    maybe_close(jobs);
}

static void give_back_fresh(struct jobs *jobs)
{
    struct running *running;
    if (!TAILQ_EMPTY(&jobs->fresh))
        pg_query_run(about_all(jobs, &give_back_stmt, &jobs->fresh),
                     (struct pr_done){query_ended, jobs});
    while ((running = TAILQ_FIRST(&jobs->fresh))) {
        TAILQ_REMOVE(&jobs->fresh, running, link);
        forget(running);
    }
}

static void claimed(void *arg, enum pr_err err)
{
    struct jobs *jobs = arg;
    jobs->claiming = false;
    jobs->again |= !err && jobs->n_claimed == jobs->n_asked;
    if (jobs->closing)
        give_back_fresh(jobs);
    else
        run_fresh(jobs);
    if (jobs->again)
        claim(jobs);
    query_ended(jobs, err);
}

static enum pr_err read_purged(void *arg, const struct pg_result *result)
{
    if (pg_affected(result) == PURGE_ROWS) /* there are more */
        ((struct jobs *)arg)->purge_at_ms = 0;
    return PR_OK;
}

static void purge(struct jobs *jobs)
{
    static const struct pg_stmt purge_stmt = {
        "jobs_purge",
        "delete from job where id = any (array(select id from job where kind = $1"
        " and state in ('done', 'cancelled') and finished_at < now() - interval '7 days'"
        " order by finished_at limit $2))",
    };
    uint64_t now_ms = uv_now(jobs->loop);
    if (now_ms < jobs->purge_at_ms)
        return;
    jobs->purge_at_ms = now_ms + PURGE_EVERY_MS;
    struct pg_query *query = pg_query_new(jobs->pg);
    pg_query_add(query, &purge_stmt);
    pg_bind_text(query, pr_str(jobs->options.kind));
    pg_bind_int(query, PURGE_ROWS);
    pg_query_rows(query, read_purged, jobs);
    jobs->queries++;
    pg_query_run(query, (struct pr_done){query_ended, jobs});
}

static void claim(struct jobs *jobs)
{
    static const struct pg_stmt claim_stmt = {
        "jobs_claim",
        "with ended as ("
        "  select id from job where kind = $1 and state = 'leased' and lease_until < now()"
        "  order by lease_until limit $2 for update skip locked"
        "), fresh as ("
        "  select id from job where kind = $1 and state = 'ready' and run_at <= now()"
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
    if (jobs->claiming || jobs->closing || jobs->n_running >= jobs->options.slots)
        return;
    jobs->claiming = true;
    jobs->again = false;
    jobs->n_asked = jobs->options.slots - jobs->n_running;
    jobs->n_claimed = 0;
    struct pg_query *query = pg_query_new(jobs->pg);
    pg_query_add(query, &claim_stmt);
    pg_bind_text(query, pr_str(jobs->options.kind));
    pg_bind_int(query, (int64_t)jobs->n_asked);
    pg_bind_int(query, jobs->options.lease_ms);
    pg_query_rows(query, read_claimed, jobs);
    jobs->queries++;
    pg_query_run(query, (struct pr_done){claimed, jobs});
}

void jobs_poke(struct jobs *jobs)
{
    jobs->again = true;
    claim(jobs);
}

/* ---- while jobs run, and at the ends ---- */

static enum pr_err read_renewed(void *arg, const struct pg_result *result)
{
    struct jobs *jobs = arg;
    struct running *running;
    for (size_t row = 0; row < pg_count(result); row++) {
        TAILQ_FOREACH (running, &jobs->running, link) {
            if (running->job.id == pg_int(result, row, 0))
                running->unsure = false;
        }
    }
    return PR_OK;
}

/* A job whose lease is lost goes on: nothing can stop it. But its job_finish will be refused. */
static void renewed(void *arg, enum pr_err err)
{
    struct jobs *jobs = arg;
    struct running *running;
    jobs->renewing = false;
    TAILQ_FOREACH (running, &jobs->running, link) {
        if (err || !running->unsure || running->ended || running->lost)
            continue;
        running->lost = true;
        const struct log_context *outer = log_context_enter(&running->job.context);
        log_at(LOG_WARN, "a job that runs has lost its lease, or was cancelled",
               LOG_INT("job", running->job.id));
        log_context_enter(outer);
    }
    query_ended(jobs, err);
}

static void renew(void *arg)
{
    struct jobs *jobs = arg;
    struct running *running;
    if (jobs->renewing || TAILQ_EMPTY(&jobs->running))
        return;
    jobs->renewing = true;
    TAILQ_FOREACH (running, &jobs->running, link)
        running->unsure = true;
    struct pg_query *query = about_all(jobs, &renew_stmt, &jobs->running);
    pg_bind_int(query, jobs->options.lease_ms);
    pg_query_rows(query, read_renewed, jobs);
    pg_query_run(query, (struct pr_done){renewed, jobs});
}

static void look(void *arg)
{
    struct jobs *jobs = arg;
    jobs_poke(jobs);
    if (!jobs->closing)
        purge(jobs);
}

struct jobs *jobs_create(uv_loop_t *loop, struct pg *pg, const struct jobs_options *options)
{
    struct jobs *jobs = PR_NEW(struct jobs);
    assert(options->slots > 0 && options->lease_ms >= 3);
    jobs->options = *options;
    jobs->loop = loop;
    jobs->pg = pg;
    jobs->open = 2;
    TAILQ_INIT(&jobs->fresh);
    TAILQ_INIT(&jobs->running);
    ticker_start(loop, &jobs->poll, options->poll_ms, look, jobs);
    ticker_start(loop, &jobs->renewal, options->lease_ms / 3, renew, jobs);
    jobs_poke(jobs);
    return jobs;
}

bool jobs_idle(const struct jobs *jobs)
{
    return !jobs->claiming && jobs->n_running == 0;
}

void jobs_stats(const struct jobs *jobs, struct jobs_stats *out)
{
    *out = (struct jobs_stats){.running = jobs->n_running};
}

static void ticker_closed(void *arg)
{
    struct jobs *jobs = arg;
    if (--jobs->open > 0)
        return;
    void (*closed)(void *arg) = jobs->closed;
    void *closed_arg = jobs->closed_arg;
    free(jobs);
    closed(closed_arg);
}

static void maybe_close(struct jobs *jobs)
{
    if (!jobs->closing || jobs->queries > 0 || jobs->n_running > 0 ||
        uv_is_closing((uv_handle_t *)&jobs->poll.timer))
        return;
    ticker_close(&jobs->poll, ticker_closed, jobs);
    ticker_close(&jobs->renewal, ticker_closed, jobs);
}

void jobs_close(struct jobs *jobs, void (*closed)(void *arg), void *arg)
{
    jobs->closing = true;
    jobs->closed = closed;
    jobs->closed_arg = arg;
    maybe_close(jobs);
}
