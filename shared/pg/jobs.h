/* jobs: slow work that survives SIGKILL, kept in the table `job` of the service's schema.
 *
 * A job is inserted by the transaction that causes it: `select job_add(kind, dedupe, subject, account,
 * priority, args, max_attempts)` in SQL; the same (kind, dedupe) is inserted once. Runners claim it with
 * a lease and a fencing token; attempts are counted at the claim, so that a job which kills the process
 * comes to an end. Order: priority (higher first), then fairly among accounts (a turn drawn at insert:
 * one of each account before the second of any), then age.
 *
 * The work ends in one of three ways:
 *   done(PR_OK)        the run function has itself committed the effect together with
 *                      `select job_finish(id, lease)` (true for the owner of the lease, else false: then
 *                      nothing may be changed), so that effect and end are one transaction
 *   temporary error    tried again after a backoff with full jitter
 *   permanent error    dead: kept with last_error for the operator
 * When attempts > max_attempts the job is given out a last time as `exhausted`: the run function then
 * only concludes it (tells the user, commits job_finish). The lease is renewed while a job runs. */
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
    struct log_context context; /* request and trace ids of its cause */
};

/* Runs one job; done exactly once, now or later. job is borrowed until then. */
typedef void (*job_run_fn)(void *arg, const struct job *job, struct pr_done done);

struct jobs_options {
    const char *kind;  /* static */
    unsigned slots;    /* jobs that run at once in this process */
    int64_t lease_ms;  /* renewed at a third of it */
    int64_t poll_ms;   /* how often to look when not poked; jittered */
    int64_t backoff_ms, backoff_max_ms;
    job_run_fn run;
    void *arg;
};

struct jobs;
struct jobs *jobs_create(uv_loop_t *loop, struct pg *pg, const struct jobs_options *options);
void jobs_poke(struct jobs *jobs); /* there may be work now */
bool jobs_idle(const struct jobs *jobs);

/* Claims no more, waits for what runs, then calls closed. */
void jobs_close(struct jobs *jobs, void (*closed)(void *arg), void *arg);
