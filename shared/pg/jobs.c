/* jobs: claims, runs and concludes the jobs of one kind.
 *
 *     waiting ──its time has come──► ready
 *       ready ──claim──► leased ──run: done(PR_OK), its transaction did job_finish──► done
 *         ▲                │ ├──temporary error: release, for a backoff──► waiting
 *         └── lease ended ─┘ └──any other error: bury──► dead
 *
 * One claim at a time is under way; pokes that come meanwhile make one more. The claim takes jobs
 * whose lease has ended before fresh ones, in the same statement. */
#include "shared/pg/jobs.h"

#include "shared/base/alloc.h"
#include "shared/base/arena.h"
#include "shared/loop/ticker.h"
#include "shared/pg/jobs_sql.h"

#include <assert.h>
#include <sodium.h>
#include <sys/queue.h>

#define AWAY_BACKOFF 4 /* as after so many attempts */
#define PURGE_EVERY_MS ((uint64_t)3600 * 1000)
#define PURGE_ROWS 5000

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

static struct job_lease lease_of(const struct running *running)
{
    return (struct job_lease){running->job.id, running->job.lease};
}

/* Of all in the list; freed by the caller. */
static struct job_lease *leases_of(const struct running_list *list, size_t *n)
{
    struct job_lease *leases;
    const struct running *running;
    *n = 0;
    TAILQ_FOREACH (running, list, link)
        ++*n;
    leases = pr_alloc(*n * sizeof *leases);
    *n = 0;
    TAILQ_FOREACH (running, list, link)
        leases[(*n)++] = lease_of(running);
    return leases;
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

/* It waits for a pause when the error is a temporary one, else dead. */
static void write_down(struct running *running, enum pr_err err)
{
    const struct job *job = &running->job;
    struct job_lease lease = lease_of(running);
    struct pg *pg = running->jobs->pg;
    struct pg_query *query;
    if (pr_err_class(err) == PR_CLASS_TEMPORARY) {
        /* What is away is not the job's fault: no attempt, and a pause that does not grow. */
        bool counts = err != PR_ERR_UNAVAILABLE;
        int64_t pause_ms =
            backoff_ms(&running->jobs->options, counts ? job->attempts : AWAY_BACKOFF);
        log_at(LOG_WARN, "a job failed and is tried again", LOG_INT("job", job->id), LOG_ERR(err),
               LOG_INT("attempt", job->attempts), LOG_INT("retry_in_ms", pause_ms));
        query = jobs_sql_release(pg, &lease, pause_ms, counts, pr_err_text(err));
    } else {
        log_at(LOG_ERROR, "a job is dead", LOG_INT("job", job->id), LOG_ERR(err),
               LOG_INT("attempt", job->attempts));
        query = jobs_sql_bury(pg, &lease, pr_err_text(err));
    }
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
    struct log_context context = running->job.context;
    const struct log_context *outer = log_context_enter(&context);
    write_down(running, err);
    log_context_enter(outer);
}

/* ---- claiming ---- */

static enum pr_err read_claimed(void *arg, const struct pg_result *result)
{
    struct jobs *jobs = arg;
    jobs->n_claimed = pg_count(result);
    for (size_t row = 0; row < jobs->n_claimed; row++) {
        struct running *running = PR_NEW(struct running);
        running->jobs = jobs;
        bool leased = jobs_sql_read_claimed(result, row, &running->arena, &running->job);
        running->job.context.usecase = jobs->options.kind;
        if (leased) {
            TAILQ_INSERT_TAIL(&jobs->fresh, running, link);
            continue;
        }
        log_at(LOG_ERROR, "a job is dead: it was never concluded", LOG_INT("job", running->job.id));
        forget(running);
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
        struct log_context context = running->job.context; /* the job may be gone after run */
        const struct log_context *outer = log_context_enter(&context);
        jobs->options.run(jobs->options.arg, &running->job, (struct pr_done){run_done, running});
        log_context_enter(outer);
    }
}

static void start_query(struct jobs *jobs, struct pg_query *query,
                        void (*ended)(void *arg, enum pr_err err))
{
    jobs->queries++;
    pg_query_run(query, (struct pr_done){ended, jobs});
}

static void query_ended(void *arg, enum pr_err err)
{
    struct jobs *jobs = arg;
    (void)err; /* pg has told it; the next time will do better */
    jobs->queries--;
    maybe_close(jobs);
}

static void give_back(struct jobs *jobs, const struct running_list *list)
{
    size_t n;
    struct job_lease *leases = leases_of(list, &n);
    if (n > 0)
        start_query(jobs, jobs_sql_give_back(jobs->pg, leases, n), query_ended);
    free(leases);
}

static void give_back_fresh(struct jobs *jobs)
{
    struct running *running;
    give_back(jobs, &jobs->fresh);
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
    uint64_t now_ms = uv_now(jobs->loop);
    if (now_ms < jobs->purge_at_ms)
        return;
    jobs->purge_at_ms = now_ms + PURGE_EVERY_MS;
    struct pg_query *query = jobs_sql_purge(jobs->pg, jobs->options.kind, PURGE_ROWS);
    pg_query_rows(query, read_purged, jobs);
    start_query(jobs, query, query_ended);
}

static void claim(struct jobs *jobs)
{
    if (jobs->claiming || jobs->closing || jobs->n_running >= jobs->options.slots)
        return;
    jobs->claiming = true;
    jobs->again = false;
    jobs->n_asked = jobs->options.slots - jobs->n_running;
    jobs->n_claimed = 0;
    struct pg_query *query = jobs_sql_claim(jobs->pg, jobs->options.kind, (int64_t)jobs->n_asked,
                                            jobs->options.lease_ms);
    pg_query_rows(query, read_claimed, jobs);
    start_query(jobs, query, claimed);
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
    size_t n;
    struct job_lease *leases = leases_of(&jobs->running, &n);
    struct pg_query *query = jobs_sql_renew(jobs->pg, leases, n, jobs->options.lease_ms);
    free(leases);
    pg_query_rows(query, read_renewed, jobs);
    start_query(jobs, query, renewed);
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

void jobs_give_back(struct jobs *jobs)
{
    give_back(jobs, &jobs->running);
}

void jobs_close(struct jobs *jobs, void (*closed)(void *arg), void *arg)
{
    jobs->closing = true;
    jobs->closed = closed;
    jobs->closed_arg = arg;
    maybe_close(jobs);
}
