/* Sessions and tokens are added, found, used, revoked and reaped. */
#include "tests/contract/services/gateway/gateway_repos_calls.h"

#include "shared/base/alloc.h"

/* ---- find ---- */

void test_secret_tells_its_caller(void **state)
{
    struct repos_fixture *f = *state;
    struct account alice = added(f, "alice"), root = added_admin(f, "root"), out;
    struct hash session, token, admin, unknown = new_hash();
    struct caller caller;
    struct credential theirs = added_credential(f, &alice, CREDENTIAL_SESSION, &session);
    added_credential(f, &alice, CREDENTIAL_TOKEN, &token);
    added_credential(f, &root, CREDENTIAL_SESSION, &admin);
    assert_int_equal(administer(f, &alice.id,
                                (struct account_change){.has_tier = true, .tier = TIER_PREMIUM},
                                &out),
                     PR_OK);
    assert_int_equal(find(f, &session, NOW_MS, 0, &caller), PR_OK);
    assert_true(pr_uuid_eq(&caller.identity.account_id, &alice.id));
    assert_string_equal(caller.identity.name, "alice");
    assert_int_equal(caller.identity.tier, TIER_PREMIUM);
    assert_int_equal(caller.identity.role, ROLE_USER);
    assert_int_equal(caller.identity.expires_at_ms, 0);
    assert_true(pr_uuid_eq(&caller.credential_id, &theirs.id));
    assert_int_equal(caller.kind, CREDENTIAL_SESSION);
    assert_int_equal(caller.expires_at_ms, theirs.expires_at_ms);
    assert_int_equal(caller.scopes, SCOPE_READ | SCOPE_WRITE); /* admin needs the role */
    assert_int_equal(find(f, &token, NOW_MS, 0, &caller), PR_OK);
    assert_int_equal(caller.kind, CREDENTIAL_TOKEN);
    assert_int_equal(find(f, &admin, NOW_MS, 0, &caller), PR_OK);
    assert_int_equal(caller.identity.role, ROLE_ADMIN);
    assert_int_equal(caller.scopes, SCOPE_ALL);
    assert_int_equal(find(f, &unknown, NOW_MS, 0, &caller), PR_ERR_UNAUTHORIZED);
}

void test_expired_and_idle_are_nobodys(void **state)
{
    struct repos_fixture *f = *state;
    struct account alice = added(f, "alice");
    struct hash session, token;
    struct caller caller;
    int64_t end_ms = added_credential(f, &alice, CREDENTIAL_SESSION, &session).expires_at_ms;
    added_credential(f, &alice, CREDENTIAL_TOKEN, &token);

    /* Never used: from when it was made. */
    assert_int_equal(find(f, &session, NOW_MS, NOW_MS + 1, &caller), PR_ERR_UNAUTHORIZED);
    assert_int_equal(find(f, &session, NOW_MS, NOW_MS, &caller), PR_OK);
    assert_int_equal(find(f, &token, NOW_MS, NOW_MS + 1, &caller), PR_OK);
    assert_int_equal(find(f, &session, NOW_MS + 2 * HOUR_MS, NOW_MS, &caller), PR_OK);
    int64_t used_at_ms = NOW_MS + 2 * HOUR_MS - NOW_MS % MINUTE_MS;
    assert_int_equal(find(f, &session, NOW_MS + 4 * HOUR_MS, used_at_ms + 1, &caller),
                     PR_ERR_UNAUTHORIZED);
    assert_int_equal(find(f, &session, NOW_MS + 4 * HOUR_MS, used_at_ms, &caller), PR_OK);

    assert_int_equal(find(f, &session, end_ms - 1, 0, &caller), PR_OK);
    assert_int_equal(find(f, &session, end_ms, 0, &caller), PR_ERR_UNAUTHORIZED);
    assert_int_equal(find(f, &token, end_ms - 1, 0, &caller), PR_OK);
    assert_int_equal(find(f, &token, end_ms, 0, &caller), PR_ERR_UNAUTHORIZED);
}

void test_disabled_and_removed_are_nobodys(void **state)
{
    struct repos_fixture *f = *state;
    struct account alice = added(f, "alice"), out;
    struct account_change change = {.has_disabled = true, .disabled = true};
    struct hash token;
    struct caller caller;
    added_credential(f, &alice, CREDENTIAL_TOKEN, &token);
    assert_int_equal(administer(f, &alice.id, change, &out), PR_OK);
    assert_int_equal(find(f, &token, NOW_MS, 0, &caller), PR_ERR_UNAUTHORIZED);
    change.disabled = false;
    assert_int_equal(administer(f, &alice.id, change, &out), PR_OK);
    assert_int_equal(find(f, &token, NOW_MS, 0, &caller), PR_OK);
    assert_int_equal(remove_account(f, &alice.id), PR_OK);
    assert_int_equal(find(f, &token, NOW_MS, 0, &caller), PR_ERR_UNAUTHORIZED);
}

static int64_t last_used(struct repos_fixture *f, const struct account *of)
{
    struct credential_list list = list_credentials(f, of, CREDENTIAL_TOKEN, NOW_MS);
    assert_int_equal(list.items_n, 1);
    int64_t at_ms = list.items[0].last_used_at_ms;
    pr_arena_fini(&list.arena);
    return at_ms;
}

void test_use_is_noted_to_the_minute(void **state)
{
    struct repos_fixture *f = *state;
    struct account alice = added(f, "alice");
    int64_t minute_ms = NOW_MS - NOW_MS % MINUTE_MS;
    struct hash token;
    struct caller caller;
    added_credential(f, &alice, CREDENTIAL_TOKEN, &token);
    assert_int_equal(last_used(f, &alice), 0);
    assert_int_equal(find(f, &token, NOW_MS, 0, &caller), PR_OK);
    assert_int_equal(last_used(f, &alice), minute_ms);
    assert_int_equal(find(f, &token, minute_ms + MINUTE_MS - 1, 0, &caller), PR_OK);
    assert_int_equal(last_used(f, &alice), minute_ms);
    assert_int_equal(find(f, &token, minute_ms + MINUTE_MS, 0, &caller), PR_OK);
    assert_int_equal(last_used(f, &alice), minute_ms + MINUTE_MS);
    assert_int_equal(find(f, &token, NOW_MS, 0, &caller), PR_OK); /* by a clock that is behind */
    assert_int_equal(last_used(f, &alice), minute_ms + MINUTE_MS);
}

/* ---- add ---- */

void test_credential_is_listed_as_it_was_added(void **state)
{
    struct repos_fixture *f = *state;
    struct account alice = added(f, "alice");
    struct hash one = new_hash(), two = new_hash();
    struct credential stored, token = new_credential(&alice, CREDENTIAL_TOKEN);
    struct credential session = new_credential(&alice, CREDENTIAL_SESSION);
    enum creation creation;
    memset(token.name, 'x', CREDENTIAL_NAME_MAX);
    memcpy(token.name, "\xf0\x9f\x93\xb7'%s\\", 8);
    token.scopes = SCOPE_READ | SCOPE_ADMIN;
    memset(session.agent, 'a', CREDENTIAL_AGENT_MAX);
    memset(session.address, 'f', CREDENTIAL_ADDRESS_MAX);
    assert_int_equal(add_token(f, &token, &one, &no_key, &stored, &creation), PR_OK);
    assert_int_equal(creation, CREATION_NEW);
    assert_same_credential(&stored, &token);
    assert_int_equal(add_session(f, &session, &two, NULL), PR_OK);

    struct credential_list list = list_credentials(f, &alice, CREDENTIAL_TOKEN, NOW_MS);
    assert_int_equal(list.items_n, 1);
    assert_same_credential(&list.items[0], &token);
    pr_arena_fini(&list.arena);
    list = list_credentials(f, &alice, CREDENTIAL_SESSION, NOW_MS);
    assert_int_equal(list.items_n, 1);
    assert_same_credential(&list.items[0], &session);
    pr_arena_fini(&list.arena);
}

void test_credential_is_replayed(void **state)
{
    struct repos_fixture *f = *state;
    struct account alice = added(f, "alice"), bob = added(f, "bob");
    struct idempotency key = new_key(1, 1), other_request = new_key(1, 2), held = new_key(2, 1);
    struct hash hash = new_hash(), hashes[] = {new_hash(), new_hash()};
    struct credential token = new_credential(&alice, CREDENTIAL_TOKEN), stored;
    struct credential again = new_credential(&alice, CREDENTIAL_TOKEN);
    struct credential other = new_credential(&bob, CREDENTIAL_TOKEN);
    enum creation creation;
    assert_int_equal(add_token(f, &token, &hash, &key, &stored, &creation), PR_OK);
    assert_int_equal(creation, CREATION_NEW);
    assert_int_equal(add_token(f, &again, &hash, &key, &stored, &creation), PR_OK);
    assert_int_equal(creation, CREATION_REPLAYED);
    assert_same_credential(&stored, &token);
    assert_int_equal(count_credentials(f, &alice, CREDENTIAL_TOKEN), 1);
    assert_int_equal(add_token(f, &again, &hash, &other_request, &stored, &creation), PR_OK);
    assert_int_equal(creation, CREATION_MISMATCH);

    /* A key is the account's own. */
    assert_int_equal(add_token(f, &other, &hashes[0], &key, &stored, &creation), PR_OK);
    assert_int_equal(creation, CREATION_NEW);

    f->hold_key(f, &alice.id, &held);
    assert_int_equal(add_token(f, &again, &hashes[1], &held, &stored, &creation), PR_OK);
    assert_int_equal(creation, CREATION_RUNNING);
    f->let_key_go(f);
    assert_int_equal(add_token(f, &again, &hashes[1], &held, &stored, &creation), PR_OK);
    assert_int_equal(creation, CREATION_NEW);

    assert_int_equal(revoke_credential(f, &alice, CREDENTIAL_TOKEN, &token.id), PR_OK);
    assert_int_equal(add_token(f, &again, &hash, &key, &stored, &creation), PR_OK);
    assert_int_equal(creation, CREATION_GONE);
}

void test_credentials_of_an_account_are_limited(void **state)
{
    struct repos_fixture *f = *state;
    struct account alice = added(f, "alice"), bob = added(f, "bob");
    struct idempotency key = new_key(1, 1), refused = new_key(2, 1);
    struct hash hash = new_hash(), one_more = new_hash();
    struct credential first = new_credential(&alice, CREDENTIAL_TOKEN), stored;
    enum creation creation;
    first.expires_at_ms = NOW_MS + 1;
    assert_int_equal(add_token(f, &first, &hash, &key, &stored, &creation), PR_OK);
    for (size_t i = 1; i < CREDENTIALS_MAX; i++)
        added_credential(f, &alice, CREDENTIAL_TOKEN, &hash);

    struct credential more = new_credential(&alice, CREDENTIAL_TOKEN);
    assert_int_equal(add_token(f, &more, &one_more, &refused, &stored, &creation), PR_ERR_LIMITED);
    assert_int_equal(add_token(f, &more, &one_more, &key, &stored, &creation), PR_OK);
    assert_int_equal(creation, CREATION_REPLAYED);
    added_credential(f, &alice, CREDENTIAL_SESSION, &hash); /* of another kind */
    added_credential(f, &bob, CREDENTIAL_TOKEN, &hash);     /* of another account */

    /* When one has expired there is room again. */
    more.created_at_ms = NOW_MS + 1;
    assert_int_equal(add_token(f, &more, &one_more, &refused, &stored, &creation), PR_OK);
    assert_int_equal(creation, CREATION_NEW);
}

void test_session_replaces_another(void **state)
{
    struct repos_fixture *f = *state;
    struct account alice = added(f, "alice"), bob = added(f, "bob");
    struct credential session = new_credential(&alice, CREDENTIAL_SESSION);
    struct hash hash = new_hash(), earlier, bobs, token;
    struct caller caller;
    added_credential(f, &alice, CREDENTIAL_SESSION, &earlier);
    added_credential(f, &bob, CREDENTIAL_SESSION, &bobs);
    added_credential(f, &alice, CREDENTIAL_TOKEN, &token);
    assert_int_equal(add_session(f, &session, &hash, &bobs), PR_OK);
    assert_int_equal(find(f, &bobs, NOW_MS, 0, &caller), PR_ERR_UNAUTHORIZED);
    assert_int_equal(find(f, &earlier, NOW_MS, 0, &caller), PR_OK);

    session.id = pr_uuid_v7(NOW_MS);
    struct hash next = new_hash();
    assert_int_equal(add_session(f, &session, &next, &token), PR_OK); /* it is no session */
    assert_int_equal(find(f, &token, NOW_MS, 0, &caller), PR_OK);
    assert_int_equal(find(f, &next, NOW_MS, 0, &caller), PR_OK);
}

void test_stalest_sessions_give_way(void **state)
{
    struct repos_fixture *f = *state;
    struct account alice = added(f, "alice"), bob = added(f, "bob");
    struct hash oldest, stalest, hash, bobs;
    struct caller caller;
    added_credential(f, &bob, CREDENTIAL_SESSION, &bobs);
    added_credential(f, &alice, CREDENTIAL_SESSION, &oldest);
    added_credential(f, &alice, CREDENTIAL_SESSION, &stalest);
    for (size_t i = 2; i < CREDENTIALS_MAX; i++) {
        struct credential session = new_credential(&alice, CREDENTIAL_SESSION);
        session.created_at_ms += 1;
        hash = new_hash();
        assert_int_equal(add_session(f, &session, &hash, NULL), PR_OK);
    }
    assert_int_equal(find(f, &oldest, NOW_MS + MINUTE_MS, 0, &caller), PR_OK);
    added_credential(f, &alice, CREDENTIAL_SESSION, &hash);
    assert_int_equal(find(f, &stalest, NOW_MS, 0, &caller), PR_ERR_UNAUTHORIZED);
    assert_int_equal(find(f, &oldest, NOW_MS, 0, &caller), PR_OK);
    assert_int_equal(find(f, &hash, NOW_MS, 0, &caller), PR_OK);
    assert_int_equal(find(f, &bobs, NOW_MS, 0, &caller), PR_OK);
    assert_int_equal(count_credentials(f, &alice, CREDENTIAL_SESSION), CREDENTIALS_MAX);
}

void test_session_of_nobody_is_refused(void **state)
{
    struct repos_fixture *f = *state;
    struct account alice = added(f, "alice");
    struct credential session = new_credential(&alice, CREDENTIAL_SESSION);
    struct hash hash = new_hash(), earlier;
    struct caller caller;
    added_credential(f, &alice, CREDENTIAL_SESSION, &earlier);
    assert_int_equal(change_password(f, &alice.id, PASSWORD_HASH, "$argon2id$new", &nobody), PR_OK);
    added_credential(f, &alice, CREDENTIAL_TOKEN, &earlier);
    assert_int_equal(add_session(f, &session, &hash, &earlier), PR_ERR_UNAUTHORIZED);
    assert_int_equal(find(f, &earlier, NOW_MS, 0, &caller), PR_OK); /* nothing was done */
    assert_int_equal(remove_account(f, &alice.id), PR_OK);
    assert_int_equal(add_session(f, &session, &hash, NULL), PR_ERR_UNAUTHORIZED);
}

void test_credential_of_nobody_is_refused(void **state)
{
    struct repos_fixture *f = *state;
    struct account alice = added(f, "alice"), out;
    struct account_change change = {.has_disabled = true, .disabled = true};
    struct credential token = new_credential(&alice, CREDENTIAL_TOKEN), stored;
    struct idempotency key = new_key(1, 1);
    struct hash hash = new_hash();
    enum creation creation;
    assert_int_equal(administer(f, &alice.id, change, &out), PR_OK);
    assert_int_equal(add_token(f, &token, &hash, &key, &stored, &creation), PR_ERR_UNAUTHORIZED);
    change.disabled = false;
    assert_int_equal(administer(f, &alice.id, change, &out), PR_OK);
    assert_int_equal(add_token(f, &token, &hash, &key, &stored, &creation), PR_OK);
    assert_int_equal(creation, CREATION_NEW);
    token.id = pr_uuid_v7(NOW_MS);
    assert_int_equal(add_token(f, &token, &hash, &no_key, &stored, &creation),
                     PR_ERR_CONFLICT); /* the same secret */
    assert_int_equal(remove_account(f, &alice.id), PR_OK);
    hash = new_hash();
    assert_int_equal(add_token(f, &token, &hash, &no_key, &stored, &creation), PR_ERR_UNAUTHORIZED);
}

/* ---- list, revoke, reap ---- */

void test_credentials_are_listed_by_kind_and_account(void **state)
{
    struct repos_fixture *f = *state;
    struct account alice = added(f, "alice"), bob = added(f, "bob");
    struct credential tokens[3], stored;
    struct hash hash;
    enum creation creation;
    for (size_t i = 0; i < 3; i++) {
        hash = new_hash();
        tokens[i] = new_credential(&alice, CREDENTIAL_TOKEN);
        tokens[i].id = pr_uuid_v7(NOW_MS + (int64_t)i);
        tokens[i].expires_at_ms = NOW_MS + 100 - (int64_t)i;
        assert_int_equal(add_token(f, &tokens[i], &hash, &no_key, &stored, &creation), PR_OK);
    }
    added_credential(f, &alice, CREDENTIAL_SESSION, &hash);
    added_credential(f, &bob, CREDENTIAL_TOKEN, &hash);
    struct credential_list list = list_credentials(f, &alice, CREDENTIAL_TOKEN, NOW_MS + 98);
    assert_int_equal(list.items_n, 2); /* the last has expired */
    assert_same_credential(&list.items[0], &tokens[1]);
    assert_same_credential(&list.items[1], &tokens[0]);
    pr_arena_fini(&list.arena);
}

void test_only_the_owner_revokes(void **state)
{
    struct repos_fixture *f = *state;
    struct account alice = added(f, "alice"), bob = added(f, "bob");
    struct hash token, session, others;
    struct caller caller;
    struct await await;
    struct credential t = added_credential(f, &alice, CREDENTIAL_TOKEN, &token);
    added_credential(f, &alice, CREDENTIAL_SESSION, &session);
    added_credential(f, &bob, CREDENTIAL_SESSION, &others);
    assert_int_equal(revoke_credential(f, &bob, CREDENTIAL_TOKEN, &t.id), PR_ERR_NOT_FOUND);
    assert_int_equal(revoke_credential(f, &alice, CREDENTIAL_SESSION, &t.id), PR_ERR_NOT_FOUND);
    assert_int_equal(find(f, &token, NOW_MS, 0, &caller), PR_OK);
    assert_int_equal(revoke_credential(f, &alice, CREDENTIAL_TOKEN, &t.id), PR_OK);
    assert_int_equal(revoke_credential(f, &alice, CREDENTIAL_TOKEN, &t.id), PR_ERR_NOT_FOUND);
    assert_int_equal(find(f, &token, NOW_MS, 0, &caller), PR_ERR_UNAUTHORIZED);

    added_credential(f, &alice, CREDENTIAL_TOKEN, &token);
    f->credentials->revoke_sessions(f->credentials, &alice.id, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
    assert_int_equal(find(f, &session, NOW_MS, 0, &caller), PR_ERR_UNAUTHORIZED);
    assert_int_equal(find(f, &token, NOW_MS, 0, &caller), PR_OK);
    assert_int_equal(find(f, &others, NOW_MS, 0, &caller), PR_OK);
}

void test_expired_are_reaped(void **state)
{
    struct repos_fixture *f = *state;
    struct account alice = added(f, "alice");
    struct credential stored, tokens[4];
    struct hash hash;
    enum creation creation;
    for (size_t i = 0; i < 4; i++) {
        struct invite invite = new_invite();
        hash = new_hash();
        tokens[i] = new_credential(&alice, CREDENTIAL_TOKEN);
        tokens[i].expires_at_ms = invite.expires_at_ms = NOW_MS + 10 + (int64_t)i;
        assert_int_equal(add_token(f, &tokens[i], &hash, &no_key, &stored, &creation), PR_OK);
        added_invite(f, &invite);
    }
    static const struct {
        int64_t at_ms;
        size_t limit, left;
    } rounds[] = {{9, 10, 4}, {12, 2, 2}, {12, 2, 1}, {12, 2, 1}};
    for (size_t i = 0; i < PR_COUNT(rounds); i++) {
        reap(f, NOW_MS + rounds[i].at_ms, rounds[i].limit);
        struct invite_list invites = list_invites(f, NOW_MS);
        assert_int_equal(count_credentials(f, &alice, CREDENTIAL_TOKEN), rounds[i].left);
        assert_int_equal(invites.items_n, rounds[i].left);
        pr_arena_fini(&invites.arena);
    }
}
