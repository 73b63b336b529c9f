/* Inserts whose request may have come before (Idempotency-Key). */
#include "tests/contract/services/media/media_repo_calls.h"

#include "shared/base/alloc.h"

static struct idempotency key(uint8_t key, uint8_t request)
{
    struct idempotency idempotency = {.given = true};
    memset(idempotency.key_hash, key, sizeof idempotency.key_hash);
    memset(idempotency.request_hash, request, sizeof idempotency.request_hash);
    return idempotency;
}

void test_key_adds_once_and_then_tells_what_it_added(void **state)
{
    struct repo_fixture *f = *state;
    struct idempotency once = key(1, 1), other = key(2, 1);
    struct media first = new_media(1, NOW_MS), second = new_media(1, NOW_MS),
                 third = new_media(1, NOW_MS);
    assert_int_equal(insert_keyed(f, &first, &once).outcome, INSERTION_NEW);
    assert_saved(f, &first);
    struct media now = finalize(&first);
    assert_true(save(f, f->repo->save_finalized, &now));

    struct insertion again = insert_keyed(f, &second, &once);
    assert_int_equal(again.outcome, INSERTION_REPLAYED);
    assert_true(pr_uuid_eq(&again.media_id, &first.id));
    assert_gone(f, &second);
    assert_messages(f, &second, "");
    assert_saved(f, &now);
    assert_messages(f, &first, "created 1, finalized 2");

    assert_int_equal(insert_keyed(f, &third, &other).outcome, INSERTION_NEW);
    assert_saved(f, &third);
}

void test_key_of_another_request_is_a_mismatch(void **state)
{
    struct repo_fixture *f = *state;
    struct idempotency once = key(1, 1), other = key(1, 2);
    struct media first = new_media(1, NOW_MS), second = new_media(1, NOW_MS);
    assert_int_equal(insert_keyed(f, &first, &once).outcome, INSERTION_NEW);
    assert_int_equal(insert_keyed(f, &second, &other).outcome, INSERTION_MISMATCH);
    assert_gone(f, &second);
    assert_messages(f, &second, "");
    assert_int_equal(insert_keyed(f, &second, &once).outcome, INSERTION_REPLAYED);
}

void test_keys_are_their_owners(void **state)
{
    struct repo_fixture *f = *state;
    struct idempotency once = key(1, 1), other = key(1, 2);
    struct media mine = new_media(1, NOW_MS), theirs = new_media(2, NOW_MS);
    assert_int_equal(insert_keyed(f, &mine, &once).outcome, INSERTION_NEW);
    assert_int_equal(insert_keyed(f, &theirs, &other).outcome, INSERTION_NEW);
    assert_saved(f, &mine);
    assert_saved(f, &theirs);
}

void test_key_remembers_what_is_gone(void **state)
{
    struct repo_fixture *f = *state;
    struct idempotency once = key(1, 1);
    struct media first = new_media(1, NOW_MS), second = new_media(1, NOW_MS);
    assert_int_equal(insert_keyed(f, &first, &once).outcome, INSERTION_NEW);
    assert_true(remove_at(f, &first, NOW_MS));
    struct insertion again = insert_keyed(f, &second, &once);
    assert_int_equal(again.outcome, INSERTION_REPLAYED);
    assert_true(pr_uuid_eq(&again.media_id, &first.id));
    assert_gone(f, &first);
    assert_gone(f, &second);
}

void test_key_of_a_failed_insert_is_free(void **state)
{
    struct repo_fixture *f = *state;
    struct await await;
    struct insertion insertion;
    struct idempotency once = key(1, 1);
    struct media known = inserted(f, 1, NOW_MS), media = new_media(1, NOW_MS);
    f->repo->insert(f->repo, &known, &once, &insertion, await_done(&await));
    assert_int_equal(answer(f, &await), PR_ERR_CONFLICT);
    assert_int_equal(insert_keyed(f, &media, &once).outcome, INSERTION_NEW);
    assert_saved(f, &media);
}

/* One is added; to the others it is under way, or done. What is told as done can be loaded. */
void test_one_key_at_once_adds_one(void **state)
{
    struct repo_fixture *f = *state;
    struct idempotency once = key(1, 1);
    for (uint8_t round = 0; round < 20; round++) {
        struct await awaits[4];
        struct insertion insertions[4];
        struct media media[4], found;
        size_t added = 0, n = 0;
        once.key_hash[0] = round;
        for (size_t i = 0; i < PR_COUNT(media); i++) {
            media[i] = new_media(1, NOW_MS);
            f->repo->insert(f->repo, &media[i], &once, &insertions[i], await_done(&awaits[i]));
        }
        for (size_t i = 0; i < PR_COUNT(media); i++) {
            assert_int_equal(answer(f, &awaits[i]), PR_OK);
            assert_int_not_equal(insertions[i].outcome, INSERTION_MISMATCH);
            if (insertions[i].outcome == INSERTION_REPLAYED)
                assert_int_equal(load(f, &insertions[i].media_id, &found), PR_OK);
            added += insertions[i].outcome == INSERTION_NEW;
        }
        for (size_t i = 0; i < PR_COUNT(media); i++)
            n += load(f, &media[i].id, &found) == PR_OK;
        assert_int_equal(added, 1);
        assert_int_equal(n, 1);
    }
}
