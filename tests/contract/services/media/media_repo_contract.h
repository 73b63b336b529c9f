/* media_repo_contract: what every media_repo must do, as one suite that runs against the fake and
 * against Postgres. */
#pragma once

#include "services/media/usecases/ports.h"
#include "tests/support/await.h"
#include "tests/support/test.h"

struct sent_message {
    enum message_kind kind;
    struct pr_uuid media_id, owner_id;
    int64_t version;
};

struct queued_job {
    int64_t id;
    char kind[16];
    char args[MEDIA_OBJECT_KEY_MAX + MEDIA_UPLOAD_ID_MAX + 2];
    int64_t run_at_ms;
    bool done;
};

/* A repo that starts empty, and the ways to look behind it. */
struct repo_fixture {
    struct media_repo *repo;

    /* Returns when the call was answered. */
    void (*wait)(struct repo_fixture *fixture, const struct await *await);

    /* What the repo queued about one media, in order; at most max. Jobs also about an account. */
    size_t (*messages)(struct repo_fixture *fixture, const struct pr_uuid *media_id,
                       struct sent_message *out, size_t max);
    size_t (*jobs)(struct repo_fixture *fixture, const struct pr_uuid *subject,
                   struct queued_job *out, size_t max); /* the first due first */

    /* Leases a job, as a runner does. */
    struct job_claim (*claim)(struct repo_fixture *fixture, int64_t job_id);
};

/* setup sets *state to a struct repo_fixture. Returns how many tests failed. */
int media_repo_contract_run(CMFixtureFunction setup, CMFixtureFunction teardown);
