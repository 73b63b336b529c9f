/* code_repo_contract: what every code_repo must do, as one suite that runs against the fake and
 * against Postgres. */
#pragma once

#include "services/media/usecases/code_ports.h"
#include "tests/support/await.h"
#include "tests/support/test.h"

/* A repo that starts empty, and the ways to set up what codes need. */
struct codes_fixture {
    struct code_repo *repo;

    /* Returns when the call was answered. */
    void (*wait)(struct codes_fixture *fixture, const struct await *await);

    void (*add_event)(struct codes_fixture *fixture, const struct pr_uuid *id,
                      const struct pr_uuid *owner_id, const struct code_event *event);
    void (*close_event)(struct codes_fixture *fixture, const struct pr_uuid *id); /* deleting */
    void (*add_photo)(struct codes_fixture *fixture, const struct pr_uuid *event_id,
                      const struct pr_uuid *media_id);
    void (*remove_photo)(struct codes_fixture *fixture, const struct pr_uuid *media_id);
};

/* setup sets *state to a struct codes_fixture. Returns how many tests failed. */
int code_repo_contract_run(CMFixtureFunction setup, CMFixtureFunction teardown);
