/* ports: what the usecases of the gateway need of the world. Each asynchronous port completes
 * exactly once, now or later; what it fills or is given is borrowed until then. */
#pragma once

#include "services/gateway/domain/account.h"
#include "services/gateway/domain/credential.h"
#include "services/gateway/domain/credential_cache.h"
#include "services/gateway/domain/invite.h"
#include "shared/base/arena.h"
#include "shared/base/done.h"
#include "shared/base/time.h"
#include "shared/base/work.h"
#include "shared/limit/limit.h"

#define PASSWORD_HASH_TEXT 128 /* crypto_pwhash_STRBYTES */

/* What became of a POST that creates; with an Idempotency-Key it may have been asked before. */
enum creation {
    CREATION_NEW,
    CREATION_REPLAYED, /* the thing as it is now; nothing was done */
    CREATION_RUNNING,  /* the same key is being worked on: 409 */
    CREATION_MISMATCH, /* the key was used for another request: 422 */
    CREATION_GONE,     /* replayed, and what was created then is no more: 410 */

    /* Of accounts only: */
    CREATION_NAME_TAKEN,
    CREATION_EMAIL_TAKEN,
    CREATION_NOT_INVITED, /* the invitation is unknown, used or expired */
};

struct new_account {
    struct account account;
    const char *password_hash;
    const uint8_t *invite_hash; /* its tier and role win over the account's; NULL: none is needed */
};

/* What an administrator may change; has_… tells what is meant. */
struct account_change {
    bool has_tier, has_role, has_disabled;
    enum identity_tier tier;
    enum identity_role role;
    bool disabled;
};

struct login {
    bool found; /* an account that is not deleted and has a password */
    struct account account;
    char password_hash[PASSWORD_HASH_TEXT];
};

struct account_query {
    struct pr_str search;     /* part of a name or address; empty: all */
    struct pr_uuid before_id; /* older than this one; nil: from the newest */
    size_t limit;
};

struct account_page {
    struct pr_arena arena; /* holds items; the caller frees it */
    struct account *items;
    size_t items_n;
    bool more; /* there are older ones */
};

struct credential_list {
    struct pr_arena arena; /* holds items; the caller frees it */
    struct credential *items;
    size_t items_n;
};

struct invite_list {
    struct pr_arena arena; /* holds items; the caller frees it */
    struct invite *items;
    size_t items_n;
};

/* Every change of an account counts its version up and sends account.changed, in one transaction.
 * Deleted accounts are found by nothing here. */
struct account_repo {
    /* *out: what became of it; *account is filled for CREATION_NEW and CREATION_REPLAYED. */
    void (*add)(struct account_repo *repo, const struct new_account *new_account,
                const struct idempotency *idempotency, struct account *account, enum creation *out,
                struct pr_done done);

    /* PR_ERR_NOT_FOUND when there is none. */
    void (*load)(struct account_repo *repo, const struct pr_uuid *id, struct account *out,
                 struct pr_done done);
    void (*find_login)(struct account_repo *repo, struct pr_str email, struct login *out,
                       struct pr_done done);
    void (*load_login)(struct account_repo *repo, const struct pr_uuid *id, struct login *out,
                       struct pr_done done);
    void (*list)(struct account_repo *repo, const struct account_query *query,
                 struct account_page *out, struct pr_done done);

    /* PR_ERR_CONFLICT when another account has the address, PR_ERR_NOT_FOUND without the account. */
    void (*change_email)(struct account_repo *repo, const struct pr_uuid *id, struct pr_str email,
                         int64_t now_ms, struct account *out, struct pr_done done);

    /* Revokes every session but `keep` (nil: all). An account's version does not change.
     * PR_ERR_NOT_FOUND without the account, or when its password is not that of old_hash any
     * more. */
    void (*change_password)(struct account_repo *repo, const struct pr_uuid *id,
                            const char *old_hash, const char *new_hash, const struct pr_uuid *keep,
                            struct pr_done done);

    /* Disabling revokes every session; tokens come back with the account. Who was an administrator
     * and is none any more takes the invitations he made with him, also in remove.
     * PR_ERR_NOT_FOUND; PR_ERR_CONFLICT when no administrator would be left who is not disabled. */
    void (*administer)(struct account_repo *repo, const struct pr_uuid *id,
                       const struct account_change *change, int64_t now_ms, struct account *out,
                       struct pr_done done);

    /* Address, password, credentials go; the name stays taken. PR_ERR_CONFLICT for the last
     * administrator, PR_ERR_NOT_FOUND when it is gone already. */
    void (*remove)(struct account_repo *repo, const struct pr_uuid *id, int64_t now_ms,
                   struct pr_done done);

    /* A token for the account "admin", which is made when there is none; PR_ERR_CONFLICT when it
     * is an administrator no more: another role, disabled, deleted. token's account_id is not
     * read. */
    void (*add_admin_token)(struct account_repo *repo, const struct credential *token,
                            const uint8_t hash[SECRET_HASH_BYTES], struct pr_done done);
};

#define CREDENTIALS_MAX 200 /* of one kind and one account */

struct credential_repo {
    /* Who a secret belongs to, its use noted to the minute; the identity's expires_at_ms is left 0.
     * scopes lack admin unless the account has the role. PR_ERR_UNAUTHORIZED when it is nobody's,
     * has expired (a session also by not being used since idle_before_ms), or the account is
     * disabled. */
    void (*find)(struct credential_repo *repo, const uint8_t hash[SECRET_HASH_BYTES],
                 int64_t now_ms, int64_t idle_before_ms, struct caller *out, struct pr_done done);

    /* Begins a session, in place of the one whose hash is `replaced` (NULL: none), whoever's that is,
     * and of those of the account that were used longest ago, so that it has CREDENTIALS_MAX at
     * most. password_hash: that of the password it is given for. PR_ERR_UNAUTHORIZED, and nothing is
     * done, when the account has another one by now, or was disabled or deleted. */
    void (*add_session)(struct credential_repo *repo, const struct credential *session,
                        const uint8_t hash[SECRET_HASH_BYTES], const char *password_hash,
                        const uint8_t *replaced, struct pr_done done);

    /* *out and *stored as of account_repo.add. PR_ERR_LIMITED when the account has CREDENTIALS_MAX
     * that have not expired, PR_ERR_UNAUTHORIZED when it was disabled or deleted. */
    void (*add_token)(struct credential_repo *repo, const struct credential *token,
                      const uint8_t hash[SECRET_HASH_BYTES], const struct idempotency *idempotency,
                      struct credential *stored, enum creation *out, struct pr_done done);

    /* Those that have not expired, newest first. */
    void (*list)(struct credential_repo *repo, const struct pr_uuid *account_id,
                 enum credential_kind kind, int64_t now_ms, struct credential_list *out,
                 struct pr_done done);

    /* PR_ERR_NOT_FOUND when the account has no such one. */
    void (*revoke)(struct credential_repo *repo, const struct pr_uuid *account_id,
                   enum credential_kind kind, const struct pr_uuid *id, struct pr_done done);
    void (*revoke_sessions)(struct credential_repo *repo, const struct pr_uuid *account_id,
                            struct pr_done done);

    /* Deletes what has expired, credentials and invitations, at most limit of each. */
    void (*reap)(struct credential_repo *repo, int64_t now_ms, size_t limit, struct pr_done done);
};

struct invite_repo {
    /* caller: the administrator who made it, whose idempotency it is; nil: the command. */
    void (*add)(struct invite_repo *repo, const struct invite *invite,
                const uint8_t hash[SECRET_HASH_BYTES], const struct pr_uuid *caller,
                const struct idempotency *idempotency, struct invite *stored, enum creation *out,
                struct pr_done done);
    /* Those that have not expired, newest first, at most 200; used ones too. */
    void (*list)(struct invite_repo *repo, int64_t now_ms, struct invite_list *out,
                 struct pr_done done);
    void (*revoke)(struct invite_repo *repo, const struct pr_uuid *id,
                   struct pr_done done); /* PR_ERR_NOT_FOUND */
};

/* Argon2id on threads of its own, a bounded number at once. PR_ERR_LIMITED when too many wait. */
struct password_hasher {
    /* password is copied and wiped. */
    void (*hash)(struct password_hasher *hasher, struct pr_str password,
                 char out[PASSWORD_HASH_TEXT], struct pr_done done);
    /* hash NULL: as much work for nothing, *same is false. */
    void (*verify)(struct password_hasher *hasher, struct pr_str password, const char *hash,
                   bool *same, struct pr_done done);
};

/* What every usecase of the gateway works with; outlives them. */
struct gateway_deps {
    struct account_repo *accounts;
    struct credential_repo *credentials;
    struct invite_repo *invites;
    struct password_hasher *passwords;
    struct limiter *limiter;
    struct credential_cache *cache;
    struct pr_str identity_secret;
    const struct pr_clock *clock;
    enum signup_mode signup;
    int64_t session_ttl_ms, session_idle_ms;
    struct limit_rate login_rate;   /* for each address that is tried (log_in) */
    struct limit_rate unknown_rate; /* for each client's unknown credentials (authenticate) */
};
