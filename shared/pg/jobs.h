/* jobs: slow work that survives SIGKILL, kept in the table `job` of the service's schema.
 *
 * A job is inserted by the transaction that causes it, in SQL:
 *
 *     select job_add(kind text, dedupe text, subject uuid, account uuid, priority int, args bytea,
 *                    max_attempts int, traceparent text [, run_at timestamptz])
 *
 * The same (kind, dedupe) is inserted once (true when it was new). traceparent (W3C Trace Context,
 * or null) is that of the cause; the job's log lines carry its trace id. `select job_cancel(kind,
 * subject)` ends what waits or runs for a subject that is no more, and answers until when one that
 * runs may still be at it, or null.
 *
 * Runners claim a job with a lease and a fencing token; attempts are counted at the claim, so that
 * a job which kills the process comes to an end. Order: priority (higher first), then fairly among
 * accounts (a turn drawn at insert: one of each account before the second of any), then age.
 *
 * The work ends in one of three ways:
 *   done(PR_OK)      the run function has itself committed the effect, together with
 *                    `select job_finish(id, lease)`: true for the owner of the lease, else false,
 *                    and then nothing may be changed
 *   temporary error  tried again after a backoff with full jitter; PR_ERR_UNAVAILABLE (what it
 *                    needs is away) counts as no attempt, so that an outage kills no job
 *   any other error  dead: kept with last_error for the operator
 *
 * When attempts > max_attempts the job is given out as `exhausted`: the run function then only
 * concludes it (tells the user, commits job_finish). The lease is renewed while a job runs. Jobs
 * that were done or cancelled are purged after 7 days. */
#pragma once

#include "shared/base/done.h"
#include "shared/base/uuid.h"
#include "shared/log/log.h"
#include "shared/pg/pg.h"

struct job {
    int64_t id;
    struct pr_uuid lease; /* fencing token, for job_finish */
    struct pr_uuid subject, account;
    struct pr_str args; /* what job_add was given; lives until done is called */
    int attempts, max_attempts;
    bool exhausted;
    struct log_context context; /* the trace of its cause; usecase is the kind */
};

/* Runs one job; done exactly once, now or later. job is borrowed until then. */
typedef void (*job_run_fn)(void *arg, const struct job *job, struct pr_done done);

struct jobs_options {
    const char *kind;                   /* static */
    unsigned slots;                     /* jobs that run at once in this process */
    int64_t lease_ms;                   /* renewed about three times in its length */
    int64_t poll_ms;                    /* how often to look when not poked; jittered */
    int64_t backoff_ms, backoff_max_ms; /* after the first attempt; doubled up to the maximum */
    job_run_fn run;
    void *arg;
};

struct jobs;
struct jobs *jobs_create(uv_loop_t *loop, struct pg *pg, const struct jobs_options *options);
void jobs_poke(struct jobs *jobs);       /* there may be work now */
bool jobs_idle(const struct jobs *jobs); /* nothing runs, nothing is being claimed */

struct jobs_stats {
    unsigned running;
};
void jobs_stats(const struct jobs *jobs, struct jobs_stats *out);

/* The process is about to end whatever runs: its jobs are ready again for others, as no attempt, and
 * what they still do here is refused. */
void jobs_give_back(struct jobs *jobs);

/* Claims no more, waits for what runs, then calls closed. The pool is still needed until then. */
void jobs_close(struct jobs *jobs, void (*closed)(void *arg), void *arg);
