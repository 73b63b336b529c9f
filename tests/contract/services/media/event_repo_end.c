/* Events end. */
#include "tests/contract/services/media/event_repo_calls.h"

#include "shared/base/alloc.h"

void test_closed_event_is_seen_by_nobody(void **state)
{
    struct event_fixture *f = *state;
    struct waiting_job jobs[3];
    struct event event = inserted(f, "Event", NOW_MS), again = new_event("Event", NOW_MS), out;
    struct event_change wanted = no_change();
    struct media linked = inserted_media(f, NULL);
    static const struct idempotency no_key;
    link_media(f, &event, &linked.id, 1);
    assert_int_equal(close_event(f, &owner, &event.id), PR_OK);
    assert_int_equal(close_event(f, &owner, &event.id), PR_ERR_NOT_FOUND);
    assert_gone(f, &event);
    wanted.seconds_to_live = EVENT_TTL_MAX_S;
    assert_int_equal(change(f, &event, &wanted, &out), PR_ERR_NOT_FOUND);
    assert_false(unlink_media(f, &event, &linked.id));
    assert_true(f->exists(f, &event.id));
    assert_int_equal(f->jobs(f, &event.id, jobs, PR_COUNT(jobs)), 1);
    assert_true(jobs[0].run_at_ms < NOW_MS);                               /* now, not at its end */
    assert_int_equal(insert_keyed(f, &again, &no_key).outcome, EVENT_NEW); /* its address is free */
}

void test_all_of_an_owner_are_closed(void **state)
{
    struct event_fixture *f = *state;
    struct waiting_job jobs[2];
    struct await await;
    struct event events[3], theirs = new_event("Theirs", NOW_MS);
    static const char *const names[] = {"A", "B", "C"};
    static const struct idempotency no_key;
    theirs.owner_id = stranger;
    assert_int_equal(insert_keyed(f, &theirs, &no_key).outcome, EVENT_NEW);
    for (size_t i = 0; i < 3; i++)
        events[i] = inserted(f, names[i], NOW_MS);
    assert_int_equal(close_event(f, &owner, &events[1].id), PR_OK);
    for (int twice = 0; twice < 2; twice++) {
        f->events->close_all(f->events, &owner, await_done(&await));
        assert_int_equal(answer(f, &await), PR_OK);
        for (size_t i = 0; i < 3; i++) {
            assert_gone(f, &events[i]);
            assert_int_equal(f->jobs(f, &events[i].id, jobs, PR_COUNT(jobs)), 1);
            assert_true(jobs[0].run_at_ms < NOW_MS);
        }
    }
    assert_saved(f, &theirs);
}

void test_purge_begins_when_it_is_time(void **state)
{
    struct event_fixture *f = *state;
    struct event event = inserted(f, "Old", LONG_AGO_MS);
    struct job_claim job = claim_only(f, &event.id);
    struct media late = new_media(&event.id);
    assert_saved(f, &event); /* its owner sees it until then */
    assert_true(begin_purge(f, &event.id, &job));
    assert_gone(f, &event);
    assert_int_equal(insert_media(f, &late), INSERTION_NO_EVENT);
    assert_true(begin_purge(f, &event.id, &job)); /* the next attempt goes on */
}

void test_purge_of_what_lives_longer_is_put_off(void **state)
{
    struct event_fixture *f = *state;
    struct waiting_job jobs[2];
    struct event event = inserted(f, "Young", NOW_MS);
    struct job_claim job = claim_only(f, &event.id), lost = job;
    assert_false(begin_purge(f, &event.id, &job));
    assert_saved(f, &event);
    assert_int_equal(f->jobs(f, &event.id, jobs, PR_COUNT(jobs)), 1);
    assert_int_not_equal(jobs[0].id, job.id);
    assert_int_equal(jobs[0].run_at_ms, event.expires_at_ms + GRACE_S * 1000);
    assert_false(begin_purge(f, &event.id, &lost)); /* whose job is over adds none */
    assert_int_equal(f->jobs(f, &event.id, jobs, PR_COUNT(jobs)), 1);
}

void test_purge_of_what_is_no_more_ends(void **state)
{
    struct event_fixture *f = *state;
    struct waiting_job jobs[2];
    struct event event = inserted(f, "Old", LONG_AGO_MS);
    struct job_claim job = claim_only(f, &event.id), again;
    assert_true(begin_purge(f, &event.id, &job));
    again = f->claim(f, job.id); /* the lease ended; another took it, and is done first */
    finish_purge(f, &event.id, &again);
    assert_false(f->exists(f, &event.id));
    assert_false(begin_purge(f, &event.id, &job));
    assert_int_equal(f->jobs(f, &event.id, jobs, PR_COUNT(jobs)), 0);
}

void test_purge_takes_everything(void **state)
{
    struct event_fixture *f = *state;
    struct waiting_job jobs[2];
    struct await await;
    struct event event = inserted(f, "Old", LONG_AGO_MS), other = inserted(f, "Other", NOW_MS);
    struct media linked = inserted_media(f, NULL), uploaded[3], loaded;
    struct media_page page = {0};
    size_t removed = 0;
    unsigned turns = 0;
    link_media(f, &event, &linked.id, 1);
    link_media(f, &other, &linked.id, 1);
    for (size_t i = 0; i < 3; i++)
        uploaded[i] = inserted_media(f, &event.id);
    f->add_codes(f, &event.id, 25);
    struct job_claim job = claim_only(f, &event.id);
    assert_false(clear(f, &event.id)); /* it is not being deleted: nothing happens */
    assert_true(begin_purge(f, &event.id, &job));
    while (clear(f, &event.id))
        assert_true(++turns < 100);
    assert_true(turns >= 3); /* codes in batches, then the links */
    f->events->list_uploads(f->events, &event.id, 2, &page, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
    assert_int_equal(page.items_n, 2);
    pr_arena_fini(&page.arena);
    for (size_t i = 0; i < 3; i++)
        removed += remove_media(f, &uploaded[i]);
    assert_int_equal(removed, 3);
    finish_purge(f, &event.id, &job);
    assert_false(f->exists(f, &event.id));
    assert_int_equal(f->jobs(f, &event.id, jobs, PR_COUNT(jobs)), 0);
    assert_photos(f, &other, &linked, 1);
    f->media->load(f->media, &linked.id, &loaded, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
}

void test_purge_by_who_lost_the_lease_ends_nothing(void **state)
{
    struct event_fixture *f = *state;
    struct event event = inserted(f, "Old", LONG_AGO_MS);
    struct job_claim lost = claim_only(f, &event.id), job = f->claim(f, lost.id);
    assert_true(begin_purge(f, &event.id, &lost)); /* what it does meanwhile is no harm */
    finish_purge(f, &event.id, &lost);
    assert_true(f->exists(f, &event.id));
    finish_purge(f, &event.id, &job);
    assert_false(f->exists(f, &event.id));
}

/* Whichever comes first: no media is left that a purge would not find. */
void test_close_and_upload_at_once(void **state)
{
    struct event_fixture *f = *state;
    static const struct idempotency no_key;
    for (int i = 0; i < 10; i++) {
        struct await closing, inserting, listing;
        struct insertion insertion;
        struct media_page page = {0};
        struct event event = inserted(f, "Race", LONG_AGO_MS);
        struct media media = new_media(&event.id);
        if (i % 2)
            f->media->insert(f->media, &media, &no_key, &insertion, await_done(&inserting));
        f->events->close(f->events, &owner, &event.id, await_done(&closing));
        if (i % 2 == 0)
            f->media->insert(f->media, &media, &no_key, &insertion, await_done(&inserting));
        assert_int_equal(answer(f, &closing), PR_OK);
        f->events->list_uploads(f->events, &event.id, 2, &page, await_done(&listing));
        assert_int_equal(answer(f, &listing), PR_OK);
        assert_int_equal(answer(f, &inserting), PR_OK);
        assert_int_equal(page.items_n, insertion.outcome == INSERTION_NEW ? 1 : 0);
        pr_arena_fini(&page.arena);
    }
}
