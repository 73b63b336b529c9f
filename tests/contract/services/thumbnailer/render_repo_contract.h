/* render_repo_contract: what every render_repo must do, as one suite that runs against the fake and
 * against Postgres. */
#pragma once

#include "services/thumbnailer/usecases/ports.h"
#include "tests/support/await.h"
#include "tests/support/test.h"

#define RENDER "render"
#define PURGE "purge_renditions"

struct seen_row {
    char state[16], object_key[1025], reason[65];
    struct pr_uuid owner_id;
    int64_t version;
};

struct seen_job {
    char state[16];
    char args[2048];
    size_t args_n;
    int64_t due_in_ms; /* 0 or less: now */
};

struct seen_message {
    enum message_kind kind;
    char body[2048];
    size_t body_n;
};

/* A repo that starts empty, and the ways to look behind it. */
struct render_fixture {
    struct render_repo *repo;

    /* Returns when the call was answered. */
    void (*wait)(struct render_fixture *fixture, const struct await *await);

    bool (*row)(struct render_fixture *fixture, const struct pr_uuid *media_id,
                struct seen_row *out); /* false: there is none */
    bool (*job)(struct render_fixture *fixture, const char *kind, const struct pr_uuid *media_id,
                struct seen_job *out);
    /* What was queued about one media, in order; at most max. */
    size_t (*messages)(struct render_fixture *fixture, const struct pr_uuid *media_id,
                       struct seen_message *out, size_t max);

    /* Leases a job, as a runner does; false when it has ended or is not due. */
    bool (*claim)(struct render_fixture *fixture, const char *kind, const struct pr_uuid *media_id,
                  int64_t lease_ms, struct job_claim *out);
    void (*pass_time)(struct render_fixture *fixture, int64_t ms);
};

/* setup sets *state to a struct render_fixture. Returns how many tests failed. */
int render_repo_contract_run(CMFixtureFunction setup, CMFixtureFunction teardown);
