/* guest_repo_contract: what every guest_repo must do, as one suite that runs against the fake and
 * against Postgres. */
#pragma once

#include "tests/support/await.h"
#include "tests/support/fake_guest_repo.h"
#include "tests/support/test.h"

/* A repo that starts empty, and the ways to set up what guests find, and to look behind it. */
struct guests_fixture {
    struct guest_repo *repo;

    /* Returns when the call was answered. */
    void (*wait)(struct guests_fixture *fixture, const struct await *await);

    /* Each adds the row, or changes the one of that id. */
    void (*put_event)(struct guests_fixture *fixture, const struct guest_event_row *event);
    void (*put_code)(struct guests_fixture *fixture, const struct guest_code_row *code);

    void (*add_photo)(struct guests_fixture *fixture, const struct guest_photo_row *photo);
    void (*link)(struct guests_fixture *fixture, const struct pr_uuid *code_id,
                 const struct pr_uuid *media_id);
    void (*remove_photo)(struct guests_fixture *fixture, const struct pr_uuid *media_id);

    /* Opens, downloads, and when it was used last (0: never). */
    struct guest_code_row (*used)(struct guests_fixture *fixture, const struct pr_uuid *code_id);
    size_t (*guesses)(struct guests_fixture *fixture); /* how many are counted for */
};

/* setup sets *state to a struct guests_fixture. Returns how many tests failed. */
int guest_repo_contract_run(CMFixtureFunction setup, CMFixtureFunction teardown);
