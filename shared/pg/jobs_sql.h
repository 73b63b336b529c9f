/* jobs_sql: the statements jobs.c runs on the table `job`; nobody else includes it. Each function
 * gives a query that only needs its rows function and to be run. */
#pragma once

#include "shared/base/arena.h"
#include "shared/pg/jobs.h"

/* A job and the lease it is held by; a pair that no longer fits changes nothing. */
struct job_lease {
    int64_t id;
    struct pr_uuid lease;
};

/* Takes up to n jobs: first those whose lease has ended, then ready ones. Counts the attempt. */
struct pg_query *jobs_sql_claim(struct pg *pg, const char *kind, int64_t n, int64_t lease_ms);

/* One row of its result; args go to the arena. False when the job was not leased but made dead,
 * because it was given out so often after its last attempt. */
bool jobs_sql_read_claimed(const struct pg_result *result, size_t row, struct pr_arena *arena,
                           struct job *job);

/* Makes the leases as long as new; returns the ids of those that could be. */
struct pg_query *jobs_sql_renew(struct pg *pg, const struct job_lease *leases, size_t n,
                                int64_t lease_ms);

/* Ready again at once, the attempt not counted. */
struct pg_query *jobs_sql_give_back(struct pg *pg, const struct job_lease *leases, size_t n);

/* Ready again after a pause, the attempt counted or not. Affects one row, or none when the lease
 * was lost. */
struct pg_query *jobs_sql_release(struct pg *pg, const struct job_lease *lease, int64_t pause_ms,
                                  bool counts, const char *error);

/* Dead. Affects one row, or none when the lease was lost. */
struct pg_query *jobs_sql_bury(struct pg *pg, const struct job_lease *lease, const char *error);

/* Deletes up to n that were done or cancelled more than 7 days ago. */
struct pg_query *jobs_sql_purge(struct pg *pg, const char *kind, int64_t n);
