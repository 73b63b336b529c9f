/* Photos enter events and leave them. */
#include "tests/contract/services/media/event_repo_calls.h"

#include "shared/base/alloc.h"

void test_uploaded_photos_are_in_the_event(void **state)
{
    struct event_fixture *f = *state;
    struct event event = inserted(f, "Event", NOW_MS);
    struct media photos[2];
    photos[1] = inserted_media(f, &event.id);
    photos[0] = inserted_media(f, &event.id);
    inserted_media(f, NULL);
    assert_photos(f, &event, photos, 2);
}

void test_upload_to_what_is_no_event_of_the_owner(void **state)
{
    struct event_fixture *f = *state;
    struct event event = inserted(f, "Event", NOW_MS), closed = inserted(f, "Closed", NOW_MS);
    struct media media = new_media(&closed.id), out;
    struct await await;
    struct idempotency key = {.given = true};
    struct insertion insertion;
    assert_int_equal(close_event(f, &owner, &closed.id), PR_OK);
    assert_int_equal(insert_media(f, &media), INSERTION_NO_EVENT);
    media = new_media(&stranger); /* the id of nothing */
    assert_int_equal(insert_media(f, &media), INSERTION_NO_EVENT);
    media = new_media(&event.id);
    media.owner_id = stranger;
    f->media->insert(f->media, &media, &key, &insertion, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
    assert_int_equal(insertion.outcome, INSERTION_NO_EVENT);
    f->media->load(f->media, &media.id, &out, await_done(&await));
    assert_int_equal(answer(f, &await), PR_ERR_NOT_FOUND);
    assert_photos(f, &event, NULL, 0);

    media.event_id = (struct pr_uuid){{0}}; /* the key is free again, also for another request */
    key.request_hash[0] = 1;
    f->media->insert(f->media, &media, &key, &insertion, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
    assert_int_equal(insertion.outcome, INSERTION_NEW);
}

void test_full_event_takes_no_more(void **state)
{
    struct event_fixture *f = *state;
    struct event event = inserted(f, "Event", NOW_MS);
    struct media media = new_media(&event.id), other = inserted_media(f, NULL);
    struct event_linking linking;
    f->fill(f, &event, EVENT_PHOTOS_MAX - 1);
    assert_int_equal(insert_media(f, &media), INSERTION_NEW);
    media = new_media(&event.id);
    assert_int_equal(insert_media(f, &media), INSERTION_FULL);
    linking = link_media(f, &event, &other.id, 1);
    assert_true(linking.found && linking.full && linking.refused == 0 && linking.linked == 0);
}

void test_linked_photos_are_in_the_event(void **state)
{
    struct event_fixture *f = *state;
    struct event event = inserted(f, "Event", NOW_MS), other = inserted(f, "Other", NOW_MS);
    struct media photos[3];
    struct event_linking linking;
    for (size_t i = 3; i-- > 0;)
        photos[i] = inserted_media(f, i == 1 ? &event.id : NULL);
    const struct pr_uuid ids[] = {photos[0].id, photos[1].id, photos[2].id, photos[0].id};
    linking = link_media(f, &event, ids, 1);
    assert_true(linking.found && !linking.full && linking.refused == 0 && linking.linked == 1);
    linking = link_media(f, &event, ids, 4);
    assert_true(linking.found && linking.linked == 1); /* the others are there */
    assert_photos(f, &event, photos, 3);
    assert_int_equal(link_media(f, &other, &photos[2].id, 1).linked, 1);
    assert_photos(f, &other, &photos[2], 1);
}

void test_what_cannot_be_linked_links_nothing(void **state)
{
    struct event_fixture *f = *state;
    struct event event = inserted(f, "Event", NOW_MS), other = inserted(f, "Other", NOW_MS);
    struct media good = inserted_media(f, NULL), elses = new_media(NULL),
                 of_other = inserted_media(f, &other.id);
    struct event_linking linking;
    elses.owner_id = stranger;
    assert_int_equal(insert_media(f, &elses), INSERTION_NEW);
    const struct pr_uuid ids[] = {good.id, elses.id, of_other.id, pr_uuid_v7(NOW_MS)};
    linking = link_media(f, &event, ids, PR_COUNT(ids));
    assert_true(linking.found && linking.refused == 3 && linking.linked == 0);
    assert_photos(f, &event, NULL, 0);
    assert_int_equal(close_event(f, &owner, &event.id), PR_OK);
    linking = link_media(f, &event, ids, 1);
    assert_true(!linking.found && linking.linked == 0);
}

void test_unlinked_photo_stays_in_the_library(void **state)
{
    struct event_fixture *f = *state;
    struct event event = inserted(f, "Event", NOW_MS), out;
    struct media linked = inserted_media(f, NULL), uploaded = inserted_media(f, &event.id), loaded;
    struct event_change wanted = no_change();
    struct await await;
    link_media(f, &event, &linked.id, 1);
    wanted.has_cover = true;
    wanted.cover_id = linked.id;
    assert_int_equal(change(f, &event, &wanted, &out), PR_OK);
    assert_true(unlink_media(f, &event, &linked.id));
    assert_false(unlink_media(f, &event, &linked.id));
    assert_false(unlink_media(f, &event, &uploaded.id)); /* it would be of nothing */
    assert_photos(f, &event, &uploaded, 1);
    assert_int_equal(load(f, &owner, &event.id, &out), PR_OK);
    assert_true(pr_uuid_is_nil(&out.cover_id));
    assert_int_equal(out.version, 3);
    f->media->load(f->media, &linked.id, &loaded, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
}

static bool check_page(struct event_fixture *f, const struct event_media_query *query,
                       const struct media *photos, const int *expected)
{
    struct await await;
    struct media_page page = {0};
    size_t n = 0;
    f->events->list_media(f->events, query, &page, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
    for (; expected[n] >= 0; n++) {
        assert_true(n < page.items_n);
        assert_true(pr_uuid_eq(&page.items[n].id, &photos[expected[n]].id));
    }
    assert_int_equal(page.items_n, n);
    bool more = page.more;
    pr_arena_fini(&page.arena);
    return more;
}

void test_photos_list_in_pages_and_by_state(void **state)
{
    struct event_fixture *f = *state;
    struct event event = inserted(f, "Event", NOW_MS);
    struct media photos[4];
    for (size_t i = 0; i < 4; i++)
        photos[i] = inserted_media(f, i % 2 ? &event.id : NULL);
    link_media(f, &event, &photos[0].id, 1);
    link_media(f, &event, &photos[2].id, 1);
    f->make_ready(f, &photos[1].id, "a/preview");
    struct event_media_query query = {.event_id = event.id, .state = -1, .limit = 3};
    assert_true(check_page(f, &query, photos, (const int[]){3, 2, 1, -1}));
    query.before_id = photos[1].id;
    assert_false(check_page(f, &query, photos, (const int[]){0, -1}));
    query = (struct event_media_query){.event_id = event.id, .state = MEDIA_READY, .limit = 3};
    assert_false(check_page(f, &query, photos, (const int[]){1, -1}));
    query.state = MEDIA_CREATED;
    assert_false(check_page(f, &query, photos, (const int[]){3, 2, 0, -1}));
    query.limit = 2;
    assert_true(check_page(f, &query, photos, (const int[]){3, 2, -1}));
}

static void assert_linkable(struct event_fixture *f, const struct event *event,
                            const struct media *expected)
{
    struct await await;
    struct media_page page = {0};
    struct media_query query = {
        .owner_id = owner, .state = -1, .kind = -1, .limit = 10, .linkable_to = event->id};
    f->media->list(f->media, &query, &page, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
    assert_int_equal(page.items_n, 1);
    assert_true(pr_uuid_eq(&page.items[0].id, &expected->id));
    pr_arena_fini(&page.arena);
}

void test_photos_that_could_be_linked(void **state)
{
    struct event_fixture *f = *state;
    struct event event = inserted(f, "Event", NOW_MS), other = inserted(f, "Other", NOW_MS);
    struct media linked = inserted_media(f, NULL), linked_there = inserted_media(f, NULL),
                 elses = new_media(NULL);
    inserted_media(f, &event.id);
    inserted_media(f, &other.id);
    elses.owner_id = stranger;
    assert_int_equal(insert_media(f, &elses), INSERTION_NEW);
    link_media(f, &event, &linked.id, 1);
    link_media(f, &other, &linked_there.id, 1);
    assert_linkable(f, &event, &linked_there);
    assert_linkable(f, &other, &linked);
}

void test_cover_is_a_photo_of_the_event(void **state)
{
    struct event_fixture *f = *state;
    struct event event = inserted(f, "Event", NOW_MS), out;
    struct media first = inserted_media(f, &event.id), second = inserted_media(f, &event.id),
                 third = inserted_media(f, &event.id), elsewhere = inserted_media(f, NULL);
    struct event_change wanted = no_change();
    wanted.has_cover = true;
    wanted.cover_id = elsewhere.id;
    assert_int_equal(change(f, &event, &wanted, &out), PR_ERR_UNPROCESSABLE);
    assert_int_equal(load(f, &owner, &event.id, &out), PR_OK);
    assert_string_equal(out.preview_key, ""); /* none is ready */
    f->make_ready(f, &third.id, "third/preview");
    f->make_ready(f, &second.id, "second/preview");
    assert_int_equal(load(f, &owner, &event.id, &out), PR_OK);
    assert_string_equal(out.preview_key, "second/preview"); /* the oldest that has one */
    wanted.cover_id = third.id;
    assert_int_equal(change(f, &event, &wanted, &out), PR_OK);
    assert_string_equal(out.preview_key, "third/preview");
    wanted.cover_id = first.id;
    assert_int_equal(change(f, &event, &wanted, &out), PR_OK);
    assert_string_equal(out.preview_key, ""); /* it was chosen, and is not ready */
    wanted.cover_id = (struct pr_uuid){{0}};
    assert_int_equal(change(f, &event, &wanted, &out), PR_OK);
    assert_true(pr_uuid_is_nil(&out.cover_id));
    assert_string_equal(out.preview_key, "second/preview");
}

void test_removed_media_leaves_every_event(void **state)
{
    struct event_fixture *f = *state;
    struct event event = inserted(f, "Event", NOW_MS), other = inserted(f, "Other", NOW_MS), out;
    struct media linked = inserted_media(f, NULL), uploaded = inserted_media(f, &event.id);
    struct event_change wanted = no_change();
    link_media(f, &event, &linked.id, 1);
    link_media(f, &other, &linked.id, 1);
    wanted.has_cover = true;
    wanted.cover_id = linked.id;
    assert_int_equal(change(f, &other, &wanted, &out), PR_OK);
    assert_int_equal(remove_media(f, &linked), 1);
    assert_photos(f, &event, &uploaded, 1);
    assert_photos(f, &other, NULL, 0);
    assert_int_equal(load(f, &owner, &other.id, &out), PR_OK);
    assert_true(pr_uuid_is_nil(&out.cover_id));
    assert_int_equal(remove_media(f, &uploaded), 1);
    assert_photos(f, &event, NULL, 0);
}
