/* fake_account_repo: account_repo in memory. It keeps what Postgres would (rows, outbox,
 * idempotency) and passes the same contract suite (tests/contract/services/gateway). The fakes of
 * credentials and invitations share it as they would a database:
 *
 *     fake_account_repo_init(&accounts, &gate);
 *     fake_credential_repo_init(&credentials, &accounts);
 *     fake_invite_repo_init(&invites, &accounts); */
#pragma once

#include "services/gateway/usecases/ports.h"
#include "tests/support/fake_idempotency.h"
#include "tests/support/gate.h"

#define FAKE_ACCOUNTS 64
#define FAKE_ACCOUNT_MESSAGES 256

struct fake_account {
    struct account account;
    char password_hash[PASSWORD_HASH_TEXT]; /* empty: cannot log in */
    bool deleted;
};

/* What account.changed says. */
struct fake_account_message {
    struct account account;
    bool deleted;
    int64_t changed_at_ms;
};

struct fake_account_repo {
    struct account_repo port;
    struct gate *gate;
    struct fake_credential_repo *credentials;
    struct fake_invite_repo *invites;
    struct fake_account rows[FAKE_ACCOUNTS];
    size_t rows_n;
    struct fake_account_message outbox[FAKE_ACCOUNT_MESSAGES];
    size_t outbox_n;
    struct fake_idempotency idempotency;
};

/* repo is large: on the heap, zeroed. gate is borrowed. */
void fake_account_repo_init(struct fake_account_repo *repo, struct gate *gate);

/* Puts an account there without a message, as a test wants to find it. password_hash NULL: none. */
void fake_account_repo_put(struct fake_account_repo *repo, const struct account *account,
                           const char *password_hash);

/* Deleted ones too; NULL when it never was. */
struct fake_account *fake_account_repo_find(struct fake_account_repo *repo,
                                            const struct pr_uuid *id);
struct fake_account *fake_account_repo_named(struct fake_account_repo *repo, const char *name);

/* How many messages were sent about it. */
size_t fake_account_repo_sent(const struct fake_account_repo *repo, const struct pr_uuid *id);
