/* Uploads in parts: what the row keeps of them, and what its end leaves to do. */
#include "tests/contract/services/media/media_repo_calls.h"

#include <stdio.h>

static struct media in_parts(struct repo_fixture *f, uint8_t owner, int64_t at_ms)
{
    struct media media = new_media(owner, at_ms);
    media.size_bytes = INT64_C(50) << 30;
    media.part_size_bytes = MEDIA_PART_MIN_BYTES;
    media.upload_expires_at_ms = at_ms + (int64_t)MEDIA_MULTIPART_TTL_S * 1000;
    insert(f, &media);
    return media;
}

static enum pr_err save_upload(struct repo_fixture *f, const struct media *media, const char *id,
                               char kept[MEDIA_UPLOAD_ID_MAX + 1])
{
    struct await await;
    memset(kept, 'x', MEDIA_UPLOAD_ID_MAX + 1);
    f->repo->save_upload(f->repo, &media->id, id, kept, await_done(&await));
    return answer(f, &await);
}

void test_upload_in_parts_keeps_the_first_id(void **state)
{
    struct repo_fixture *f = *state;
    char kept[MEDIA_UPLOAD_ID_MAX + 1], longest[MEDIA_UPLOAD_ID_MAX + 1];
    struct media media = in_parts(f, 1, NOW_MS), other = in_parts(f, 1, NOW_MS);
    assert_saved(f, &media);
    assert_int_equal(save_upload(f, &media, "first '; --", kept), PR_OK);
    assert_string_equal(kept, "first '; --");
    assert_int_equal(save_upload(f, &media, "second", kept), PR_OK);
    assert_string_equal(kept, "first '; --");
    strcpy(media.upload_id, "first '; --");
    assert_saved(f, &media); /* in its first version still: nobody else hears of it */
    assert_saved(f, &other);
    assert_messages(f, &media, "created 1");
    memset(longest, 'i', sizeof longest);
    longest[MEDIA_UPLOAD_ID_MAX] = 0;
    assert_int_equal(save_upload(f, &other, longest, kept), PR_OK);
    assert_string_equal(kept, longest);
}

void test_only_created_media_in_parts_keep_an_id(void **state)
{
    struct repo_fixture *f = *state;
    char kept[MEDIA_UPLOAD_ID_MAX + 1];
    struct media plain = inserted(f, 1, NOW_MS), media = in_parts(f, 1, NOW_MS);
    struct media unknown = new_media(1, NOW_MS);
    assert_int_equal(save_upload(f, &plain, "id", kept), PR_ERR_NOT_FOUND);
    assert_int_equal(save_upload(f, &unknown, "id", kept), PR_ERR_NOT_FOUND);
    media = finalize(&media);
    assert_true(save(f, f->repo->save_finalized, &media));
    assert_int_equal(save_upload(f, &media, "id", kept), PR_ERR_NOT_FOUND);
    assert_saved(f, &plain);
    assert_saved(f, &media);
}

void test_two_ids_at_once_keep_one(void **state)
{
    struct repo_fixture *f = *state;
    for (int round = 0; round < 10; round++) {
        struct await first, second;
        char kept[2][MEDIA_UPLOAD_ID_MAX + 1];
        struct media media = in_parts(f, 1, NOW_MS);
        f->repo->save_upload(f->repo, &media.id, "first", kept[0], await_done(&first));
        f->repo->save_upload(f->repo, &media.id, "second", kept[1], await_done(&second));
        assert_int_equal(answer(f, &first), PR_OK);
        assert_int_equal(answer(f, &second), PR_OK);
        assert_string_equal(kept[0], kept[1]);
        memcpy(media.upload_id, kept[0], sizeof media.upload_id);
        assert_saved(f, &media);
    }
}

static void check_jobs(struct repo_fixture *f, const struct media *media, const char *upload_id,
                       size_t n)
{
    struct queued_job queued[JOBS_MAX];
    char args[MEDIA_OBJECT_KEY_MAX + 64];
    snprintf(args, sizeof args, "%s\n%s", media->object_key, upload_id);
    assert_int_equal(jobs(f, media, queued), n);
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(queued[i].kind, "purge_object");
        assert_string_equal(queued[i].args, args);
    }
}

void test_removed_in_parts_with_the_id_in_its_jobs(void **state)
{
    struct repo_fixture *f = *state;
    struct queued_job queued[JOBS_MAX];
    char kept[MEDIA_UPLOAD_ID_MAX + 1];
    struct media begun = in_parts(f, 1, NOW_MS), waiting = in_parts(f, 1, NOW_MS);
    struct media late = in_parts(f, 1, NOW_MS), over = in_parts(f, 1, NOW_MS);
    assert_int_equal(save_upload(f, &begun, "abc", kept), PR_OK);
    assert_true(remove_at(f, &begun, NOW_MS + 5000));
    check_jobs(f, &begun, "abc", 2);
    /* No part's URL lives a week. */
    jobs(f, &begun, queued);
    assert_int_equal(queued[1].run_at_ms,
                     NOW_MS + 5000 + (int64_t)MEDIA_PART_URL_TTL_S * 1000 + LATEST_MS);
    assert_true(remove_at(f, &waiting, NOW_MS));
    check_jobs(f, &waiting, "", 2);
    assert_true(remove_at(f, &late, late.upload_expires_at_ms - 5000));
    check_jobs(f, &late, "", 2);
    jobs(f, &late, queued);
    assert_int_equal(queued[1].run_at_ms, late.upload_expires_at_ms + LATEST_MS);
    /* Its completion may be under way. */
    int64_t reaped_at_ms = over.upload_expires_at_ms + 5 * HOUR_MS;
    assert_true(remove_at(f, &over, reaped_at_ms));
    check_jobs(f, &over, "", 2);
    jobs(f, &over, queued);
    assert_int_equal(queued[1].run_at_ms, reaped_at_ms + LATEST_MS);
}

/* Whoever deletes loaded the media before its upload was begun. */
void test_an_id_that_comes_late_is_in_the_jobs(void **state)
{
    struct repo_fixture *f = *state;
    char kept[MEDIA_UPLOAD_ID_MAX + 1];
    struct media media = in_parts(f, 1, NOW_MS);
    assert_int_equal(save_upload(f, &media, "abc", kept), PR_OK);
    assert_true(remove_at(f, &media, NOW_MS)); /* as it was loaded: without */
    check_jobs(f, &media, "abc", 2);
    assert_int_equal(save_upload(f, &media, "def", kept), PR_ERR_NOT_FOUND);
}

void test_abandoned_in_parts_after_their_week(void **state)
{
    struct repo_fixture *f = *state;
    struct media media = in_parts(f, 1, NOW_MS);
    for (int64_t extra = 0; extra < 2; extra++) {
        struct await await;
        struct media_page page = {0};
        f->repo->list_abandoned(f->repo, media.upload_expires_at_ms + extra, 100, &page,
                                await_done(&await));
        assert_int_equal(answer(f, &await), PR_OK);
        assert_int_equal(page.items_n, extra);
        if (extra)
            assert_same_media(&page.items[0], &media);
        pr_arena_fini(&page.arena);
    }
}
