#include "tests/contract/services/media/media_repo_calls.h"

#include "shared/base/alloc.h"

#include <stdio.h>

/* ---- calls that wait ---- */

enum pr_err answer(struct repo_fixture *f, struct await *await)
{
    f->wait(f, await);
    return await_once(await);
}

struct insertion insert_keyed(struct repo_fixture *f, const struct media *media,
                              const struct idempotency *idempotency)
{
    struct await await;
    struct insertion insertion;
    memset(&insertion, 0xff, sizeof insertion);
    f->repo->insert(f->repo, media, idempotency, &insertion, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
    return insertion;
}

void insert(struct repo_fixture *f, const struct media *media)
{
    static const struct idempotency no_key;
    assert_int_equal(insert_keyed(f, media, &no_key).outcome, INSERTION_NEW);
}

enum pr_err load(struct repo_fixture *f, const struct pr_uuid *id, struct media *out)
{
    struct await await;
    memset(out, 0xff, sizeof *out); /* everything must be written */
    f->repo->load(f->repo, id, out, await_done(&await));
    return answer(f, &await);
}

bool save(struct repo_fixture *f, save_fn fn, const struct media *media)
{
    struct await await;
    bool changed = false;
    fn(f->repo, media, &changed, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
    return changed;
}

bool remove_at(struct repo_fixture *f, const struct media *media, int64_t now_ms)
{
    struct await await;
    size_t removed = 7;
    f->repo->remove(f->repo, media, 1, now_ms, &removed, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
    assert_in_range(removed, 0, 1);
    return removed == 1;
}

/* ---- what goes in ---- */

struct media new_media(uint8_t owner, int64_t at_ms)
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

struct media inserted(struct repo_fixture *f, uint8_t owner, int64_t at_ms)
{
    struct media media = new_media(owner, at_ms);
    insert(f, &media);
    return media;
}

struct media finalize(const struct media *media)
{
    struct media next = *media;
    next.version++;
    next.state = MEDIA_FINALIZED;
    next.finalized_at_ms = media->created_at_ms + 4567;
    return next;
}

struct media finalized(struct repo_fixture *f)
{
    struct media media = inserted(f, 1, NOW_MS);
    media = finalize(&media);
    assert_true(save(f, f->repo->save_finalized, &media));
    return media;
}

struct media refuse(const struct media *media)
{
    struct media next = *media;
    next.version++;
    next.state = MEDIA_REJECTED;
    strcpy(next.reject_reason, "size_mismatch");
    return next;
}

struct message_origin origin(int64_t offset)
{
    return (struct message_origin){pr_uuid_v7(NOW_MS), PR_STR("media.rendered"), 2, offset};
}

/* ---- what must come out ---- */

void assert_same_media(const struct media *a, const struct media *b)
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
    assert_int_equal(a->part_size_bytes, b->part_size_bytes);
    assert_string_equal(a->upload_id, b->upload_id);
    assert_int_equal(a->created_at_ms, b->created_at_ms);
    assert_int_equal(a->upload_expires_at_ms, b->upload_expires_at_ms);
    assert_int_equal(a->finalized_at_ms, b->finalized_at_ms);
    assert_int_equal(a->crc32, b->crc32);
    assert_int_equal(a->width, b->width);
    assert_int_equal(a->height, b->height);
    assert_int_equal(a->duration_ms, b->duration_ms);
    assert_int_equal(a->degraded, b->degraded);
    assert_int_equal(a->placeholder_n, b->placeholder_n);
    assert_memory_equal(a->placeholder, b->placeholder, a->placeholder_n);
    assert_int_equal(a->renditions_n, b->renditions_n);
    assert_string_equal(a->reject_reason, b->reject_reason);
}

void assert_saved(struct repo_fixture *f, const struct media *media)
{
    struct media saved;
    assert_int_equal(load(f, &media->id, &saved), PR_OK);
    assert_same_media(&saved, media);
}

void assert_gone(struct repo_fixture *f, const struct media *media)
{
    struct media saved;
    assert_int_equal(load(f, &media->id, &saved), PR_ERR_NOT_FOUND);
}

void assert_messages(struct repo_fixture *f, const struct media *media, const char *expected)
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

size_t jobs(struct repo_fixture *f, const struct media *media, struct queued_job out[JOBS_MAX])
{
    return f->jobs(f, &media->id, out, JOBS_MAX);
}
