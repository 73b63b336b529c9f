/* Accounts are added, found and listed. */
#include "tests/contract/services/gateway/gateway_repos_calls.h"

#include "shared/base/alloc.h"

/* ---- add ---- */

void test_account_is_loaded_as_it_was_added(void **state)
{
    struct repos_fixture *f = *state;
    struct account account = new_account("alice"), stored, unknown;
    account.tier = TIER_BUSINESS;
    account.role = ROLE_ADMIN;
    assert_int_equal(add(f, &account, NULL, &no_key, &stored), CREATION_NEW);
    assert_same_account(&stored, &account);
    assert_saved(f, &account);
    assert_sent(f, &account, 1, false);
    struct pr_uuid other = pr_uuid_v7(NOW_MS);
    assert_int_equal(load(f, &other, &unknown), PR_ERR_NOT_FOUND);
}

void test_longest_values_survive(void **state)
{
    struct repos_fixture *f = *state;
    struct account account = new_account("a-name-of-the-longest-kind-there"), stored;
    assert_int_equal(strlen(account.name), ACCOUNT_NAME_MAX);
    memset(account.email, 'x', ACCOUNT_EMAIL_MAX);
    memcpy(account.email, "'%_\\@", 5);
    account.email[ACCOUNT_EMAIL_MAX] = 0;
    assert_int_equal(add(f, &account, NULL, &no_key, &stored), CREATION_NEW);
    assert_saved(f, &account);
    assert_sent(f, &account, 1, false);
    assert_true(find_login(f, account.email).found);
}

void test_name_and_address_are_taken_once(void **state)
{
    struct repos_fixture *f = *state;
    struct account alice = added(f, "alice"), name = new_account("alice"),
                   email = new_account("bob");
    struct account stored, gone;
    strcpy(name.email, "other@x.org");
    strcpy(email.email, alice.email);
    assert_int_equal(add(f, &name, NULL, &no_key, &stored), CREATION_NAME_TAKEN);
    assert_int_equal(add(f, &email, NULL, &no_key, &stored), CREATION_EMAIL_TAKEN);
    assert_int_equal(load(f, &name.id, &gone), PR_ERR_NOT_FOUND);
    assert_sent(f, &name, 0, false);
    assert_sent(f, &email, 0, false);

    /* A deleted account keeps its name, but not its address. */
    assert_int_equal(remove_account(f, &alice.id), PR_OK);
    assert_int_equal(add(f, &name, NULL, &no_key, &stored), CREATION_NAME_TAKEN);
    assert_int_equal(add(f, &email, NULL, &no_key, &stored), CREATION_NEW);
}

void test_invitation_is_used_once(void **state)
{
    struct repos_fixture *f = *state;
    struct account alice = new_account("alice"), bob = new_account("bob"), stored;
    struct invite invite = new_invite();
    invite.tier = TIER_BUSINESS;
    invite.role = ROLE_ADMIN;
    struct hash hash = added_invite(f, &invite);
    assert_int_equal(add(f, &alice, &hash, &no_key, &stored), CREATION_NEW);
    alice.tier = TIER_BUSINESS;
    alice.role = ROLE_ADMIN;
    assert_same_account(&stored, &alice);
    assert_saved(f, &alice);
    assert_sent(f, &alice, 1, false);

    assert_int_equal(add(f, &bob, &hash, &no_key, &stored), CREATION_NOT_INVITED);
    assert_sent(f, &bob, 0, false);
    struct invite_list list = list_invites(f, NOW_MS);
    assert_int_equal(list.items_n, 1);
    assert_int_equal(list.items[0].used_at_ms, NOW_MS);
    pr_arena_fini(&list.arena);
}

void test_bad_invitation_adds_nothing(void **state)
{
    struct repos_fixture *f = *state;
    struct account alice = added(f, "alice"), bob = new_account("bob"), stored;
    struct invite expired = new_invite(), good = new_invite();
    struct hash unknown = new_hash();
    expired.expires_at_ms = NOW_MS;
    good.expires_at_ms = NOW_MS + 1;
    struct hash late = added_invite(f, &expired), in_time = added_invite(f, &good);
    assert_int_equal(add(f, &bob, &unknown, &no_key, &stored), CREATION_NOT_INVITED);
    assert_int_equal(add(f, &bob, &late, &no_key, &stored), CREATION_NOT_INVITED);
    assert_int_equal(add(f, &alice, &late, &no_key, &stored), CREATION_NOT_INVITED);

    /* Who is refused for his name may try another with the same invitation. */
    bob.id = pr_uuid_v7(NOW_MS);
    strcpy(bob.name, "alice");
    assert_int_equal(add(f, &bob, &in_time, &no_key, &stored), CREATION_NAME_TAKEN);
    strcpy(bob.name, "bob");
    assert_int_equal(add(f, &bob, &in_time, &no_key, &stored), CREATION_NEW);
}

void test_sign_up_is_replayed(void **state)
{
    struct repos_fixture *f = *state;
    struct idempotency key = new_key(1, 1), other_request = new_key(1, 2), held = new_key(2, 1);
    struct account alice = new_account("alice"), again = new_account("alice"), stored, changed;
    struct invite invite = new_invite();
    struct hash hash = added_invite(f, &invite);
    assert_int_equal(add(f, &alice, &hash, &key, &stored), CREATION_NEW);
    assert_int_equal(change_email(f, &alice.id, "new@x.org", &changed), PR_OK);
    assert_int_equal(add(f, &again, &hash, &key, &stored), CREATION_REPLAYED);
    assert_same_account(&stored, &changed);
    assert_sent(f, &changed, 2, false);
    assert_sent(f, &again, 0, false);
    assert_int_equal(add(f, &again, &hash, &other_request, &stored), CREATION_MISMATCH);

    f->hold_key(f, &nobody, &held);
    struct account bob = new_account("bob");
    assert_int_equal(add(f, &bob, NULL, &held, &stored), CREATION_RUNNING);
    f->let_key_go(f);
    assert_int_equal(add(f, &bob, NULL, &held, &stored), CREATION_NEW);

    assert_int_equal(remove_account(f, &alice.id), PR_OK);
    assert_int_equal(add(f, &again, &hash, &key, &stored), CREATION_GONE);
}

void test_refused_sign_up_frees_its_key(void **state)
{
    struct repos_fixture *f = *state;
    struct idempotency key = new_key(1, 1), other_request = new_key(1, 2);
    struct account alice = added(f, "alice"), bob = new_account("bob"), name = alice, stored;
    struct hash unknown = new_hash();
    name.id = pr_uuid_v7(NOW_MS);
    strcpy(name.email, "other@x.org");
    assert_int_equal(add(f, &name, NULL, &key, &stored), CREATION_NAME_TAKEN);
    assert_int_equal(add(f, &bob, &unknown, &key, &stored), CREATION_NOT_INVITED);
    assert_int_equal(add(f, &bob, NULL, &other_request, &stored), CREATION_NEW);
}

/* ---- reads ---- */

void test_login_is_found(void **state)
{
    struct repos_fixture *f = *state;
    struct account alice = added(f, "alice");
    struct hash hash = new_hash();
    struct caller admin;
    struct login login = find_login(f, "alice@x.org");
    assert_true(login.found);
    assert_same_account(&login.account, &alice);
    assert_string_equal(login.password_hash, PASSWORD_HASH);
    login = load_login(f, &alice.id);
    assert_true(login.found);
    assert_same_account(&login.account, &alice);

    assert_false(find_login(f, "bob@x.org").found);
    assert_false(find_login(f, "").found);
    assert_false(load_login(f, &nobody).found);
    assert_int_equal(add_admin_token(f, &hash), PR_OK);
    assert_int_equal(find(f, &hash, NOW_MS, 0, &admin), PR_OK);
    assert_false(load_login(f, &admin.identity.account_id).found); /* no password */

    assert_int_equal(remove_account(f, &alice.id), PR_OK);
    assert_false(find_login(f, "alice@x.org").found);
    assert_false(load_login(f, &alice.id).found);
}

static struct account_page list(struct repos_fixture *f, const char *search,
                                const struct pr_uuid *before, size_t limit)
{
    struct await await;
    struct account_page page = {0};
    struct account_query query = {{search, strlen(search)}, *before, limit};
    f->accounts->list(f->accounts, &query, &page, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
    return page;
}

void test_list_goes_from_the_newest_in_pages(void **state)
{
    static const char *const names[] = {"one", "two", "three", "four", "five"};
    struct repos_fixture *f = *state;
    struct account accounts[5], stored;
    for (size_t i = 0; i < 5; i++) {
        accounts[i] = new_account(names[i]);
        accounts[i].id = pr_uuid_v7(NOW_MS + (int64_t)i);
        assert_int_equal(add(f, &accounts[i], NULL, &no_key, &stored), CREATION_NEW);
    }
    assert_int_equal(remove_account(f, &accounts[3].id), PR_OK);

    struct account_page page = list(f, "", &nobody, 2);
    assert_int_equal(page.items_n, 2);
    assert_true(page.more);
    assert_same_account(&page.items[0], &accounts[4]);
    assert_same_account(&page.items[1], &accounts[2]);
    pr_arena_fini(&page.arena);
    page = list(f, "", &accounts[2].id, 2);
    assert_int_equal(page.items_n, 2);
    assert_false(page.more);
    assert_same_account(&page.items[1], &accounts[0]);
    pr_arena_fini(&page.arena);
    page = list(f, "", &accounts[0].id, 2);
    assert_int_equal(page.items_n, 0);
    assert_false(page.more);
    pr_arena_fini(&page.arena);
}

static void assert_finds(struct repos_fixture *f, const char *search, size_t n)
{
    struct account_page page = list(f, search, &nobody, 10);
    assert_int_equal(page.items_n, n);
    pr_arena_fini(&page.arena);
}

void test_list_searches_names_and_addresses(void **state)
{
    struct repos_fixture *f = *state;
    struct account alice = added(f, "alice"), changed;
    struct hash hash = new_hash();
    added(f, "malik");
    assert_int_equal(add_admin_token(f, &hash), PR_OK); /* has no address */
    assert_int_equal(change_email(f, &alice.id, "a_%\\'@b.org", &changed), PR_OK);
    assert_finds(f, "", 3);
    assert_finds(f, "ali", 2);
    assert_finds(f, "ALI", 2);
    assert_finds(f, "ik@X.", 1);
    assert_finds(f, "admin", 1);
    assert_finds(f, "_", 1);
    assert_finds(f, "%", 1);
    assert_finds(f, "\\'", 1);
    assert_finds(f, "a%b", 0);
    assert_finds(f, "ali_", 0);
    assert_finds(f, "alice@x.org", 0);
}

/* ---- the administrator's token ---- */

void test_admin_token_makes_the_account_once(void **state)
{
    struct repos_fixture *f = *state;
    struct hash one = new_hash(), two = new_hash(), three = new_hash();
    struct caller first, second;
    struct account admin;
    assert_int_equal(add_admin_token(f, &one), PR_OK);
    assert_int_equal(add_admin_token(f, &two), PR_OK);
    assert_int_equal(add_admin_token(f, &one), PR_ERR_CONFLICT);
    assert_int_equal(find(f, &one, NOW_MS, 0, &first), PR_OK);
    assert_int_equal(find(f, &two, NOW_MS, 0, &second), PR_OK);
    assert_true(pr_uuid_eq(&first.identity.account_id, &second.identity.account_id));
    assert_int_equal(first.kind, CREDENTIAL_TOKEN);
    assert_int_equal(first.scopes, SCOPE_ALL);
    assert_int_equal(load(f, &first.identity.account_id, &admin), PR_OK);
    assert_string_equal(admin.name, "admin");
    assert_string_equal(admin.email, "");
    assert_int_equal(admin.tier, TIER_BUSINESS);
    assert_int_equal(admin.role, ROLE_ADMIN);
    assert_sent(f, &admin, 1, false);

    /* Who is an administrator no more gets none: it would be good for nothing. */
    static const struct account_change changes[] = {
        {.has_role = true, .role = ROLE_USER},
        {.has_role = true, .role = ROLE_ADMIN, .has_disabled = true, .disabled = true},
    };
    added_admin(f, "root");
    for (size_t i = 0; i < PR_COUNT(changes); i++) {
        assert_int_equal(administer(f, &admin.id, changes[i], &admin), PR_OK);
        assert_int_equal(add_admin_token(f, &three), PR_ERR_CONFLICT);
    }
    assert_int_equal(remove_account(f, &admin.id), PR_OK);
    assert_int_equal(add_admin_token(f, &three), PR_ERR_CONFLICT);
    assert_int_equal(find(f, &three, NOW_MS, 0, &first), PR_ERR_UNAUTHORIZED);
}
