/* event_repo_contract: what every event_repo must do, with the media_repo beside it, as one suite that
 * runs against the fakes and against Postgres. */
#pragma once

#include "services/media/usecases/event_ports.h"
#include "tests/support/await.h"
#include "tests/support/test.h"

/* A job that waits or runs. */
struct waiting_job {
    int64_t id;
    int64_t run_at_ms;
};

/* Repos that start empty, and the ways to look behind them. */
struct event_fixture {
    struct event_repo *events;
    struct media_repo *media;

    /* Returns when the call was answered. */
    void (*wait)(struct event_fixture *fixture, const struct await *await);

    /* Of the jobs that purge an event those that wait or run; at most max, the first due first. */
    size_t (*jobs)(struct event_fixture *fixture, const struct pr_uuid *event_id,
                   struct waiting_job *out, size_t max);

    /* Leases a job, as a runner does. */
    struct job_claim (*claim)(struct event_fixture *fixture, int64_t job_id);

    /* n photos that are not told apart enter the event; n codes open it. */
    void (*fill)(struct event_fixture *fixture, const struct event *event, int n);
    void (*add_codes)(struct event_fixture *fixture, const struct pr_uuid *event_id, int n);

    /* A media becomes ready, with this preview. */
    void (*make_ready)(struct event_fixture *fixture, const struct pr_uuid *media_id,
                       const char *preview_key);

    bool (*exists)(struct event_fixture *fixture, const struct pr_uuid *event_id);
};

/* setup sets *state to a struct event_fixture. Returns how many tests failed. */
int event_repo_contract_run(CMFixtureFunction setup, CMFixtureFunction teardown);
