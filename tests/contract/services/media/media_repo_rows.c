/* Rows go in, change, are listed and go. */
#include "tests/contract/services/media/media_repo_calls.h"

#include "shared/base/alloc.h"

/* ---- insert and load ---- */

void test_inserted_media_is_loaded_as_it_was(void **state)
{
    struct repo_fixture *f = *state;
    struct media media = inserted(f, 1, NOW_MS);
    assert_saved(f, &media);
    assert_messages(f, &media, "created 1");
}

void test_hostile_and_largest_values_survive(void **state)
{
    struct repo_fixture *f = *state;
    struct media media = new_media(255, NOW_MS + 1);
    media.type = media_type_parse(pr_str("video/quicktime"));
    media.size_bytes = INT64_C(5) << 40;
    memset(media.sha256, 0, sizeof media.sha256);
    strcpy(media.filename, "'; drop table media; -- \"\\ %s $1 {} \xf0\x9f\x8e\xad \xe6\x97\xa5");
    insert(f, &media);
    assert_saved(f, &media);

    struct media longest = new_media(255, NOW_MS + 2);
    memset(longest.filename, 'n', MEDIA_FILENAME_MAX);
    memset(longest.object_key, 'k', MEDIA_OBJECT_KEY_MAX);
    longest.filename[MEDIA_FILENAME_MAX] = longest.object_key[MEDIA_OBJECT_KEY_MAX] = 0;
    insert(f, &longest);
    assert_saved(f, &longest);
}

void test_insert_of_a_known_id_is_a_conflict(void **state)
{
    struct repo_fixture *f = *state;
    struct await await;
    struct insertion insertion;
    struct idempotency no_key = {.given = false};
    struct media media = inserted(f, 1, NOW_MS), again = media;
    again.size_bytes++;
    f->repo->insert(f->repo, &again, &no_key, &insertion, await_done(&await));
    assert_int_equal(answer(f, &await), PR_ERR_CONFLICT);
    assert_saved(f, &media);
    assert_messages(f, &media, "created 1");
}

void test_unknown_media_is_not_found(void **state)
{
    struct repo_fixture *f = *state;
    struct media other = inserted(f, 1, NOW_MS), unknown = new_media(1, NOW_MS);
    assert_gone(f, &unknown);
    assert_saved(f, &other);
}

/* ---- list ---- */

/* Compares the page with some of the media (by index, ended by -1). */
static void check_list(struct repo_fixture *f, const struct media_query *query,
                       const struct media *media, const int *expected, bool more)
{
    struct await await;
    struct media_page page = {0};
    f->repo->list(f->repo, query, &page, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
    size_t n = 0;
    for (; expected[n] >= 0; n++) {
        assert_true(n < page.items_n);
        assert_same_media(&page.items[n], &media[expected[n]]);
    }
    assert_int_equal(page.items_n, n);
    assert_int_equal(page.more, more);
    pr_arena_fini(&page.arena);
}

void test_list_goes_from_the_newest_in_pages(void **state)
{
    struct repo_fixture *f = *state;
    struct media media[4];
    struct media_query query = {.owner_id = {{1}}, .state = -1, .kind = -1, .limit = 2};
    check_list(f, &query, NULL, (const int[]){-1}, false);
    for (int i = 0; i < 4; i++)
        media[i] = inserted(f, 1, NOW_MS + i);
    inserted(f, 2, NOW_MS + 9);
    check_list(f, &query, media, (const int[]){3, 2, -1}, true);
    query.before_id = media[2].id;
    check_list(f, &query, media, (const int[]){1, 0, -1}, false);
    query.before_id = media[0].id;
    check_list(f, &query, media, (const int[]){-1}, false);
    query.before_id = pr_uuid_v7(NOW_MS + 50); /* it need not exist */
    query.limit = 4;
    check_list(f, &query, media, (const int[]){3, 2, 1, 0, -1}, false);
}

void test_list_filters(void **state)
{
    struct repo_fixture *f = *state;
    struct media media[4];
    struct media_query query = {.owner_id = {{1}}, .state = -1, .kind = -1, .limit = 100};
    for (int i = 0; i < 4; i++) {
        media[i] = new_media(1, NOW_MS + i);
        if (i % 2)
            media[i].type = media_type_parse(pr_str("video/mp4"));
        insert(f, &media[i]);
    }
    media[2] = finalize(&media[2]);
    assert_true(save(f, f->repo->save_finalized, &media[2]));
    media[3] = finalize(&media[3]);
    assert_true(save(f, f->repo->save_finalized, &media[3]));

    query.kind = MEDIA_IMAGE;
    check_list(f, &query, media, (const int[]){2, 0, -1}, false);
    query.kind = MEDIA_VIDEO;
    check_list(f, &query, media, (const int[]){3, 1, -1}, false);
    query.state = MEDIA_FINALIZED;
    check_list(f, &query, media, (const int[]){3, -1}, false);
    query.kind = -1;
    check_list(f, &query, media, (const int[]){3, 2, -1}, false);
    query.state = MEDIA_READY;
    check_list(f, &query, media, (const int[]){-1}, false);
}

/* ---- save ---- */

void test_finalized_is_saved_with_its_message(void **state)
{
    struct repo_fixture *f = *state;
    struct media media = finalized(f);
    assert_saved(f, &media);
    assert_messages(f, &media, "created 1, finalized 2");
}

void test_rejected_is_saved_without_a_message(void **state)
{
    struct repo_fixture *f = *state;
    struct media media = inserted(f, 1, NOW_MS);
    media = refuse(&media);
    assert_true(save(f, f->repo->save_rejected, &media));
    assert_saved(f, &media);
    assert_messages(f, &media, "created 1");
}

void test_stale_version_saves_nothing(void **state)
{
    struct repo_fixture *f = *state;
    struct media first = inserted(f, 1, NOW_MS), saved = finalize(&first), stale = saved;
    assert_true(save(f, f->repo->save_finalized, &saved));
    stale.finalized_at_ms++;
    assert_false(save(f, f->repo->save_finalized, &stale));
    stale = refuse(&first);
    assert_false(save(f, f->repo->save_rejected, &stale));
    stale.version = 9; /* from the future */
    assert_false(save(f, f->repo->save_rejected, &stale));
    assert_saved(f, &saved);
    assert_messages(f, &saved, "created 1, finalized 2");
}

void test_gone_media_is_not_saved(void **state)
{
    struct repo_fixture *f = *state;
    struct media media = new_media(1, NOW_MS), next = finalize(&media);
    assert_false(save(f, f->repo->save_finalized, &next));
    next = refuse(&media);
    assert_false(save(f, f->repo->save_rejected, &next));
    assert_gone(f, &media);
    assert_messages(f, &media, "");
}

/* ---- remove ---- */

void test_removed_with_message_and_two_jobs(void **state)
{
    struct repo_fixture *f = *state;
    struct queued_job queued[JOBS_MAX];
    struct media media = finalized(f);
    assert_true(remove_at(f, &media, NOW_MS + 5000));
    assert_gone(f, &media);
    assert_messages(f, &media, "created 1, finalized 2, deleted 3");
    assert_int_equal(jobs(f, &media, queued), 2);
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(queued[i].args, media.object_key);
        assert_false(queued[i].done);
    }
    assert_int_equal(queued[1].run_at_ms, media.upload_expires_at_ms + LATEST_MS);
    assert_true(queued[0].run_at_ms < queued[1].run_at_ms);
}

void test_removed_when_its_url_is_long_dead_with_one_job(void **state)
{
    struct repo_fixture *f = *state;
    struct queued_job queued[JOBS_MAX];
    struct media media = finalized(f), other = finalized(f);
    assert_true(remove_at(f, &media, media.upload_expires_at_ms + LATEST_MS - 1));
    assert_int_equal(jobs(f, &media, queued), 2);
    assert_true(remove_at(f, &other, other.upload_expires_at_ms + LATEST_MS));
    assert_int_equal(jobs(f, &other, queued), 1);
}

/* An upload that began in time may still go on. */
void test_removed_before_it_came_with_two_jobs_at_any_time(void **state)
{
    struct repo_fixture *f = *state;
    struct queued_job queued[JOBS_MAX];
    struct media media = inserted(f, 1, NOW_MS);
    int64_t reaped_at_ms = media.upload_expires_at_ms + 50 * HOUR_MS;
    assert_true(remove_at(f, &media, reaped_at_ms));
    assert_int_equal(jobs(f, &media, queued), 2);
    assert_int_equal(queued[1].run_at_ms, reaped_at_ms + LATEST_MS);
}

void test_removed_once_only_and_as_it_was_loaded(void **state)
{
    struct repo_fixture *f = *state;
    struct queued_job queued[JOBS_MAX];
    struct media first = inserted(f, 1, NOW_MS), neighbour = inserted(f, 1, NOW_MS);
    struct media second = finalize(&first);
    assert_true(save(f, f->repo->save_finalized, &second));
    assert_false(remove_at(f, &first, NOW_MS));
    assert_saved(f, &second);
    assert_int_equal(jobs(f, &second, queued), 0);
    assert_true(remove_at(f, &second, NOW_MS));
    assert_false(remove_at(f, &second, NOW_MS));
    assert_messages(f, &second, "created 1, finalized 2, deleted 3");
    assert_int_equal(jobs(f, &second, queued), 2);
    assert_saved(f, &neighbour);
}

void test_many_are_removed_at_once_but_those_that_changed(void **state)
{
    struct repo_fixture *f = *state;
    struct await await;
    struct queued_job queued[JOBS_MAX];
    size_t removed = 7;
    struct media media[5], moved;
    for (size_t i = 0; i < PR_COUNT(media); i++)
        media[i] = inserted(f, 1, NOW_MS);
    moved = finalize(&media[1]);
    assert_true(save(f, f->repo->save_finalized, &moved));
    assert_true(remove_at(f, &media[3], NOW_MS));
    f->repo->remove(f->repo, media, PR_COUNT(media), NOW_MS, &removed, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
    assert_int_equal(removed, 3);
    assert_saved(f, &moved);
    assert_int_equal(jobs(f, &moved, queued), 0);
    for (size_t i = 0; i < PR_COUNT(media); i++) {
        if (i == 1)
            continue;
        assert_gone(f, &media[i]);
        assert_messages(f, &media[i], "created 1, deleted 2");
        assert_int_equal(jobs(f, &media[i], queued), 2);
        assert_string_equal(queued[0].kind, "purge_object");
        assert_string_equal(queued[0].args, media[i].object_key);
    }
}

static void check_abandoned(struct repo_fixture *f, int64_t before_ms, size_t limit,
                            const struct media *media, const int *expected)
{
    struct await await;
    struct media_page page = {0};
    f->repo->list_abandoned(f->repo, before_ms, limit, &page, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
    size_t n = 0;
    for (; expected[n] >= 0; n++) {
        assert_true(n < page.items_n);
        assert_same_media(&page.items[n], &media[expected[n]]);
    }
    assert_int_equal(page.items_n, n);
    pr_arena_fini(&page.arena);
}

void test_abandoned_are_created_with_a_dead_url(void **state)
{
    struct repo_fixture *f = *state;
    struct media media[5];
    for (int i = 0; i < 5; i++)
        media[i] = inserted(f, (uint8_t)(1 + i), NOW_MS + (4 - i) * 10); /* the oldest URL last */
    media[3] = finalize(&media[3]);
    assert_true(save(f, f->repo->save_finalized, &media[3]));
    media[4] = refuse(&media[4]);
    assert_true(save(f, f->repo->save_rejected, &media[4]));
    int64_t before_ms = media[0].upload_expires_at_ms; /* this one is just not dead */
    check_abandoned(f, before_ms, 100, media, (const int[]){2, 1, -1});
    check_abandoned(f, before_ms + 1, 100, media, (const int[]){2, 1, 0, -1});
    check_abandoned(f, before_ms + 1, 2, media, (const int[]){2, 1, -1});
    check_abandoned(f, NOW_MS, 100, media, (const int[]){-1});
}
