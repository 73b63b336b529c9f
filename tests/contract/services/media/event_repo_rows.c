/* Events come, are found, listed and changed. */
#include "tests/contract/services/media/event_repo_calls.h"

#include "shared/base/alloc.h"

#include <stdio.h>

static const struct idempotency no_key;

static struct idempotency key(uint8_t key, uint8_t request)
{
    struct idempotency idempotency = {.given = true};
    memset(idempotency.key_hash, key, sizeof idempotency.key_hash);
    memset(idempotency.request_hash, request, sizeof idempotency.request_hash);
    return idempotency;
}

void test_inserted_event_is_loaded_as_it_was(void **state)
{
    struct event_fixture *f = *state;
    struct waiting_job jobs[2];
    struct event event = inserted(f, "Wedding", NOW_MS), loaded;
    assert_saved(f, &event);
    assert_int_equal(f->jobs(f, &event.id, jobs, PR_COUNT(jobs)), 1);
    assert_int_equal(jobs[0].run_at_ms, event.expires_at_ms + GRACE_S * 1000);
    assert_int_equal(load(f, &owner, &stranger, &loaded), PR_ERR_NOT_FOUND);
}

void test_largest_values_survive(void **state)
{
    struct event_fixture *f = *state;
    struct event event = new_event("x", NOW_MS);
    struct pr_fault fault;
    memset(event.owner_name, 'o', sizeof event.owner_name - 1);
    memset(event.name, '"', EVENT_NAME_MAX);
    memset(event.slug, 's', EVENT_SLUG_MAX);
    assert_int_equal(event_set_ttl(&event, EVENT_TTL_MAX_S, &fault), PR_OK);
    event.download = false;
    event.originals = true;
    assert_int_equal(insert_keyed(f, &event, &no_key).outcome, EVENT_NEW);
    assert_saved(f, &event);
}

void test_slug_is_one_events_of_an_owner(void **state)
{
    struct event_fixture *f = *state;
    struct event first = inserted(f, "Wedding", NOW_MS), second = new_event("Wedding", NOW_MS);
    struct waiting_job job;
    assert_int_equal(insert_keyed(f, &second, &no_key).outcome, EVENT_SLUG_TAKEN);
    assert_gone(f, &second);
    assert_int_equal(f->jobs(f, &second.id, &job, 1), 0);
    second.owner_id = stranger;
    strcpy(second.owner_name, "bob-photo");
    assert_int_equal(insert_keyed(f, &second, &no_key).outcome, EVENT_NEW);
    assert_saved(f, &first);
    assert_saved(f, &second);
}

void test_key_adds_once_and_then_tells_what_it_added(void **state)
{
    struct event_fixture *f = *state;
    struct idempotency once = key(1, 1), other_request = key(1, 2);
    struct event first = new_event("One", NOW_MS), second = new_event("Two", NOW_MS);
    struct event_insertion insertion;
    assert_int_equal(insert_keyed(f, &first, &once).outcome, EVENT_NEW);
    insertion = insert_keyed(f, &second, &once);
    assert_int_equal(insertion.outcome, EVENT_REPLAYED);
    assert_true(pr_uuid_eq(&insertion.event_id, &first.id));
    assert_gone(f, &second);
    assert_int_equal(insert_keyed(f, &second, &other_request).outcome, EVENT_MISMATCH);
    assert_gone(f, &second);
    second.owner_id = stranger;
    assert_int_equal(insert_keyed(f, &second, &once).outcome, EVENT_NEW);
}

void test_key_of_a_refused_insert_is_free(void **state)
{
    struct event_fixture *f = *state;
    struct idempotency once = key(1, 1), other_request = key(1, 2);
    struct event first = inserted(f, "One", NOW_MS), second = new_event("One", NOW_MS);
    (void)first;
    assert_int_equal(insert_keyed(f, &second, &once).outcome, EVENT_SLUG_TAKEN);
    event_make_slug(&second, pr_str("2"));
    assert_int_equal(insert_keyed(f, &second, &other_request).outcome, EVENT_NEW);
    assert_saved(f, &second);
}

void test_one_slug_at_once_adds_one(void **state)
{
    struct event_fixture *f = *state;
    struct await awaits[4];
    struct event events[4];
    struct event_insertion insertions[4];
    size_t added = 0;
    for (size_t i = 0; i < PR_COUNT(events); i++) {
        events[i] = new_event("One", NOW_MS);
        f->events->insert(f->events, &events[i], NOW_MS, &no_key, &insertions[i],
                          await_done(&awaits[i]));
    }
    for (size_t i = 0; i < PR_COUNT(events); i++) {
        assert_int_equal(answer(f, &awaits[i]), PR_OK);
        assert_true(insertions[i].outcome == EVENT_NEW ||
                    insertions[i].outcome == EVENT_SLUG_TAKEN);
        added += insertions[i].outcome == EVENT_NEW;
    }
    assert_int_equal(added, 1);
}

void test_an_owner_has_only_so_many(void **state)
{
    struct event_fixture *f = *state;
    struct event event = {0}, more = new_event("More", NOW_MS);
    char name[16];
    for (int i = 0; i < EVENTS_MAX; i++) {
        snprintf(name, sizeof name, "Event %d", i);
        event = inserted(f, name, NOW_MS);
    }
    assert_int_equal(insert_keyed(f, &more, &no_key).outcome, EVENT_TOO_MANY);
    assert_gone(f, &more);
    assert_int_equal(close_event(f, &owner, &event.id), PR_OK);
    assert_int_equal(insert_keyed(f, &more, &no_key).outcome, EVENT_NEW);
}

static bool check_page(struct event_fixture *f, const struct pr_uuid *before_id, size_t limit,
                       const struct event *events, const int *expected)
{
    struct await await;
    struct event_page page = {0};
    struct event_query query = {.owner_id = owner, .before_id = *before_id, .limit = limit};
    size_t n = 0;
    f->events->list(f->events, &query, &page, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
    for (; expected[n] >= 0; n++) {
        assert_true(n < page.items_n);
        assert_same_event(&page.items[n], &events[expected[n]]);
    }
    assert_int_equal(page.items_n, n);
    bool more = page.more;
    pr_arena_fini(&page.arena);
    return more;
}

void test_list_goes_from_the_newest_in_pages(void **state)
{
    struct event_fixture *f = *state;
    static const char *const names[] = {"A", "B", "C", "D", "E"};
    struct event events[5];
    const struct pr_uuid newest = {{0}};
    for (size_t i = 0; i < 5; i++)
        events[i] = inserted(f, names[i], NOW_MS + (int64_t)i);
    events[0].photos_n = 3;
    f->fill(f, &events[0], 3);
    assert_int_equal(close_event(f, &owner, &events[3].id), PR_OK);
    assert_false(check_page(f, &newest, 5, events, (const int[]){4, 2, 1, 0, -1}));
    assert_false(check_page(f, &newest, 4, events, (const int[]){4, 2, 1, 0, -1}));
    assert_true(check_page(f, &newest, 2, events, (const int[]){4, 2, -1}));
    assert_true(check_page(f, &events[4].id, 1, events, (const int[]){2, -1}));
    assert_false(check_page(f, &events[2].id, 2, events, (const int[]){1, 0, -1}));
    assert_false(check_page(f, &events[0].id, 2, events, (const int[]){-1}));
}

void test_strangers_find_nothing(void **state)
{
    struct event_fixture *f = *state;
    struct event event = inserted(f, "Mine", NOW_MS), out;
    struct event_change wanted = no_change();
    struct await await;
    struct event_page page = {0};
    struct event_query query = {.owner_id = stranger, .limit = 5};
    assert_int_equal(load(f, &stranger, &event.id, &out), PR_ERR_NOT_FOUND);
    f->events->change(f->events, &stranger, &event.id, &wanted, GRACE_S, &out, await_done(&await));
    assert_int_equal(answer(f, &await), PR_ERR_NOT_FOUND);
    assert_int_equal(close_event(f, &stranger, &event.id), PR_ERR_NOT_FOUND);
    f->events->list(f->events, &query, &page, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
    assert_int_equal(page.items_n, 0);
    pr_arena_fini(&page.arena);
    assert_saved(f, &event);
}

void test_change_of_everything(void **state)
{
    struct event_fixture *f = *state;
    struct event event = inserted(f, "Before", NOW_MS), out;
    struct media media = inserted_media(f, &event.id);
    struct event_change wanted = {
        .name = "After",
        .slug = "new-address",
        .seconds_to_live = 7200,
        .download = 0,
        .originals = 1,
        .has_cover = true,
        .cover_id = media.id,
    };
    assert_int_equal(change(f, &event, &wanted, &out), PR_OK);
    strcpy(event.name, "After");
    strcpy(event.slug, "new-address");
    event.version = 2;
    event.seconds_to_live = 7200;
    event.expires_at_ms = NOW_MS + 2 * HOUR_MS;
    event.download = false;
    event.originals = true;
    event.cover_id = media.id;
    event.photos_n = 1;
    assert_same_event(&out, &event);
    assert_saved(f, &event);
}

void test_change_of_nothing(void **state)
{
    struct event_fixture *f = *state;
    struct event event = inserted(f, "Same", NOW_MS), out;
    struct event_change wanted = no_change();
    assert_int_equal(change(f, &event, &wanted, &out), PR_OK);
    event.version = 2;
    assert_same_event(&out, &event);
    assert_saved(f, &event);
    wanted.slug = event.slug; /* its own is not taken */
    assert_int_equal(change(f, &event, &wanted, &out), PR_OK);
}

void test_change_of_the_end_moves_the_job(void **state)
{
    struct event_fixture *f = *state;
    struct waiting_job jobs[3];
    struct event event = inserted(f, "Longer", NOW_MS), out;
    struct event_change wanted = no_change();
    for (int64_t hours = 1; hours < 6; hours += 2) {
        wanted.seconds_to_live = hours * 3600;
        assert_int_equal(change(f, &event, &wanted, &out), PR_OK);
        assert_int_equal(out.expires_at_ms, NOW_MS + hours * HOUR_MS);
        assert_int_equal(f->jobs(f, &event.id, jobs, PR_COUNT(jobs)), 1);
        assert_int_equal(jobs[0].run_at_ms, out.expires_at_ms + GRACE_S * 1000);
    }
}

void test_taken_slug_is_a_conflict(void **state)
{
    struct event_fixture *f = *state;
    struct event first = inserted(f, "One", NOW_MS), second = inserted(f, "Two", NOW_MS), out;
    struct event_change wanted = no_change();
    wanted.slug = first.slug;
    assert_int_equal(change(f, &second, &wanted, &out), PR_ERR_CONFLICT);
    assert_saved(f, &second);
    assert_int_equal(close_event(f, &owner, &first.id), PR_OK);
    assert_int_equal(change(f, &second, &wanted, &out), PR_OK);
    assert_string_equal(out.slug, "one");
}
