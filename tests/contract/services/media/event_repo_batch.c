/* Many photos that are announced together enter an event. */
#include "tests/contract/services/media/event_repo_calls.h"

#include "shared/base/alloc.h"

#define ALIVE_MS (NOW_MS + 60000)

static int insert_batch(struct event_fixture *f, struct batch_entry *entries, size_t n)
{
    struct await await;
    struct insertion insertion;
    f->media->insert_batch(f->media, entries, n, ALIVE_MS, &insertion, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
    return (int)insertion.outcome;
}

static struct media photo_of(const struct pr_uuid *event_id, uint8_t bytes)
{
    struct media media = new_media(event_id);
    memset(media.sha256, bytes, sizeof media.sha256);
    media.upload_expires_at_ms = NOW_MS + HOUR_MS;
    return media;
}

static struct batch_entry entry_of(const struct pr_uuid *event_id, uint8_t bytes)
{
    return (struct batch_entry){.media = photo_of(event_id, bytes)};
}

/* Uploaded to it or linked to it, that is the same; the library and other events are other places. */
void test_batch_enters_the_event(void **state)
{
    struct event_fixture *f = *state;
    struct event event = inserted(f, "Event", NOW_MS), other = inserted(f, "Other", NOW_MS);
    struct media uploaded = photo_of(&event.id, 1), linked = photo_of(NULL, 2),
                 of_library = photo_of(NULL, 3), of_other = photo_of(&other.id, 4);
    assert_int_equal(insert_media(f, &uploaded), INSERTION_NEW);
    assert_int_equal(insert_media(f, &linked), INSERTION_NEW);
    assert_int_equal(insert_media(f, &of_library), INSERTION_NEW);
    assert_int_equal(insert_media(f, &of_other), INSERTION_NEW);
    assert_int_equal(link_media(f, &event, &linked.id, 1).linked, 1);
    struct batch_entry entries[] = {entry_of(&event.id, 1), entry_of(&event.id, 2),
                                    entry_of(&event.id, 3), entry_of(&event.id, 4),
                                    entry_of(&event.id, 4)};
    assert_int_equal(insert_batch(f, entries, PR_COUNT(entries)), INSERTION_NEW);
    assert_int_equal(entries[0].outcome, BATCH_THERE);
    assert_true(pr_uuid_eq(&entries[0].media.id, &uploaded.id));
    assert_int_equal(entries[1].outcome, BATCH_THERE);
    assert_true(pr_uuid_eq(&entries[1].media.id, &linked.id));
    assert_int_equal(entries[2].outcome, BATCH_ADDED);
    assert_int_equal(entries[3].outcome, BATCH_ADDED);
    assert_int_equal(entries[4].outcome, BATCH_REPEATED);

    struct batch_entry in_library[] = {entry_of(NULL, 1), entry_of(NULL, 2), entry_of(NULL, 3)};
    assert_int_equal(insert_batch(f, in_library, PR_COUNT(in_library)), INSERTION_NEW);
    assert_int_equal(in_library[0].outcome, BATCH_ADDED);
    assert_int_equal(in_library[1].outcome, BATCH_THERE);
    assert_int_equal(in_library[2].outcome, BATCH_THERE);

    struct event out;
    assert_int_equal(load(f, &owner, &event.id, &out), PR_OK);
    assert_int_equal(out.photos_n, 4);
}

void test_batch_to_what_is_no_event_of_the_owner(void **state)
{
    struct event_fixture *f = *state;
    struct event event = inserted(f, "Event", NOW_MS), closed = inserted(f, "Closed", NOW_MS);
    struct media out;
    struct await await;
    assert_int_equal(close_event(f, &owner, &closed.id), PR_OK);
    struct batch_entry entries[] = {entry_of(&closed.id, 1), entry_of(&closed.id, 2)};
    assert_int_equal(insert_batch(f, entries, 2), INSERTION_NO_EVENT);
    f->media->load(f->media, &entries[0].media.id, &out, await_done(&await));
    assert_int_equal(answer(f, &await), PR_ERR_NOT_FOUND);
    struct batch_entry nowhere = entry_of(&stranger, 1);
    assert_int_equal(insert_batch(f, &nowhere, 1), INSERTION_NO_EVENT);
    struct batch_entry by_stranger = entry_of(&event.id, 1);
    by_stranger.media.owner_id = stranger;
    assert_int_equal(insert_batch(f, &by_stranger, 1), INSERTION_NO_EVENT);
    assert_photos(f, &event, NULL, 0);
}

/* All fit or none; what is there takes no room. */
void test_batch_to_a_full_event(void **state)
{
    struct event_fixture *f = *state;
    struct event event = inserted(f, "Event", NOW_MS), out;
    struct media there = photo_of(&event.id, 1);
    assert_int_equal(insert_media(f, &there), INSERTION_NEW);
    f->fill(f, &event, EVENT_PHOTOS_MAX - 3);
    struct batch_entry many[] = {entry_of(&event.id, 1), entry_of(&event.id, 2),
                                 entry_of(&event.id, 3), entry_of(&event.id, 4)};
    assert_int_equal(insert_batch(f, many, 4), INSERTION_FULL);
    assert_int_equal(load(f, &owner, &event.id, &out), PR_OK);
    assert_int_equal(out.photos_n, EVENT_PHOTOS_MAX - 2);
    struct batch_entry fit[] = {entry_of(&event.id, 1), entry_of(&event.id, 2),
                                entry_of(&event.id, 3), entry_of(&event.id, 3)};
    assert_int_equal(insert_batch(f, fit, 4), INSERTION_NEW);
    assert_int_equal(fit[0].outcome, BATCH_THERE);
    assert_int_equal(fit[2].outcome, BATCH_ADDED);
    struct batch_entry again = entry_of(&event.id, 2);
    assert_int_equal(insert_batch(f, &again, 1), INSERTION_NEW);
    assert_int_equal(again.outcome, BATCH_THERE);
    struct batch_entry one_more = entry_of(&event.id, 9);
    assert_int_equal(insert_batch(f, &one_more, 1), INSERTION_FULL);
}
