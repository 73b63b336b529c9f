/* Messages come in, writers meet, jobs end. */
#include "tests/contract/services/media/media_repo_calls.h"

#include "shared/base/alloc.h"

static void render(struct repo_fixture *f, const struct message_origin *origin,
                   const struct media_rendered_msg *msg)
{
    struct await await;
    f->repo->apply_rendered(f->repo, origin, msg, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
}

static void reject(struct repo_fixture *f, const struct message_origin *origin,
                   const struct media_rejected_msg *msg)
{
    struct await await;
    f->repo->apply_rejected(f->repo, origin, msg, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
}

static struct media_rendered_msg rendered_msg(const struct media *media)
{
    return (struct media_rendered_msg){
        .media_id = media->id,
        .owner_id = media->owner_id,
        .version = media->version,
        .width = 4032,
        .height = 3024,
        .crc32 = 4294967295,
        .placeholder = PR_STR("\x01\x00\xff'\\"),
        .renditions = {{PR_STR("preview"), PR_STR("o/library/m/.renditions/preview.webp"),
                        PR_STR("image/webp"), 320, 240, 9120, true, 4294967295},
                       {PR_STR("large"), PR_STR("o/library/m/.renditions/\"\\large.jpg"),
                        PR_STR("image/jpeg"), 1600, 1200, 162000, false, 0}},
        .renditions_count = 2,
        .rendered_at_ms = NOW_MS,
    };
}

static struct media_rejected_msg rejected_msg(const struct media *media)
{
    return (struct media_rejected_msg){.media_id = media->id,
                                       .owner_id = media->owner_id,
                                       .version = media->version,
                                       .reason = PR_STR("checksum_mismatch")};
}

/* ---- messages that come in ---- */

void test_rendered_media_is_ready_with_all_it_was_told(void **state)
{
    struct repo_fixture *f = *state;
    struct media media = finalized(f), saved;
    struct media_rendered_msg msg = rendered_msg(&media);
    struct message_origin from = origin(1);
    msg.has_duration_ms = true;
    msg.duration_ms = 12480;
    msg.degraded = true;
    render(f, &from, &msg);

    media.state = MEDIA_READY;
    media.version = 3;
    media.crc32 = 4294967295;
    media.width = 4032;
    media.height = 3024;
    media.duration_ms = 12480;
    media.degraded = true;
    media.placeholder_n = msg.placeholder.n;
    memcpy(media.placeholder, msg.placeholder.p, msg.placeholder.n);
    media.renditions_n = 2;
    assert_int_equal(load(f, &media.id, &saved), PR_OK);
    assert_same_media(&saved, &media);
    for (size_t i = 0; i < 2; i++) {
        const struct media_rendition *r = &saved.renditions[i];
        assert_true(pr_str_is(msg.renditions[i].name, r->name));
        assert_true(pr_str_is(msg.renditions[i].object_key, r->object_key));
        assert_true(pr_str_is(msg.renditions[i].content_type, r->content_type));
        assert_int_equal(r->width, msg.renditions[i].width);
        assert_int_equal(r->height, msg.renditions[i].height);
        assert_int_equal(r->size_bytes, msg.renditions[i].size_bytes);
        assert_true(r->crc32 == (i == 0 ? 4294967295 : -1));
    }
    assert_messages(f, &media, "created 1, finalized 2");
}

void test_rendered_with_the_least_and_the_most(void **state)
{
    struct repo_fixture *f = *state;
    struct message_origin first = origin(1), second = origin(2);
    struct media least = finalized(f), most = finalized(f), saved;
    char key[MEDIA_OBJECT_KEY_MAX], placeholder[MEDIA_PLACEHOLDER_MAX], type[63];
    memset(key, 'k', sizeof key);
    memset(placeholder, 0, sizeof placeholder);
    memset(type, 't', sizeof type);

    struct media_rendered_msg msg = rendered_msg(&least);
    msg.placeholder = pr_str("");
    msg.renditions_count = 0;
    render(f, &first, &msg);
    assert_int_equal(load(f, &least.id, &saved), PR_OK);
    assert_int_equal(saved.state, MEDIA_READY);
    assert_int_equal(saved.placeholder_n, 0);
    assert_int_equal(saved.renditions_n, 0);
    assert_int_equal(saved.duration_ms, 0);

    msg = rendered_msg(&most);
    msg.placeholder = pr_str_n(placeholder, sizeof placeholder);
    msg.width = msg.height = 1000000;
    msg.renditions_count = MEDIA_RENDITIONS_MAX;
    for (size_t i = 0; i < MEDIA_RENDITIONS_MAX; i++)
        msg.renditions[i] = (struct rendition_msg){PR_STR("fifteen letters"),
                                                   pr_str_n(key, sizeof key),
                                                   pr_str_n(type, sizeof type),
                                                   1000000,
                                                   1,
                                                   INT64_C(5) << 40,
                                                   true,
                                                   0};
    render(f, &second, &msg);
    assert_int_equal(load(f, &most.id, &saved), PR_OK);
    assert_int_equal(saved.placeholder_n, MEDIA_PLACEHOLDER_MAX);
    assert_int_equal(saved.renditions_n, MEDIA_RENDITIONS_MAX);
    assert_string_equal(saved.renditions[7].name, "fifteen letters");
    assert_int_equal(saved.renditions[7].size_bytes, INT64_C(5) << 40);
    assert_int_equal(saved.renditions[7].crc32, 0);
}

void test_rejected_media_keeps_the_reason(void **state)
{
    struct repo_fixture *f = *state;
    struct media media = finalized(f);
    struct media_rejected_msg msg = rejected_msg(&media);
    struct message_origin from = origin(1);
    reject(f, &from, &msg);
    media.state = MEDIA_REJECTED;
    media.version = 3;
    strcpy(media.reject_reason, "checksum_mismatch");
    assert_saved(f, &media);
    assert_messages(f, &media, "created 1, finalized 2");
}

void test_message_works_once_and_only_on_finalized_media(void **state)
{
    struct repo_fixture *f = *state;
    struct message_origin early = origin(1), from = origin(2), late = origin(3);
    struct media created = inserted(f, 1, NOW_MS), gone = new_media(1, NOW_MS), ready;
    struct media_rendered_msg msg = rendered_msg(&gone);
    render(f, &early, &msg);
    assert_gone(f, &gone);

    msg = rendered_msg(&created);
    render(f, &from, &msg);
    assert_saved(f, &created); /* nobody could have rendered it yet */

    struct media media = finalize(&created);
    assert_true(save(f, f->repo->save_finalized, &media));
    render(f, &from, &msg); /* the same message again: it had its chance */
    assert_saved(f, &media);
    render(f, &late, &msg);
    assert_int_equal(load(f, &media.id, &ready), PR_OK);
    assert_int_equal(ready.state, MEDIA_READY);

    struct media_rejected_msg no = rejected_msg(&media);
    struct message_origin later = origin(4);
    reject(f, &later, &no);
    assert_saved(f, &ready);
}

/* ---- accounts that change ---- */

static void change_account(struct repo_fixture *f, const struct message_origin *origin,
                           const struct pr_uuid *id, bool deleted)
{
    struct await await;
    struct account_changed_msg msg = {.account_id = *id, .version = 2, .deleted = deleted};
    f->repo->apply_account(f->repo, origin, &msg, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
}

void test_deleted_account_queues_two_purges_once(void **state)
{
    struct repo_fixture *f = *state;
    struct queued_job queued[JOBS_MAX];
    struct media media = finalized(f);
    struct pr_uuid nobody = pr_uuid_v7(NOW_MS);
    struct message_origin from = origin(1), other = origin(2);
    change_account(f, &from, &media.owner_id, true);
    change_account(f, &from, &media.owner_id, true); /* the same message again */
    assert_int_equal(f->jobs(f, &media.owner_id, queued, JOBS_MAX), 2);
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(queued[i].kind, "purge_library");
        assert_false(queued[i].done);
    }
    assert_int_equal(queued[1].run_at_ms - queued[0].run_at_ms, 60000);
    assert_saved(f, &media); /* the jobs remove it */
    change_account(f, &other, &nobody, true);
    assert_int_equal(f->jobs(f, &nobody, queued, JOBS_MAX), 2);
}

void test_account_that_lives_queues_nothing(void **state)
{
    struct repo_fixture *f = *state;
    struct queued_job queued[JOBS_MAX];
    struct media media = finalized(f);
    struct message_origin from = origin(1), later = origin(2);
    change_account(f, &from, &media.owner_id, false);
    assert_int_equal(f->jobs(f, &media.owner_id, queued, JOBS_MAX), 0);
    change_account(f, &from, &media.owner_id, true); /* it had its chance */
    assert_int_equal(f->jobs(f, &media.owner_id, queued, JOBS_MAX), 0);
    change_account(f, &later, &media.owner_id, true);
    assert_int_equal(f->jobs(f, &media.owner_id, queued, JOBS_MAX), 2);
    assert_saved(f, &media);
}

/* ---- at the same moment ---- */

void test_two_saves_at_once_save_one(void **state)
{
    struct repo_fixture *f = *state;
    struct await first, second;
    bool changed[2] = {false, false};
    struct media media = inserted(f, 1, NOW_MS), a = finalize(&media), b = finalize(&media);
    f->repo->save_finalized(f->repo, &a, &changed[0], await_done(&first));
    f->repo->save_finalized(f->repo, &b, &changed[1], await_done(&second));
    assert_int_equal(answer(f, &first), PR_OK);
    assert_int_equal(answer(f, &second), PR_OK);
    assert_int_equal(changed[0] + changed[1], 1);
    assert_messages(f, &media, "created 1, finalized 2");
}

void test_save_and_removal_at_once_do_one_of_them(void **state)
{
    struct repo_fixture *f = *state;
    struct await first, second;
    bool saved = false;
    size_t removed;
    struct media media = inserted(f, 1, NOW_MS), next = finalize(&media);
    f->repo->save_finalized(f->repo, &next, &saved, await_done(&first));
    f->repo->remove(f->repo, &media, 1, NOW_MS, &removed, await_done(&second));
    assert_int_equal(answer(f, &first), PR_OK);
    assert_int_equal(answer(f, &second), PR_OK);
    assert_int_equal(saved + removed, 1);
    assert_messages(f, &media, saved ? "created 1, finalized 2" : "created 1, deleted 2");
}

void test_one_message_twice_at_once_works_once(void **state)
{
    struct repo_fixture *f = *state;
    struct await awaits[4];
    struct media media = finalized(f), saved;
    struct media_rendered_msg yes = rendered_msg(&media);
    struct media_rejected_msg no = rejected_msg(&media);
    struct message_origin from = origin(1), other = origin(2);
    f->repo->apply_rendered(f->repo, &from, &yes, await_done(&awaits[0]));
    f->repo->apply_rendered(f->repo, &from, &yes, await_done(&awaits[1]));
    f->repo->apply_rejected(f->repo, &other, &no, await_done(&awaits[2]));
    f->repo->apply_rejected(f->repo, &other, &no, await_done(&awaits[3]));
    for (size_t i = 0; i < PR_COUNT(awaits); i++)
        assert_int_equal(answer(f, &awaits[i]), PR_OK);
    assert_int_equal(load(f, &media.id, &saved), PR_OK);
    assert_int_equal(saved.version, 3);
    assert_true((saved.state == MEDIA_READY) != (saved.state == MEDIA_REJECTED));
    assert_int_equal(saved.renditions_n, saved.state == MEDIA_READY ? 2 : 0);
}

/* ---- jobs ---- */

void test_job_ends_for_the_owner_of_the_lease_only(void **state)
{
    struct repo_fixture *f = *state;
    struct await await;
    struct queued_job queued[JOBS_MAX];
    struct media media = inserted(f, 1, NOW_MS);
    assert_true(remove_at(f, &media, NOW_MS));
    assert_int_equal(jobs(f, &media, queued), 2);
    struct job_claim old = f->claim(f, queued[0].id), valid = f->claim(f, queued[0].id);
    f->repo->finish_job(f->repo, &old, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
    jobs(f, &media, queued);
    assert_false(queued[0].done);
    f->repo->finish_job(f->repo, &valid, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
    jobs(f, &media, queued);
    assert_true(queued[0].done);
    assert_false(queued[1].done);
}
