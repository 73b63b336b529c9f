#include "tests/contract/services/media/media_repo_contract.h"

#include "shared/base/alloc.h"

#include <stdio.h>

/* The year 2100: later than any database that this runs against thinks it is. */
#define NOW_MS INT64_C(4102444800123)
#define HOUR_MS INT64_C(3600000)
#define JOBS_MAX 8

/* ---- calls that wait ---- */

static enum pr_err answer(struct repo_fixture *f, struct await *await)
{
    f->wait(f, await);
    return await_once(await);
}

static void insert(struct repo_fixture *f, const struct media *media)
{
    struct await await;
    f->repo->insert(f->repo, media, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
}

static enum pr_err load(struct repo_fixture *f, const struct pr_uuid *id, struct media *out)
{
    struct await await;
    memset(out, 0xff, sizeof *out); /* everything must be written */
    f->repo->load(f->repo, id, out, await_done(&await));
    return answer(f, &await);
}

typedef void (*save_fn)(struct media_repo *repo, const struct media *media, bool *changed,
                        struct pr_done done);

static bool save(struct repo_fixture *f, save_fn fn, const struct media *media)
{
    struct await await;
    bool changed = false;
    fn(f->repo, media, &changed, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
    return changed;
}

static bool remove_at(struct repo_fixture *f, const struct media *media, int64_t now_ms)
{
    struct await await;
    bool changed = false;
    f->repo->remove(f->repo, media, now_ms, &changed, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
    return changed;
}

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

/* ---- what goes in ---- */

/* A created JPEG of this owner (a number), announced at this time. */
static struct media new_media(uint8_t owner, int64_t at_ms)
{
    struct media media = {
        .id = pr_uuid_v7(at_ms),
        .owner_id = {{owner}},
        .version = 1,
        .state = MEDIA_CREATED,
        .type = media_type_parse(pr_str("image/jpeg")),
        .filename = "beach.jpg",
        .size_bytes = 4321,
        .created_at_ms = at_ms,
        .upload_expires_at_ms = at_ms + HOUR_MS,
    };
    for (size_t i = 0; i < sizeof media.sha256; i++)
        media.sha256[i] = (uint8_t)(i * 9);
    media_set_object_key(&media);
    return media;
}

static struct media inserted(struct repo_fixture *f, uint8_t owner, int64_t at_ms)
{
    struct media media = new_media(owner, at_ms);
    insert(f, &media);
    return media;
}

/* Brings it one step on, as finalize_media does. */
static struct media finalize(const struct media *media)
{
    struct media next = *media;
    next.version++;
    next.state = MEDIA_FINALIZED;
    next.finalized_at_ms = media->created_at_ms + 4567;
    return next;
}

static struct media finalized(struct repo_fixture *f)
{
    struct media media = inserted(f, 1, NOW_MS);
    media = finalize(&media);
    assert_true(save(f, f->repo->save_finalized, &media));
    return media;
}

static struct media refuse(const struct media *media)
{
    struct media next = *media;
    next.version++;
    next.state = MEDIA_REJECTED;
    strcpy(next.reject_reason, "size_mismatch");
    return next;
}

static struct message_origin origin(int64_t offset)
{
    return (struct message_origin){pr_uuid_v7(NOW_MS), PR_STR("media.rendered"), 2, offset};
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
                        PR_STR("image/webp"), 320, 240, 9120},
                       {PR_STR("large"), PR_STR("o/library/m/.renditions/\"\\large.jpg"),
                        PR_STR("image/jpeg"), 1600, 1200, 162000}},
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

/* ---- what must come out ---- */

static void assert_same_media(const struct media *a, const struct media *b)
{
    assert_true(pr_uuid_eq(&a->id, &b->id));
    assert_true(pr_uuid_eq(&a->owner_id, &b->owner_id));
    assert_int_equal(a->version, b->version);
    assert_int_equal(a->state, b->state);
    assert_ptr_equal(a->type, b->type);
    assert_string_equal(a->filename, b->filename);
    assert_string_equal(a->object_key, b->object_key);
    assert_int_equal(a->size_bytes, b->size_bytes);
    assert_memory_equal(a->sha256, b->sha256, sizeof a->sha256);
    assert_int_equal(a->created_at_ms, b->created_at_ms);
    assert_int_equal(a->upload_expires_at_ms, b->upload_expires_at_ms);
    assert_int_equal(a->finalized_at_ms, b->finalized_at_ms);
    assert_int_equal(a->width, b->width);
    assert_int_equal(a->height, b->height);
    assert_int_equal(a->duration_ms, b->duration_ms);
    assert_int_equal(a->degraded, b->degraded);
    assert_int_equal(a->placeholder_n, b->placeholder_n);
    assert_memory_equal(a->placeholder, b->placeholder, a->placeholder_n);
    assert_int_equal(a->renditions_n, b->renditions_n);
    assert_string_equal(a->reject_reason, b->reject_reason);
}

static void assert_saved(struct repo_fixture *f, const struct media *media)
{
    struct media saved;
    assert_int_equal(load(f, &media->id, &saved), PR_OK);
    assert_same_media(&saved, media);
}

static void assert_gone(struct repo_fixture *f, const struct media *media)
{
    struct media saved;
    assert_int_equal(load(f, &media->id, &saved), PR_ERR_NOT_FOUND);
}

/* The kinds and versions of what was queued: "created 1, finalized 2". */
static void assert_messages(struct repo_fixture *f, const struct media *media, const char *expected)
{
    static const char *const names[MESSAGE_KINDS] = {[MESSAGE_MEDIA_CREATED] = "created",
                                                     [MESSAGE_MEDIA_FINALIZED] = "finalized",
                                                     [MESSAGE_MEDIA_DELETED] = "deleted"};
    struct sent_message sent[8];
    char text[256] = "";
    size_t n = f->messages(f, &media->id, sent, PR_COUNT(sent));
    for (size_t i = 0; i < n; i++) {
        size_t at = strlen(text);
        assert_true(pr_uuid_eq(&sent[i].media_id, &media->id));
        assert_true(pr_uuid_eq(&sent[i].owner_id, &media->owner_id));
        snprintf(text + at, sizeof text - at, "%s%s %lld", i ? ", " : "", names[sent[i].kind],
                 (long long)sent[i].version);
    }
    assert_string_equal(text, expected);
}

static size_t jobs(struct repo_fixture *f, const struct media *media, struct queued_job *out)
{
    return f->jobs(f, &media->id, out, JOBS_MAX);
}

/* ---- insert and load ---- */

static void test_inserted_media_is_loaded_as_it_was(void **state)
{
    struct repo_fixture *f = *state;
    struct media media = inserted(f, 1, NOW_MS);
    assert_saved(f, &media);
    assert_messages(f, &media, "created 1");
}

static void test_hostile_and_largest_values_survive(void **state)
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

static void test_insert_of_a_known_id_is_a_conflict(void **state)
{
    struct repo_fixture *f = *state;
    struct await await;
    struct media media = inserted(f, 1, NOW_MS), again = media;
    again.size_bytes++;
    f->repo->insert(f->repo, &again, await_done(&await));
    assert_int_equal(answer(f, &await), PR_ERR_CONFLICT);
    assert_saved(f, &media);
    assert_messages(f, &media, "created 1");
}

static void test_unknown_media_is_not_found(void **state)
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

static void test_list_goes_from_the_newest_in_pages(void **state)
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

static void test_list_filters(void **state)
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

static void test_finalized_is_saved_with_its_message(void **state)
{
    struct repo_fixture *f = *state;
    struct media media = finalized(f);
    assert_saved(f, &media);
    assert_messages(f, &media, "created 1, finalized 2");
}

static void test_rejected_is_saved_without_a_message(void **state)
{
    struct repo_fixture *f = *state;
    struct media media = inserted(f, 1, NOW_MS);
    media = refuse(&media);
    assert_true(save(f, f->repo->save_rejected, &media));
    assert_saved(f, &media);
    assert_messages(f, &media, "created 1");
}

static void test_stale_version_saves_nothing(void **state)
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

static void test_gone_media_is_not_saved(void **state)
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

static void test_removed_with_message_and_two_jobs(void **state)
{
    struct repo_fixture *f = *state;
    struct queued_job queued[JOBS_MAX];
    struct media media = finalized(f);
    assert_true(remove_at(f, &media, NOW_MS + 5000));
    assert_gone(f, &media);
    assert_messages(f, &media, "created 1, finalized 2, deleted 3");
    assert_int_equal(jobs(f, &media, queued), 2);
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(queued[i].object_key, media.object_key);
        assert_false(queued[i].done);
    }
    assert_int_equal(queued[1].run_at_ms, media.upload_expires_at_ms + 60000);
    assert_true(queued[0].run_at_ms < queued[1].run_at_ms);
}

static void test_removed_when_its_url_is_dead_with_one_job(void **state)
{
    struct repo_fixture *f = *state;
    struct queued_job queued[JOBS_MAX];
    struct media media = inserted(f, 1, NOW_MS);
    assert_true(remove_at(f, &media, media.upload_expires_at_ms));
    assert_int_equal(jobs(f, &media, queued), 1);
}

static void test_removed_once_only_and_as_it_was_loaded(void **state)
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

static void test_abandoned_are_created_with_a_dead_url(void **state)
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

/* ---- messages that come in ---- */

static void test_rendered_media_is_ready_with_all_it_was_told(void **state)
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
    }
    assert_messages(f, &media, "created 1, finalized 2");
}

static void test_rendered_with_the_least_and_the_most(void **state)
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
                                                   INT64_C(5) << 40};
    render(f, &second, &msg);
    assert_int_equal(load(f, &most.id, &saved), PR_OK);
    assert_int_equal(saved.placeholder_n, MEDIA_PLACEHOLDER_MAX);
    assert_int_equal(saved.renditions_n, MEDIA_RENDITIONS_MAX);
    assert_string_equal(saved.renditions[7].name, "fifteen letters");
    assert_int_equal(saved.renditions[7].size_bytes, INT64_C(5) << 40);
}

static void test_rejected_media_keeps_the_reason(void **state)
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

static void test_message_works_once_and_only_on_finalized_media(void **state)
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

/* ---- at the same moment ---- */

static void test_two_saves_at_once_save_one(void **state)
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

static void test_save_and_removal_at_once_do_one_of_them(void **state)
{
    struct repo_fixture *f = *state;
    struct await first, second;
    bool saved = false, removed = false;
    struct media media = inserted(f, 1, NOW_MS), next = finalize(&media);
    f->repo->save_finalized(f->repo, &next, &saved, await_done(&first));
    f->repo->remove(f->repo, &media, NOW_MS, &removed, await_done(&second));
    assert_int_equal(answer(f, &first), PR_OK);
    assert_int_equal(answer(f, &second), PR_OK);
    assert_int_equal(saved + removed, 1);
    assert_messages(f, &media, saved ? "created 1, finalized 2" : "created 1, deleted 2");
}

static void test_one_message_twice_at_once_works_once(void **state)
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

static void test_purge_ends_for_the_owner_of_the_lease_only(void **state)
{
    struct repo_fixture *f = *state;
    struct await await;
    struct queued_job queued[JOBS_MAX];
    struct media media = inserted(f, 1, NOW_MS);
    assert_true(remove_at(f, &media, NOW_MS));
    assert_int_equal(jobs(f, &media, queued), 2);
    struct job_claim old = f->claim(f, queued[0].id), valid = f->claim(f, queued[0].id);
    f->repo->finish_purge(f->repo, &old, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
    jobs(f, &media, queued);
    assert_false(queued[0].done);
    f->repo->finish_purge(f->repo, &valid, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
    jobs(f, &media, queued);
    assert_true(queued[0].done);
    assert_false(queued[1].done);
}

int media_repo_contract_run(CMFixtureFunction setup, CMFixtureFunction teardown)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_inserted_media_is_loaded_as_it_was),
        CASE(test_hostile_and_largest_values_survive),
        CASE(test_insert_of_a_known_id_is_a_conflict),
        CASE(test_unknown_media_is_not_found),
        CASE(test_list_goes_from_the_newest_in_pages),
        CASE(test_list_filters),
        CASE(test_finalized_is_saved_with_its_message),
        CASE(test_rejected_is_saved_without_a_message),
        CASE(test_stale_version_saves_nothing),
        CASE(test_gone_media_is_not_saved),
        CASE(test_removed_with_message_and_two_jobs),
        CASE(test_removed_when_its_url_is_dead_with_one_job),
        CASE(test_removed_once_only_and_as_it_was_loaded),
        CASE(test_abandoned_are_created_with_a_dead_url),
        CASE(test_rendered_media_is_ready_with_all_it_was_told),
        CASE(test_rendered_with_the_least_and_the_most),
        CASE(test_rejected_media_keeps_the_reason),
        CASE(test_message_works_once_and_only_on_finalized_media),
        CASE(test_two_saves_at_once_save_one),
        CASE(test_save_and_removal_at_once_do_one_of_them),
        CASE(test_one_message_twice_at_once_works_once),
        CASE(test_purge_ends_for_the_owner_of_the_lease_only),
    };
    return cmocka_run_group_tests_name("media_repo", tests, NULL, NULL);
}
