/* fake_invite_repo: invite_repo in memory, beside a fake_account_repo. */
#pragma once

#include "tests/support/fake_account_repo.h"

#define FAKE_INVITES 256

struct fake_invite {
    struct invite invite;
    uint8_t hash[SECRET_HASH_BYTES];
    struct pr_uuid made_by;
};

struct fake_invite_repo {
    struct invite_repo port;
    struct fake_account_repo *accounts;
    struct fake_invite rows[FAKE_INVITES];
    size_t rows_n;
};

/* repo is large: on the heap, zeroed. accounts is borrowed, and told; its gate is this one's. */
void fake_invite_repo_init(struct fake_invite_repo *repo, struct fake_account_repo *accounts);

void fake_invite_repo_put(struct fake_invite_repo *repo, const struct invite *invite,
                          const uint8_t hash[SECRET_HASH_BYTES]);

/* For the fakes: the invitation of this hash that is neither used nor expired, or NULL. */
struct invite *fake_invite_repo_usable(struct fake_invite_repo *repo,
                                       const uint8_t hash[SECRET_HASH_BYTES], int64_t now_ms);
/* For the fakes: deletes what he made and nobody used. */
void fake_invite_repo_take_back(struct fake_invite_repo *repo, const struct pr_uuid *made_by);
/* For the fakes: deletes what has expired, at most limit. */
void fake_invite_repo_reap(struct fake_invite_repo *repo, int64_t now_ms, size_t limit);
