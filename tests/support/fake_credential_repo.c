#include "tests/support/fake_credential_repo.h"

#include "shared/base/alloc.h"
#include "tests/support/fake_invite_repo.h"
#include "tests/support/test.h"

#define MINUTE_MS 60000

static struct fake_credential_repo *self(struct credential_repo *port)
{
    return PR_CONTAINER(port, struct fake_credential_repo, port);
}

/* ---- rows ---- */

void fake_credential_repo_put(struct fake_credential_repo *repo,
                              const struct credential *credential,
                              const uint8_t hash[SECRET_HASH_BYTES])
{
    assert_true(repo->rows_n < FAKE_CREDENTIALS);
    struct fake_credential *row = &repo->rows[repo->rows_n++];
    row->credential = *credential;
    memcpy(row->hash, hash, sizeof row->hash);
}

struct fake_credential *fake_credential_repo_find(struct fake_credential_repo *repo,
                                                  const struct pr_uuid *id)
{
    for (size_t i = 0; i < repo->rows_n; i++) {
        if (pr_uuid_eq(&repo->rows[i].credential.id, id))
            return &repo->rows[i];
    }
    return NULL;
}

struct fake_credential *fake_credential_repo_hashed(struct fake_credential_repo *repo,
                                                    const uint8_t hash[SECRET_HASH_BYTES])
{
    for (size_t i = 0; i < repo->rows_n; i++) {
        if (memcmp(repo->rows[i].hash, hash, SECRET_HASH_BYTES) == 0)
            return &repo->rows[i];
    }
    return NULL;
}

static bool is_of(const struct fake_credential *row, const struct pr_uuid *account_id,
                  enum credential_kind kind)
{
    return row->credential.kind == kind && pr_uuid_eq(&row->credential.account_id, account_id);
}

static void delete_row(struct fake_credential_repo *repo, size_t i)
{
    repo->rows[i] = repo->rows[--repo->rows_n];
}

void fake_credential_repo_revoke(struct fake_credential_repo *repo,
                                 const struct pr_uuid *account_id, enum credential_kind kind,
                                 const struct pr_uuid *keep)
{
    for (size_t i = repo->rows_n; i-- > 0;) {
        if (is_of(&repo->rows[i], account_id, kind) &&
            !pr_uuid_eq(&repo->rows[i].credential.id, keep))
            delete_row(repo, i);
    }
}

/* What a call takes, until it has its effect. */
struct args {
    struct fake_credential_repo *repo;
    const uint8_t *hash, *replaced;
    const struct credential *credential;
    const char *password_hash;
    const struct idempotency *idempotency;
    const struct pr_uuid *account_id, *id;
    enum credential_kind kind;
    int64_t now_ms, idle_before_ms;
    size_t limit;
    struct caller *caller;
    struct credential *stored;
    enum creation *creation;
    struct credential_list *list;
};

static void pass(const char *name, gate_effect_fn effect, const struct args *args,
                 struct pr_done done)
{
    gate_pass(args->repo->accounts->gate, name, effect, args, sizeof *args, done);
}

/* ---- find ---- */

static int64_t used_at_ms(const struct credential *credential)
{
    return credential->last_used_at_ms > credential->created_at_ms ? credential->last_used_at_ms
                                                                   : credential->created_at_ms;
}

static bool is_good(const struct credential *credential, const struct args *args)
{
    return credential->expires_at_ms > args->now_ms &&
           (credential->kind == CREDENTIAL_TOKEN || used_at_ms(credential) >= args->idle_before_ms);
}

static enum pr_err find_effect(const void *arg)
{
    const struct args *args = arg;
    struct fake_credential *row = fake_credential_repo_hashed(args->repo, args->hash);
    if (!row || !is_good(&row->credential, args))
        return PR_ERR_UNAUTHORIZED;
    struct credential *credential = &row->credential;
    const struct fake_account *owner =
        fake_account_repo_find(args->repo->accounts, &credential->account_id);
    if (!owner || owner->deleted || owner->account.disabled)
        return PR_ERR_UNAUTHORIZED;
    int64_t minute_ms = args->now_ms - args->now_ms % MINUTE_MS;
    if (credential->last_used_at_ms < minute_ms)
        credential->last_used_at_ms = minute_ms;
    *args->caller = (struct caller){
        .identity = {.account_id = owner->account.id,
                     .tier = owner->account.tier,
                     .role = owner->account.role},
        .credential_id = credential->id,
        .kind = credential->kind,
        .scopes = credential->scopes,
        .expires_at_ms = credential->expires_at_ms,
    };
    memcpy(args->caller->identity.name, owner->account.name, sizeof owner->account.name);
    if (owner->account.role != ROLE_ADMIN)
        args->caller->scopes &= ~(unsigned)SCOPE_ADMIN;
    return PR_OK;
}

static void find(struct credential_repo *port, const uint8_t hash[SECRET_HASH_BYTES],
                 int64_t now_ms, int64_t idle_before_ms, struct caller *out, struct pr_done done)
{
    pass("find_credential", find_effect,
         &(struct args){.repo = self(port),
                        .hash = hash,
                        .now_ms = now_ms,
                        .idle_before_ms = idle_before_ms,
                        .caller = out},
         done);
}

/* ---- add ---- */

static const struct fake_account *live_owner(const struct args *args)
{
    const struct fake_account *owner =
        fake_account_repo_find(args->repo->accounts, &args->credential->account_id);
    return owner && !owner->deleted && !owner->account.disabled ? owner : NULL;
}

static size_t count_live(const struct args *args)
{
    const struct credential *credential = args->credential;
    size_t live = 0;
    for (size_t i = 0; i < args->repo->rows_n; i++)
        live += is_of(&args->repo->rows[i], &credential->account_id, credential->kind) &&
                args->repo->rows[i].credential.expires_at_ms > credential->created_at_ms;
    return live;
}

static void delete_stalest(const struct args *args)
{
    struct fake_credential_repo *repo = args->repo;
    size_t stalest = repo->rows_n;
    for (size_t i = 0; i < repo->rows_n; i++) {
        if (is_of(&repo->rows[i], &args->credential->account_id, CREDENTIAL_SESSION) &&
            (stalest == repo->rows_n ||
             used_at_ms(&repo->rows[i].credential) < used_at_ms(&repo->rows[stalest].credential)))
            stalest = i;
    }
    delete_row(repo, stalest);
}

static enum pr_err add_session_effect(const void *arg)
{
    const struct args *args = arg;
    const struct fake_account *owner = live_owner(args);
    struct fake_credential *replaced;
    if (!owner || strcmp(args->password_hash, owner->password_hash) != 0)
        return PR_ERR_UNAUTHORIZED;
    replaced = args->replaced ? fake_credential_repo_hashed(args->repo, args->replaced) : NULL;
    if (replaced && replaced->credential.kind == CREDENTIAL_SESSION)
        delete_row(args->repo, (size_t)(replaced - args->repo->rows));
    while (count_live(args) >= CREDENTIALS_MAX)
        delete_stalest(args);
    fake_credential_repo_put(args->repo, args->credential, args->hash);
    return PR_OK;
}

static void add_session(struct credential_repo *port, const struct credential *session,
                        const uint8_t hash[SECRET_HASH_BYTES], const char *password_hash,
                        const uint8_t *replaced, struct pr_done done)
{
    pass("add_session", add_session_effect,
         &(struct args){.repo = self(port),
                        .credential = session,
                        .hash = hash,
                        .password_hash = password_hash,
                        .replaced = replaced},
         done);
}

static enum pr_err add_new_token(const struct args *args)
{
    if (!live_owner(args))
        return PR_ERR_UNAUTHORIZED;
    if (count_live(args) >= CREDENTIALS_MAX)
        return PR_ERR_LIMITED;
    if (fake_credential_repo_hashed(args->repo, args->hash))
        return PR_ERR_CONFLICT;
    fake_credential_repo_put(args->repo, args->credential, args->hash);
    return PR_OK;
}

static enum pr_err add_token_effect(const void *arg)
{
    const struct args *args = arg;
    struct fake_idempotency *keys = &args->repo->accounts->idempotency;
    struct pr_uuid id = args->credential->id;
    enum creation creation =
        fake_idempotency_claim(keys, &args->credential->account_id, args->idempotency, &id);
    if (creation == CREATION_NEW) {
        enum pr_err err = add_new_token(args);
        if (err) {
            fake_idempotency_release(keys, args->idempotency);
            return err;
        }
    } else if (creation == CREATION_REPLAYED && !fake_credential_repo_find(args->repo, &id)) {
        creation = CREATION_GONE;
    }
    if (creation == CREATION_NEW || creation == CREATION_REPLAYED)
        *args->stored = fake_credential_repo_find(args->repo, &id)->credential;
    *args->creation = creation;
    return PR_OK;
}

static void add_token(struct credential_repo *port, const struct credential *token,
                      const uint8_t hash[SECRET_HASH_BYTES], const struct idempotency *idempotency,
                      struct credential *stored, enum creation *out, struct pr_done done)
{
    pass("add_token", add_token_effect,
         &(struct args){.repo = self(port),
                        .credential = token,
                        .hash = hash,
                        .idempotency = idempotency,
                        .stored = stored,
                        .creation = out},
         done);
}

/* ---- list, revoke, reap ---- */

static int newest_first(const void *a, const void *b)
{
    return memcmp(((const struct credential *)b)->id.b, ((const struct credential *)a)->id.b, 16);
}

static enum pr_err list_effect(const void *arg)
{
    const struct args *args = arg;
    const struct fake_credential_repo *repo = args->repo;
    struct credential_list *list = args->list;
    list->items = pr_arena_alloc(&list->arena, repo->rows_n * sizeof *list->items);
    list->items_n = 0;
    for (size_t i = 0; i < repo->rows_n; i++) {
        if (is_of(&repo->rows[i], args->account_id, args->kind) &&
            repo->rows[i].credential.expires_at_ms > args->now_ms)
            list->items[list->items_n++] = repo->rows[i].credential;
    }
    if (list->items_n > 0)
        qsort(list->items, list->items_n, sizeof *list->items, newest_first);
    return PR_OK;
}

static void list(struct credential_repo *port, const struct pr_uuid *account_id,
                 enum credential_kind kind, int64_t now_ms, struct credential_list *out,
                 struct pr_done done)
{
    pass("list_credentials", list_effect,
         &(struct args){.repo = self(port),
                        .account_id = account_id,
                        .kind = kind,
                        .now_ms = now_ms,
                        .list = out},
         done);
}

static enum pr_err revoke_effect(const void *arg)
{
    const struct args *args = arg;
    struct fake_credential *row = fake_credential_repo_find(args->repo, args->id);
    if (!row || !is_of(row, args->account_id, args->kind))
        return PR_ERR_NOT_FOUND;
    delete_row(args->repo, (size_t)(row - args->repo->rows));
    return PR_OK;
}

static void revoke_one(struct credential_repo *port, const struct pr_uuid *account_id,
                       enum credential_kind kind, const struct pr_uuid *id, struct pr_done done)
{
    pass("revoke_credential", revoke_effect,
         &(struct args){.repo = self(port), .account_id = account_id, .kind = kind, .id = id},
         done);
}

static enum pr_err revoke_sessions_effect(const void *arg)
{
    static const struct pr_uuid none;
    const struct args *args = arg;
    fake_credential_repo_revoke(args->repo, args->account_id, CREDENTIAL_SESSION, &none);
    return PR_OK;
}

static void revoke_sessions(struct credential_repo *port, const struct pr_uuid *account_id,
                            struct pr_done done)
{
    pass("revoke_sessions", revoke_sessions_effect,
         &(struct args){.repo = self(port), .account_id = account_id}, done);
}

static enum pr_err reap_effect(const void *arg)
{
    const struct args *args = arg;
    size_t left = args->limit;
    for (size_t i = args->repo->rows_n; i-- > 0 && left > 0;) {
        if (args->repo->rows[i].credential.expires_at_ms <= args->now_ms) {
            delete_row(args->repo, i);
            left--;
        }
    }
    fake_invite_repo_reap(args->repo->accounts->invites, args->now_ms, args->limit);
    return PR_OK;
}

static void reap(struct credential_repo *port, int64_t now_ms, size_t limit, struct pr_done done)
{
    pass("reap_credentials", reap_effect,
         &(struct args){.repo = self(port), .now_ms = now_ms, .limit = limit}, done);
}

void fake_credential_repo_init(struct fake_credential_repo *repo,
                               struct fake_account_repo *accounts)
{
    repo->accounts = accounts;
    accounts->credentials = repo;
    repo->port = (struct credential_repo){
        .find = find,
        .add_session = add_session,
        .add_token = add_token,
        .list = list,
        .revoke = revoke_one,
        .revoke_sessions = revoke_sessions,
        .reap = reap,
    };
}
