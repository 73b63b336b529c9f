/* Accounts change, and each change is told once. */
#include "tests/contract/services/gateway/gateway_repos_calls.h"

#define TO_TIER(value) ((struct account_change){.has_tier = true, .tier = (value)})
#define TO_ROLE(value) ((struct account_change){.has_role = true, .role = (value)})
#define TO_DISABLED(value) ((struct account_change){.has_disabled = true, .disabled = (value)})

void test_address_changes(void **state)
{
    struct repos_fixture *f = *state;
    struct account alice = added(f, "alice"), out;
    assert_int_equal(change_email(f, &alice.id, "new@x.org", &out), PR_OK);
    strcpy(alice.email, "new@x.org");
    alice.version = 2;
    assert_same_account(&out, &alice);
    assert_saved(f, &alice);
    assert_sent(f, &alice, 2, false);
    assert_false(find_login(f, "alice@x.org").found);
    assert_true(find_login(f, "new@x.org").found);
    assert_int_equal(change_email(f, &alice.id, "new@x.org", &out), PR_OK); /* its own */
    assert_sent(f, &out, 3, false);
}

void test_address_of_another_is_a_conflict(void **state)
{
    struct repos_fixture *f = *state;
    struct account alice = added(f, "alice"), bob = added(f, "bob"), out;
    assert_int_equal(change_email(f, &alice.id, "bob@x.org", &out), PR_ERR_CONFLICT);
    assert_saved(f, &alice);
    assert_sent(f, &alice, 1, false);
    assert_int_equal(remove_account(f, &bob.id), PR_OK);
    assert_int_equal(change_email(f, &alice.id, "bob@x.org", &out), PR_OK);
}

void test_password_changes_and_sessions_end(void **state)
{
    struct repos_fixture *f = *state;
    struct account alice = added(f, "alice"), bob = added(f, "bob");
    struct hash token, first, second, others;
    struct caller caller;
    added_credential(f, &alice, CREDENTIAL_TOKEN, &token);
    struct credential kept = added_credential(f, &alice, CREDENTIAL_SESSION, &first);
    added_credential(f, &alice, CREDENTIAL_SESSION, &second);
    added_credential(f, &bob, CREDENTIAL_SESSION, &others);

    assert_int_equal(change_password(f, &alice.id, PASSWORD_HASH, "$argon2id$new", &kept.id),
                     PR_OK);
    assert_string_equal(load_login(f, &alice.id).password_hash, "$argon2id$new");
    assert_string_equal(load_login(f, &bob.id).password_hash, PASSWORD_HASH);
    assert_int_equal(find(f, &first, NOW_MS, 0, &caller), PR_OK);
    assert_int_equal(find(f, &second, NOW_MS, 0, &caller), PR_ERR_UNAUTHORIZED);
    assert_int_equal(find(f, &token, NOW_MS, 0, &caller), PR_OK);
    assert_int_equal(find(f, &others, NOW_MS, 0, &caller), PR_OK);
    assert_saved(f, &alice);
    assert_sent(f, &alice, 1, false);

    /* Whoever knows the old one alone comes too late. */
    assert_int_equal(change_password(f, &alice.id, PASSWORD_HASH, "$argon2id$evil", &nobody),
                     PR_ERR_NOT_FOUND);
    assert_string_equal(load_login(f, &alice.id).password_hash, "$argon2id$new");
    assert_int_equal(count_credentials(f, &alice, CREDENTIAL_SESSION), 1);

    assert_int_equal(change_password(f, &alice.id, "$argon2id$new", "$argon2id$newer", &nobody),
                     PR_OK);
    assert_int_equal(count_credentials(f, &alice, CREDENTIAL_SESSION), 0);
    assert_int_equal(count_credentials(f, &alice, CREDENTIAL_TOKEN), 1);
}

void test_administrator_changes_what_is_meant(void **state)
{
    struct repos_fixture *f = *state;
    struct account alice = added(f, "alice"), bob = added(f, "bob"), out;
    assert_int_equal(administer(f, &alice.id, TO_TIER(TIER_PREMIUM), &out), PR_OK);
    alice.tier = TIER_PREMIUM;
    alice.version = 2;
    assert_same_account(&out, &alice);
    assert_int_equal(administer(f, &alice.id, TO_ROLE(ROLE_ADMIN), &out), PR_OK);
    alice.role = ROLE_ADMIN;
    alice.version = 3;
    assert_saved(f, &alice);
    assert_sent(f, &alice, 3, false);
    assert_int_equal(
        administer(f, &bob.id,
                   (struct account_change){true, true, true, TIER_BUSINESS, ROLE_ADMIN, true},
                   &out),
        PR_OK);
    bob.tier = TIER_BUSINESS;
    bob.role = ROLE_ADMIN;
    bob.disabled = true;
    bob.version = 2;
    assert_saved(f, &bob);
    assert_sent(f, &bob, 2, false);
    assert_saved(f, &alice);
    assert_string_equal(load_login(f, &bob.id).password_hash, PASSWORD_HASH);
}

void test_disabling_ends_sessions(void **state)
{
    struct repos_fixture *f = *state;
    struct account alice = added(f, "alice"), bob = added(f, "bob"), out;
    struct hash session, token, others;
    struct caller caller;
    added_credential(f, &alice, CREDENTIAL_SESSION, &session);
    added_credential(f, &alice, CREDENTIAL_TOKEN, &token);
    added_credential(f, &bob, CREDENTIAL_SESSION, &others);
    assert_int_equal(administer(f, &alice.id, TO_TIER(TIER_PREMIUM), &out), PR_OK);
    assert_int_equal(find(f, &session, NOW_MS, 0, &caller), PR_OK);
    assert_int_equal(administer(f, &alice.id, TO_DISABLED(true), &out), PR_OK);
    assert_true(out.disabled);
    assert_int_equal(find(f, &token, NOW_MS, 0, &caller), PR_ERR_UNAUTHORIZED);
    assert_int_equal(find(f, &others, NOW_MS, 0, &caller), PR_OK);

    assert_int_equal(administer(f, &alice.id, TO_DISABLED(false), &out), PR_OK);
    assert_int_equal(find(f, &session, NOW_MS, 0, &caller), PR_ERR_UNAUTHORIZED);
    assert_int_equal(find(f, &token, NOW_MS, 0, &caller), PR_OK);
    assert_sent(f, &out, 4, false);
}

void test_last_administrator_stays(void **state)
{
    struct repos_fixture *f = *state;
    struct account root = added_admin(f, "root"), out, second;
    added(f, "alice");
    assert_int_equal(administer(f, &root.id, TO_ROLE(ROLE_USER), &out), PR_ERR_CONFLICT);
    assert_int_equal(administer(f, &root.id, TO_DISABLED(true), &out), PR_ERR_CONFLICT);
    assert_int_equal(remove_account(f, &root.id), PR_ERR_CONFLICT);
    assert_saved(f, &root);
    assert_sent(f, &root, 1, false);
    assert_int_equal(administer(f, &root.id, TO_TIER(TIER_PREMIUM), &out), PR_OK);

    /* One who is disabled is no administrator: he may go, and does not count. */
    second = added_admin(f, "second");
    assert_int_equal(administer(f, &second.id, TO_DISABLED(true), &second), PR_OK);
    assert_int_equal(administer(f, &root.id, TO_ROLE(ROLE_USER), &out), PR_ERR_CONFLICT);
    assert_int_equal(administer(f, &second.id, TO_ROLE(ROLE_USER), &out), PR_OK);
    assert_int_equal(administer(f, &second.id,
                                (struct account_change){
                                    .has_role = true, .has_disabled = true, .role = ROLE_ADMIN},
                                &out),
                     PR_OK);
    assert_int_equal(remove_account(f, &root.id), PR_OK);
    assert_int_equal(remove_account(f, &second.id), PR_ERR_CONFLICT);
}

void test_removed_account_keeps_its_name_only(void **state)
{
    struct repos_fixture *f = *state;
    struct account alice = added(f, "alice"), bob = added(f, "bob"), gone;
    struct hash session, token, others;
    struct caller caller;
    added_credential(f, &alice, CREDENTIAL_SESSION, &session);
    added_credential(f, &alice, CREDENTIAL_TOKEN, &token);
    added_credential(f, &bob, CREDENTIAL_TOKEN, &others);
    assert_int_equal(remove_account(f, &alice.id), PR_OK);
    assert_int_equal(load(f, &alice.id, &gone), PR_ERR_NOT_FOUND);
    assert_int_equal(find(f, &session, NOW_MS, 0, &caller), PR_ERR_UNAUTHORIZED);
    assert_int_equal(find(f, &token, NOW_MS, 0, &caller), PR_ERR_UNAUTHORIZED);
    assert_int_equal(find(f, &others, NOW_MS, 0, &caller), PR_OK);
    assert_int_equal(count_credentials(f, &alice, CREDENTIAL_SESSION), 0);
    assert_int_equal(count_credentials(f, &alice, CREDENTIAL_TOKEN), 0);
    alice.disabled = true;
    assert_sent(f, &alice, 2, true);
    assert_int_equal(remove_account(f, &alice.id), PR_ERR_NOT_FOUND);
    assert_sent(f, &alice, 2, true);
}

static void assert_not_there(struct repos_fixture *f, const struct account *account)
{
    struct account out;
    assert_int_equal(change_email(f, &account->id, "new@x.org", &out), PR_ERR_NOT_FOUND);
    assert_int_equal(change_password(f, &account->id, PASSWORD_HASH, "$argon2id$new", &nobody),
                     PR_ERR_NOT_FOUND);
    assert_int_equal(administer(f, &account->id, TO_DISABLED(false), &out), PR_ERR_NOT_FOUND);
    assert_int_equal(remove_account(f, &account->id), PR_ERR_NOT_FOUND);
}

void test_changes_of_nobody_are_not_found(void **state)
{
    struct repos_fixture *f = *state;
    struct account alice = added(f, "alice"), unknown = new_account("bob");
    assert_int_equal(remove_account(f, &alice.id), PR_OK);
    alice.disabled = true;
    assert_not_there(f, &alice);
    assert_not_there(f, &unknown);
    assert_sent(f, &alice, 2, true);
    assert_sent(f, &unknown, 0, false);
}
