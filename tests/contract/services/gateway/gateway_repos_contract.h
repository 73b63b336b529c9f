/* gateway_repos_contract: what the repositories of accounts, credentials and invitations must do, as
 * one suite that runs against the fakes and against Postgres. */
#pragma once

#include "services/gateway/usecases/ports.h"
#include "tests/support/await.h"
#include "tests/support/test.h"

/* One account.changed. */
struct sent_account {
    struct account account; /* without email and created_at */
    bool deleted;
    int64_t changed_at_ms;
};

/* Repositories that start empty, and the ways to look behind them. */
struct repos_fixture {
    struct account_repo *accounts;
    struct credential_repo *credentials;
    struct invite_repo *invites;

    /* Returns when the call was answered. */
    void (*wait)(struct repos_fixture *fixture, const struct await *await);

    /* What was queued about one account, in order; at most max. */
    size_t (*messages)(struct repos_fixture *fixture, const struct pr_uuid *account_id,
                       struct sent_account *out, size_t max);

    /* Another transaction has this key in hand, until it is let go. */
    void (*hold_key)(struct repos_fixture *fixture, const struct pr_uuid *account,
                     const struct idempotency *key);
    void (*let_key_go)(struct repos_fixture *fixture);
};

/* setup sets *state to a struct repos_fixture. Returns how many tests failed. */
int gateway_repos_contract_run(CMFixtureFunction setup, CMFixtureFunction teardown);
