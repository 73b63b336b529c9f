/* fake_credential_repo: credential_repo in memory, beside a fake_account_repo. */
#pragma once

#include "tests/support/fake_account_repo.h"

#define FAKE_CREDENTIALS 1024

struct fake_credential {
    struct credential credential;
    uint8_t hash[SECRET_HASH_BYTES];
};

struct fake_credential_repo {
    struct credential_repo port;
    struct fake_account_repo *accounts;
    struct fake_credential rows[FAKE_CREDENTIALS];
    size_t rows_n;
};

/* repo is large: on the heap, zeroed. accounts is borrowed, and told; its gate is this one's. */
void fake_credential_repo_init(struct fake_credential_repo *repo,
                               struct fake_account_repo *accounts);

void fake_credential_repo_put(struct fake_credential_repo *repo,
                              const struct credential *credential,
                              const uint8_t hash[SECRET_HASH_BYTES]);
struct fake_credential *fake_credential_repo_find(struct fake_credential_repo *repo,
                                                  const struct pr_uuid *id); /* or NULL */
struct fake_credential *fake_credential_repo_hashed(struct fake_credential_repo *repo,
                                                    const uint8_t hash[SECRET_HASH_BYTES]);

/* For the fakes: deletes an account's credentials of this kind, but not `keep`. */
void fake_credential_repo_revoke(struct fake_credential_repo *repo,
                                 const struct pr_uuid *account_id, enum credential_kind kind,
                                 const struct pr_uuid *keep);
