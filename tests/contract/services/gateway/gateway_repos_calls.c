#include "tests/contract/services/gateway/gateway_repos_calls.h"

#include "shared/base/alloc.h"

#include <stdio.h>

const struct pr_uuid nobody;
const struct idempotency no_key;

/* ---- what goes in ---- */

struct idempotency new_key(uint8_t key, uint8_t request)
{
    return (struct idempotency){true, {key}, {request}};
}

struct hash new_hash(void)
{
    static uint8_t n[2];
    if (++n[0] == 0)
        n[1]++;
    return (struct hash){{n[0], n[1], 0, 0xff, '\''}};
}

struct account new_account(const char *name)
{
    struct account account = {
        .id = pr_uuid_v7(NOW_MS), .tier = TIER_FREE, .version = 1, .created_at_ms = NOW_MS};
    snprintf(account.name, sizeof account.name, "%s", name);
    snprintf(account.email, sizeof account.email, "%s@x.org", name);
    return account;
}

struct credential new_credential(const struct account *of, enum credential_kind kind)
{
    struct credential credential = {
        .id = pr_uuid_v7(NOW_MS),
        .account_id = of->id,
        .kind = kind,
        .scopes = SCOPE_ALL,
        .created_at_ms = NOW_MS,
        .expires_at_ms = NOW_MS + 24 * HOUR_MS,
    };
    if (kind == CREDENTIAL_TOKEN)
        snprintf(credential.name, sizeof credential.name, "backup");
    else
        snprintf(credential.agent, sizeof credential.agent, "Firefox");
    return credential;
}

struct invite new_invite(void)
{
    return (struct invite){.id = pr_uuid_v7(NOW_MS),
                           .tier = TIER_PREMIUM,
                           .role = ROLE_USER,
                           .created_at_ms = NOW_MS,
                           .expires_at_ms = NOW_MS + HOUR_MS};
}

/* ---- accounts ---- */

enum pr_err answer(struct repos_fixture *f, struct await *await)
{
    f->wait(f, await);
    return await_once(await);
}

enum creation add(struct repos_fixture *f, const struct account *account, const struct hash *invite,
                  const struct idempotency *key, struct account *out)
{
    struct await await;
    enum creation creation = CREATION_NEW;
    struct new_account new_account = {*account, PASSWORD_HASH, invite ? invite->b : NULL};
    f->accounts->add(f->accounts, &new_account, key, out, &creation, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
    return creation;
}

struct account added(struct repos_fixture *f, const char *name)
{
    struct account account = new_account(name), stored;
    assert_int_equal(add(f, &account, NULL, &no_key, &stored), CREATION_NEW);
    return stored;
}

struct account added_admin(struct repos_fixture *f, const char *name)
{
    struct account account = new_account(name), stored;
    account.role = ROLE_ADMIN;
    assert_int_equal(add(f, &account, NULL, &no_key, &stored), CREATION_NEW);
    return stored;
}

enum pr_err load(struct repos_fixture *f, const struct pr_uuid *id, struct account *out)
{
    struct await await;
    memset(out, 0xff, sizeof *out); /* everything must be written */
    f->accounts->load(f->accounts, id, out, await_done(&await));
    return answer(f, &await);
}

struct login find_login(struct repos_fixture *f, const char *email)
{
    struct await await;
    struct login login;
    memset(&login, 0xff, sizeof login);
    f->accounts->find_login(f->accounts, pr_str(email), &login, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
    return login;
}

struct login load_login(struct repos_fixture *f, const struct pr_uuid *id)
{
    struct await await;
    struct login login;
    memset(&login, 0xff, sizeof login);
    f->accounts->load_login(f->accounts, id, &login, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
    return login;
}

enum pr_err change_email(struct repos_fixture *f, const struct pr_uuid *id, const char *email,
                         struct account *out)
{
    struct await await;
    f->accounts->change_email(f->accounts, id, pr_str(email), NOW_MS, out, await_done(&await));
    return answer(f, &await);
}

enum pr_err change_password(struct repos_fixture *f, const struct pr_uuid *id, const char *old_hash,
                            const char *new_hash, const struct pr_uuid *keep)
{
    struct await await;
    f->accounts->change_password(f->accounts, id, old_hash, new_hash, keep, await_done(&await));
    return answer(f, &await);
}

enum pr_err administer(struct repos_fixture *f, const struct pr_uuid *id,
                       struct account_change change, struct account *out)
{
    struct await await;
    f->accounts->administer(f->accounts, id, &change, NOW_MS, out, await_done(&await));
    return answer(f, &await);
}

enum pr_err remove_account(struct repos_fixture *f, const struct pr_uuid *id)
{
    struct await await;
    f->accounts->remove(f->accounts, id, NOW_MS, await_done(&await));
    return answer(f, &await);
}

enum pr_err add_admin_token(struct repos_fixture *f, const struct hash *hash)
{
    struct await await;
    struct account none = {0};
    struct credential token = new_credential(&none, CREDENTIAL_TOKEN);
    f->accounts->add_admin_token(f->accounts, &token, hash->b, await_done(&await));
    return answer(f, &await);
}

/* ---- credentials ---- */

enum pr_err find(struct repos_fixture *f, const struct hash *hash, int64_t now_ms,
                 int64_t idle_before_ms, struct caller *out)
{
    struct await await;
    memset(out, 0xff, sizeof *out);
    f->credentials->find(f->credentials, hash->b, now_ms, idle_before_ms, out, await_done(&await));
    return answer(f, &await);
}

enum pr_err add_session(struct repos_fixture *f, const struct credential *session,
                        const struct hash *hash, const struct hash *replaced)
{
    struct await await;
    f->credentials->add_session(f->credentials, session, hash->b, PASSWORD_HASH,
                                replaced ? replaced->b : NULL, await_done(&await));
    return answer(f, &await);
}

enum pr_err add_token(struct repos_fixture *f, const struct credential *token,
                      const struct hash *hash, const struct idempotency *key,
                      struct credential *stored, enum creation *out)
{
    struct await await;
    f->credentials->add_token(f->credentials, token, hash->b, key, stored, out, await_done(&await));
    return answer(f, &await);
}

struct credential added_credential(struct repos_fixture *f, const struct account *of,
                                   enum credential_kind kind, struct hash *hash)
{
    struct credential credential = new_credential(of, kind), stored;
    enum creation creation = CREATION_NEW;
    *hash = new_hash();
    enum pr_err err = kind == CREDENTIAL_TOKEN
                          ? add_token(f, &credential, hash, &no_key, &stored, &creation)
                          : add_session(f, &credential, hash, NULL);
    assert_int_equal(err, PR_OK);
    assert_int_equal(creation, CREATION_NEW);
    return credential;
}

struct credential_list list_credentials(struct repos_fixture *f, const struct account *of,
                                        enum credential_kind kind, int64_t now_ms)
{
    struct await await;
    struct credential_list list = {0};
    f->credentials->list(f->credentials, &of->id, kind, now_ms, &list, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
    return list;
}

size_t count_credentials(struct repos_fixture *f, const struct account *of,
                         enum credential_kind kind)
{
    struct credential_list list = list_credentials(f, of, kind, NOW_MS);
    pr_arena_fini(&list.arena);
    return list.items_n;
}

enum pr_err revoke_credential(struct repos_fixture *f, const struct account *of,
                              enum credential_kind kind, const struct pr_uuid *id)
{
    struct await await;
    f->credentials->revoke(f->credentials, &of->id, kind, id, await_done(&await));
    return answer(f, &await);
}

void reap(struct repos_fixture *f, int64_t now_ms, size_t limit)
{
    struct await await;
    f->credentials->reap(f->credentials, now_ms, limit, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
}

/* ---- invitations ---- */

enum creation add_invite(struct repos_fixture *f, const struct invite *invite,
                         const struct hash *hash, const struct pr_uuid *caller,
                         const struct idempotency *key, struct invite *stored)
{
    struct await await;
    enum creation creation = CREATION_NEW;
    f->invites->add(f->invites, invite, hash->b, caller, key, stored, &creation,
                    await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
    return creation;
}

struct hash added_invite(struct repos_fixture *f, const struct invite *invite)
{
    struct hash hash = new_hash();
    struct invite stored;
    assert_int_equal(add_invite(f, invite, &hash, &nobody, &no_key, &stored), CREATION_NEW);
    return hash;
}

struct invite_list list_invites(struct repos_fixture *f, int64_t now_ms)
{
    struct await await;
    struct invite_list list = {0};
    f->invites->list(f->invites, now_ms, &list, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
    return list;
}

/* ---- what must come out ---- */

void assert_same_account(const struct account *a, const struct account *b)
{
    assert_true(pr_uuid_eq(&a->id, &b->id));
    assert_string_equal(a->name, b->name);
    assert_string_equal(a->email, b->email);
    assert_int_equal(a->tier, b->tier);
    assert_int_equal(a->role, b->role);
    assert_int_equal(a->disabled, b->disabled);
    assert_int_equal(a->version, b->version);
    assert_int_equal(a->created_at_ms, b->created_at_ms);
}

void assert_saved(struct repos_fixture *f, const struct account *account)
{
    struct account saved;
    assert_int_equal(load(f, &account->id, &saved), PR_OK);
    assert_same_account(&saved, account);
}

void assert_same_credential(const struct credential *a, const struct credential *b)
{
    assert_true(pr_uuid_eq(&a->id, &b->id));
    assert_true(pr_uuid_eq(&a->account_id, &b->account_id));
    assert_int_equal(a->kind, b->kind);
    assert_string_equal(a->name, b->name);
    assert_int_equal(a->scopes, b->scopes);
    assert_int_equal(a->created_at_ms, b->created_at_ms);
    assert_int_equal(a->expires_at_ms, b->expires_at_ms);
    assert_int_equal(a->last_used_at_ms, b->last_used_at_ms);
    assert_string_equal(a->agent, b->agent);
    assert_string_equal(a->address, b->address);
}

void assert_sent(struct repos_fixture *f, const struct account *account, size_t n, bool deleted)
{
    struct sent_account sent[16];
    assert_int_equal(f->messages(f, &account->id, sent, PR_COUNT(sent)), n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(sent[i].account.version, (int64_t)i + 1);
    if (n == 0)
        return;
    const struct sent_account *last = &sent[n - 1];
    assert_string_equal(last->account.name, account->name);
    assert_int_equal(last->account.tier, account->tier);
    assert_int_equal(last->account.role, account->role);
    assert_int_equal(last->account.disabled, account->disabled);
    assert_int_equal(last->deleted, deleted);
    assert_int_equal(last->changed_at_ms, NOW_MS);
}
