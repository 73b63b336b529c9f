/* Invitations are made, listed and taken back. */
#include "tests/contract/services/gateway/gateway_repos_calls.h"

#include "shared/base/alloc.h"

static void assert_same_invite(const struct invite *a, const struct invite *b)
{
    assert_true(pr_uuid_eq(&a->id, &b->id));
    assert_int_equal(a->tier, b->tier);
    assert_int_equal(a->role, b->role);
    assert_int_equal(a->created_at_ms, b->created_at_ms);
    assert_int_equal(a->expires_at_ms, b->expires_at_ms);
    assert_int_equal(a->used_at_ms, b->used_at_ms);
}

void test_invitation_is_listed_as_it_was_added(void **state)
{
    struct repos_fixture *f = *state;
    struct invite invites[3], stored;
    struct hash hash;
    for (size_t i = 0; i < 3; i++) {
        invites[i] = new_invite();
        invites[i].id = pr_uuid_v7(NOW_MS + (int64_t)i);
        invites[i].expires_at_ms -= (int64_t)i;
        invites[i].role = i == 1 ? ROLE_ADMIN : ROLE_USER;
        hash = new_hash();
        assert_int_equal(add_invite(f, &invites[i], &hash, &nobody, &no_key, &stored),
                         CREATION_NEW);
        assert_same_invite(&stored, &invites[i]);
    }
    struct invite_list list = list_invites(f, NOW_MS + HOUR_MS - 2);
    assert_int_equal(list.items_n, 2); /* the last has expired */
    assert_same_invite(&list.items[0], &invites[1]);
    assert_same_invite(&list.items[1], &invites[0]);
    pr_arena_fini(&list.arena);
}

void test_invitation_is_replayed_to_its_administrator(void **state)
{
    struct repos_fixture *f = *state;
    struct pr_uuid one = pr_uuid_v7(NOW_MS), two = pr_uuid_v7(NOW_MS);
    struct idempotency key = new_key(1, 1), other_request = new_key(1, 2);
    struct invite invite = new_invite(), again = new_invite(), theirs = new_invite(), stored;
    struct hash hash = new_hash(), their_hash = new_hash();
    struct await await;
    assert_int_equal(add_invite(f, &invite, &hash, &one, &key, &stored), CREATION_NEW);
    assert_int_equal(add_invite(f, &again, &hash, &one, &key, &stored), CREATION_REPLAYED);
    assert_same_invite(&stored, &invite);
    assert_int_equal(add_invite(f, &again, &hash, &one, &other_request, &stored),
                     CREATION_MISMATCH);
    f->hold_key(f, &two, &key);
    assert_int_equal(add_invite(f, &theirs, &their_hash, &two, &key, &stored), CREATION_RUNNING);
    f->let_key_go(f);
    assert_int_equal(add_invite(f, &theirs, &their_hash, &two, &key, &stored), CREATION_NEW);
    f->invites->revoke(f->invites, &invite.id, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
    assert_int_equal(add_invite(f, &again, &hash, &one, &key, &stored), CREATION_GONE);
}

void test_invitations_are_revoked(void **state)
{
    struct repos_fixture *f = *state;
    struct invite invite = new_invite();
    struct hash hash = added_invite(f, &invite);
    struct account alice = new_account("alice"), stored;
    struct await await;
    f->invites->revoke(f->invites, &invite.id, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
    f->invites->revoke(f->invites, &invite.id, await_done(&await));
    assert_int_equal(answer(f, &await), PR_ERR_NOT_FOUND);
    assert_int_equal(add(f, &alice, &hash, &no_key, &stored), CREATION_NOT_INVITED);
}

void test_invitations_go_with_their_administrator(void **state)
{
    static const struct account_change changes[] = {
        {.has_tier = true, .tier = TIER_PREMIUM},
        {.has_role = true, .role = ROLE_USER},
        {.has_disabled = true, .disabled = true},
    };
    static const char *const names[] = {"one", "two", "three", "four"};
    struct repos_fixture *f = *state;
    struct account root = added_admin(f, "root"), out;
    struct invite invite = new_invite(), stored;
    struct hash hash = new_hash();
    add_invite(f, &invite, &hash, &root.id, &no_key, &stored);
    for (size_t i = 0; i < PR_COUNT(names); i++) {
        struct account admin = added_admin(f, names[i]);
        invite = new_invite();
        hash = new_hash();
        add_invite(f, &invite, &hash, &admin.id, &no_key, &stored);
        if (i < PR_COUNT(changes))
            assert_int_equal(administer(f, &admin.id, changes[i], &out), PR_OK);
        else
            assert_int_equal(remove_account(f, &admin.id), PR_OK);
        struct invite_list list = list_invites(f, NOW_MS);
        assert_int_equal(list.items_n, 2); /* root's, and that of who still is one */
        pr_arena_fini(&list.arena);
    }
}
