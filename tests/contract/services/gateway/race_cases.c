/* Several calls at once, in any order: what may happen once happens once. */
#include "tests/contract/services/gateway/gateway_repos_calls.h"

#include "shared/base/alloc.h"

#include <stdio.h>

/* Sign-ups under way. */
struct sign_up {
    struct await await;
    struct new_account new_account;
    struct account stored;
    enum creation creation;
};

static void sign_up(struct repos_fixture *f, struct sign_up *up, const struct account *account,
                    const struct hash *invite, const struct idempotency *key)
{
    up->new_account = (struct new_account){*account, PASSWORD_HASH, invite ? invite->b : NULL};
    f->accounts->add(f->accounts, &up->new_account, key, &up->stored, &up->creation,
                     await_done(&up->await));
}

static size_t count_new(struct repos_fixture *f, struct sign_up ups[AT_ONCE], enum creation else_)
{
    size_t n = 0;
    for (size_t i = 0; i < AT_ONCE; i++) {
        assert_int_equal(answer(f, &ups[i].await), PR_OK);
        n += ups[i].creation == CREATION_NEW;
        if (ups[i].creation != CREATION_NEW)
            assert_int_equal(ups[i].creation, else_);
    }
    return n;
}

static struct account numbered(size_t i)
{
    char name[16];
    snprintf(name, sizeof name, "guest-%zu", i);
    return new_account(name);
}

void test_one_invitation_lets_one_in(void **state)
{
    struct repos_fixture *f = *state;
    struct sign_up ups[AT_ONCE];
    struct invite invite = new_invite();
    struct hash hash = added_invite(f, &invite);
    for (size_t i = 0; i < AT_ONCE; i++) {
        struct account account = numbered(i);
        sign_up(f, &ups[i], &account, &hash, &no_key);
    }
    assert_int_equal(count_new(f, ups, CREATION_NOT_INVITED), 1);
    for (size_t i = 0; i < AT_ONCE; i++) {
        const struct account *account = &ups[i].new_account.account;
        assert_int_equal(find_login(f, account->email).found, ups[i].creation == CREATION_NEW);
    }
}

void test_one_name_goes_to_one(void **state)
{
    struct repos_fixture *f = *state;
    struct sign_up ups[AT_ONCE];
    for (size_t i = 0; i < AT_ONCE; i++) {
        struct account account = numbered(i);
        strcpy(account.name, "alice");
        sign_up(f, &ups[i], &account, NULL, &no_key);
    }
    assert_int_equal(count_new(f, ups, CREATION_NAME_TAKEN), 1);
    for (size_t i = 0; i < AT_ONCE; i++) {
        struct account account = numbered(i);
        strcpy(account.email, "bob@x.org");
        sign_up(f, &ups[i], &account, NULL, &no_key);
    }
    assert_int_equal(count_new(f, ups, CREATION_EMAIL_TAKEN), 1);
}

void test_one_key_creates_one(void **state)
{
    struct repos_fixture *f = *state;
    struct sign_up ups[AT_ONCE];
    struct idempotency key = new_key(1, 1);
    struct pr_uuid made = nobody;
    size_t made_n = 0;
    for (size_t i = 0; i < AT_ONCE; i++) {
        struct account account = numbered(i);
        sign_up(f, &ups[i], &account, NULL, &key);
    }
    for (size_t i = 0; i < AT_ONCE; i++) {
        assert_int_equal(answer(f, &ups[i].await), PR_OK);
        if (ups[i].creation == CREATION_NEW) {
            made = ups[i].stored.id;
            made_n++;
        }
    }
    assert_int_equal(made_n, 1);
    for (size_t i = 0; i < AT_ONCE; i++) {
        if (ups[i].creation == CREATION_REPLAYED)
            assert_true(pr_uuid_eq(&ups[i].stored.id, &made));
        else
            assert_true(ups[i].creation == CREATION_NEW || ups[i].creation == CREATION_RUNNING);
    }
}

void test_changes_at_once_are_all_made(void **state)
{
    struct repos_fixture *f = *state;
    struct account alice = added(f, "alice"), outs[AT_ONCE], now;
    struct await awaits[AT_ONCE];
    const struct account_change change = {.has_tier = true, .tier = TIER_PREMIUM};
    bool seen[AT_ONCE + 2] = {false};
    for (size_t i = 0; i < AT_ONCE; i += 2) {
        f->accounts->administer(f->accounts, &alice.id, &change, NOW_MS, &outs[i],
                                await_done(&awaits[i]));
        f->accounts->change_email(f->accounts, &alice.id, pr_str("new@x.org"), NOW_MS, &outs[i + 1],
                                  await_done(&awaits[i + 1]));
    }
    for (size_t i = 0; i < AT_ONCE; i++) {
        assert_int_equal(answer(f, &awaits[i]), PR_OK);
        assert_in_range(outs[i].version, 2, AT_ONCE + 1);
        assert_false(seen[outs[i].version]);
        seen[outs[i].version] = true;
    }
    assert_int_equal(load(f, &alice.id, &now), PR_OK);
    assert_int_equal(now.version, AT_ONCE + 1);
    assert_int_equal(now.tier, TIER_PREMIUM);
    assert_string_equal(now.email, "new@x.org");
    assert_sent(f, &now, AT_ONCE + 1, false);
}

/* Each of three ways to lose an administrator, all at once. */
void test_administrators_do_not_depose_each_other(void **state)
{
    struct repos_fixture *f = *state;
    struct account admins[AT_ONCE], outs[AT_ONCE];
    struct await awaits[AT_ONCE];
    const struct account_change demote = {.has_role = true, .role = ROLE_USER};
    const struct account_change disable = {.has_disabled = true, .disabled = true};
    size_t gone = 0;
    for (size_t i = 0; i < AT_ONCE; i++) {
        char name[16];
        snprintf(name, sizeof name, "root-%zu", i);
        admins[i] = added_admin(f, name);
    }
    for (size_t i = 0; i < AT_ONCE; i++) {
        const struct pr_uuid *id = &admins[AT_ONCE - 1 - i].id;
        if (i % 3 == 2)
            f->accounts->remove(f->accounts, id, NOW_MS, await_done(&awaits[i]));
        else
            f->accounts->administer(f->accounts, id, i % 3 == 0 ? &demote : &disable, NOW_MS,
                                    &outs[i], await_done(&awaits[i]));
    }
    for (size_t i = 0; i < AT_ONCE; i++) {
        enum pr_err err = answer(f, &awaits[i]);
        assert_true(err == PR_OK || err == PR_ERR_CONFLICT);
        gone += err == PR_OK;
    }
    assert_int_equal(gone, AT_ONCE - 1);
}

void test_admin_tokens_at_once_make_one_account(void **state)
{
    struct repos_fixture *f = *state;
    struct await awaits[AT_ONCE];
    struct hash hashes[AT_ONCE];
    struct credential tokens[AT_ONCE];
    struct account none = {0}, admin;
    struct caller caller, first;
    for (size_t i = 0; i < AT_ONCE; i++) {
        hashes[i] = new_hash();
        tokens[i] = new_credential(&none, CREDENTIAL_TOKEN);
        f->accounts->add_admin_token(f->accounts, &tokens[i], hashes[i].b, await_done(&awaits[i]));
    }
    for (size_t i = 0; i < AT_ONCE; i++)
        assert_int_equal(answer(f, &awaits[i]), PR_OK);
    assert_int_equal(find(f, &hashes[0], NOW_MS, 0, &first), PR_OK);
    for (size_t i = 0; i < AT_ONCE; i++) {
        assert_int_equal(find(f, &hashes[i], NOW_MS, 0, &caller), PR_OK);
        assert_true(pr_uuid_eq(&caller.identity.account_id, &first.identity.account_id));
    }
    assert_int_equal(load(f, &first.identity.account_id, &admin), PR_OK);
    assert_sent(f, &admin, 1, false);
}

void test_limit_holds_at_once(void **state)
{
    struct repos_fixture *f = *state;
    struct account alice = added(f, "alice");
    struct credential tokens[AT_ONCE], stored[AT_ONCE];
    struct hash hashes[AT_ONCE], hash;
    enum creation creations[AT_ONCE];
    struct await awaits[AT_ONCE];
    size_t added_n = 0;
    for (size_t i = 2; i < CREDENTIALS_MAX; i++)
        added_credential(f, &alice, CREDENTIAL_TOKEN, &hash);
    for (size_t i = 0; i < AT_ONCE; i++) {
        hashes[i] = new_hash();
        tokens[i] = new_credential(&alice, CREDENTIAL_TOKEN);
        f->credentials->add_token(f->credentials, &tokens[i], hashes[i].b, &no_key, &stored[i],
                                  &creations[i], await_done(&awaits[i]));
    }
    for (size_t i = 0; i < AT_ONCE; i++) {
        enum pr_err err = answer(f, &awaits[i]);
        assert_true(err == PR_OK || err == PR_ERR_LIMITED);
        added_n += err == PR_OK;
    }
    assert_int_equal(added_n, 2);
    assert_int_equal(count_credentials(f, &alice, CREDENTIAL_TOKEN), CREDENTIALS_MAX);
}

/* Whoever comes first: no session outlives the disabling. */
void test_nobody_logs_in_while_disabled(void **state)
{
    struct repos_fixture *f = *state;
    struct account alice = added(f, "alice"), out;
    const struct account_change disable = {.has_disabled = true, .disabled = true};
    struct credential sessions[AT_ONCE];
    struct hash hashes[AT_ONCE];
    struct await awaits[AT_ONCE], disabled;
    for (size_t i = 0; i < AT_ONCE; i++) {
        if (i == AT_ONCE / 2)
            f->accounts->administer(f->accounts, &alice.id, &disable, NOW_MS, &out,
                                    await_done(&disabled));
        hashes[i] = new_hash();
        sessions[i] = new_credential(&alice, CREDENTIAL_SESSION);
        f->credentials->add_session(f->credentials, &sessions[i], hashes[i].b, PASSWORD_HASH, NULL,
                                    await_done(&awaits[i]));
    }
    assert_int_equal(answer(f, &disabled), PR_OK);
    for (size_t i = 0; i < AT_ONCE; i++) {
        enum pr_err err = answer(f, &awaits[i]);
        assert_true(err == PR_OK || err == PR_ERR_UNAUTHORIZED);
    }
    assert_int_equal(count_credentials(f, &alice, CREDENTIAL_SESSION), 0);
}

/* Whoever comes first: no session that the old password began outlives the change. */
void test_nobody_logs_in_with_the_old_password(void **state)
{
    struct repos_fixture *f = *state;
    struct account alice = added(f, "alice");
    struct credential sessions[AT_ONCE];
    struct hash hashes[AT_ONCE];
    struct await awaits[AT_ONCE], changed;
    for (size_t i = 0; i < AT_ONCE; i++) {
        if (i == AT_ONCE / 2)
            f->accounts->change_password(f->accounts, &alice.id, PASSWORD_HASH, "$argon2id$new",
                                         &nobody, await_done(&changed));
        hashes[i] = new_hash();
        sessions[i] = new_credential(&alice, CREDENTIAL_SESSION);
        f->credentials->add_session(f->credentials, &sessions[i], hashes[i].b, PASSWORD_HASH, NULL,
                                    await_done(&awaits[i]));
    }
    assert_int_equal(answer(f, &changed), PR_OK);
    for (size_t i = 0; i < AT_ONCE; i++) {
        enum pr_err err = answer(f, &awaits[i]);
        assert_true(err == PR_OK || err == PR_ERR_UNAUTHORIZED);
    }
    assert_int_equal(count_credentials(f, &alice, CREDENTIAL_SESSION), 0);
    f->credentials->add_session(f->credentials, &sessions[0], hashes[0].b, "$argon2id$new", NULL,
                                await_done(&awaits[0]));
    assert_int_equal(answer(f, &awaits[0]), PR_OK);
}
