#include "tests/contract/services/media/event_repo_calls.h"

#include "shared/base/alloc.h"

#include <stdio.h>

static const struct idempotency no_key;

enum pr_err answer(struct event_fixture *f, struct await *await)
{
    f->wait(f, await);
    return await_once(await);
}

struct event_insertion insert_keyed(struct event_fixture *f, const struct event *event,
                                    const struct idempotency *idempotency)
{
    struct await await;
    struct event_insertion insertion;
    memset(&insertion, 0xff, sizeof insertion);
    f->events->insert(f->events, event, event->expires_at_ms + GRACE_S * 1000, idempotency,
                      &insertion, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
    return insertion;
}

enum pr_err load(struct event_fixture *f, const struct pr_uuid *owner_id, const struct pr_uuid *id,
                 struct event *out)
{
    struct await await;
    memset(out, 0xff, sizeof *out); /* everything must be written */
    f->events->load(f->events, owner_id, id, out, await_done(&await));
    return answer(f, &await);
}

enum pr_err change(struct event_fixture *f, const struct event *event,
                   const struct event_change *wanted, struct event *out)
{
    struct await await;
    memset(out, 0xff, sizeof *out);
    f->events->change(f->events, &owner, &event->id, wanted, GRACE_S, out, await_done(&await));
    return answer(f, &await);
}

enum pr_err close_event(struct event_fixture *f, const struct pr_uuid *owner_id,
                        const struct pr_uuid *id)
{
    struct await await;
    f->events->close(f->events, owner_id, id, await_done(&await));
    return answer(f, &await);
}

struct event_linking link_media(struct event_fixture *f, const struct event *event,
                                const struct pr_uuid *media_ids, size_t n)
{
    struct await await;
    struct event_linking linking;
    memset(&linking, 0xff, sizeof linking);
    f->events->link(f->events, &owner, &event->id, media_ids, n, NOW_MS, &linking,
                    await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
    return linking;
}

bool unlink_media(struct event_fixture *f, const struct event *event,
                  const struct pr_uuid *media_id)
{
    struct await await;
    bool unlinked;
    f->events->unlink(f->events, &owner, &event->id, media_id, &unlinked, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
    return unlinked;
}

int insert_media(struct event_fixture *f, const struct media *media)
{
    struct await await;
    struct insertion insertion;
    f->media->insert(f->media, media, &no_key, &insertion, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
    return (int)insertion.outcome;
}

size_t remove_media(struct event_fixture *f, const struct media *media)
{
    struct await await;
    struct media now;
    size_t removed = 7;
    f->media->load(f->media, &media->id, &now, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
    f->media->remove(f->media, &now, 1, NOW_MS, &removed, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
    return removed;
}

bool begin_purge(struct event_fixture *f, const struct pr_uuid *id, const struct job_claim *job)
{
    struct await await;
    bool purging;
    f->events->begin_purge(f->events, id, GRACE_S, job, &purging, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
    return purging;
}

bool clear(struct event_fixture *f, const struct pr_uuid *id)
{
    struct await await;
    bool left;
    f->events->clear(f->events, id, &left, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
    return left;
}

void finish_purge(struct event_fixture *f, const struct pr_uuid *id, const struct job_claim *job)
{
    struct await await;
    f->events->finish_purge(f->events, id, job, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
}

struct job_claim claim_only(struct event_fixture *f, const struct pr_uuid *id)
{
    struct waiting_job jobs[2];
    assert_int_equal(f->jobs(f, id, jobs, PR_COUNT(jobs)), 1);
    return f->claim(f, jobs[0].id);
}

/* ---- what goes in ---- */

struct event new_event(const char *name, int64_t created_at_ms)
{
    struct pr_fault fault;
    struct event event = {
        .id = pr_uuid_v7(created_at_ms),
        .owner_id = owner,
        .owner_name = "anna-photo",
        .version = 1,
        .created_at_ms = created_at_ms,
        .download = true,
    };
    assert_int_equal(event_set_name(&event, pr_str(name), &fault), PR_OK);
    assert_int_equal(event_set_ttl(&event, EVENT_TTL_DEFAULT_S, &fault), PR_OK);
    event_make_slug(&event, pr_str(""));
    return event;
}

struct event inserted(struct event_fixture *f, const char *name, int64_t created_at_ms)
{
    struct event event = new_event(name, created_at_ms);
    assert_int_equal(insert_keyed(f, &event, &no_key).outcome, EVENT_NEW);
    return event;
}

struct media new_media(const struct pr_uuid *event_id)
{
    static int64_t age_ms; /* each is younger than the one before */
    struct media media = {
        .id = pr_uuid_v7(NOW_MS + age_ms++),
        .owner_id = owner,
        .event_id = event_id ? *event_id : (struct pr_uuid){{0}},
        .version = 1,
        .state = MEDIA_CREATED,
        .type = media_type_parse(pr_str("image/jpeg")),
        .filename = "beach.jpg",
        .size_bytes = 4321,
        .created_at_ms = NOW_MS,
        .upload_expires_at_ms = NOW_MS + HOUR_MS,
    };
    media_set_object_key(&media);
    return media;
}

struct media inserted_media(struct event_fixture *f, const struct pr_uuid *event_id)
{
    struct media media = new_media(event_id);
    assert_int_equal(insert_media(f, &media), INSERTION_NEW);
    return media;
}

struct event_change no_change(void)
{
    return (struct event_change){.download = -1, .originals = -1};
}

/* ---- what must come out ---- */

void assert_same_event(const struct event *a, const struct event *b)
{
    assert_true(pr_uuid_eq(&a->id, &b->id));
    assert_true(pr_uuid_eq(&a->owner_id, &b->owner_id));
    assert_string_equal(a->owner_name, b->owner_name);
    assert_int_equal(a->version, b->version);
    assert_string_equal(a->name, b->name);
    assert_string_equal(a->slug, b->slug);
    assert_int_equal(a->created_at_ms, b->created_at_ms);
    assert_int_equal(a->seconds_to_live, b->seconds_to_live);
    assert_int_equal(a->expires_at_ms, b->expires_at_ms);
    assert_int_equal(a->download, b->download);
    assert_int_equal(a->originals, b->originals);
    assert_true(pr_uuid_eq(&a->cover_id, &b->cover_id));
    assert_int_equal(a->photos_n, b->photos_n);
    assert_string_equal(a->preview_key, b->preview_key);
}

void assert_saved(struct event_fixture *f, const struct event *event)
{
    struct event saved;
    assert_int_equal(load(f, &event->owner_id, &event->id, &saved), PR_OK);
    assert_same_event(&saved, event);
}

void assert_gone(struct event_fixture *f, const struct event *event)
{
    struct event saved;
    assert_int_equal(load(f, &event->owner_id, &event->id, &saved), PR_ERR_NOT_FOUND);
}

void assert_photos(struct event_fixture *f, const struct event *event, const struct media *photos,
                   size_t n)
{
    struct await await;
    struct media_page page = {0};
    struct event_media_query query = {.event_id = event->id, .state = -1, .limit = 100};
    struct event saved;
    f->events->list_media(f->events, &query, &page, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
    assert_int_equal(page.items_n, n);
    for (size_t i = 0; i < n; i++) {
        assert_true(pr_uuid_eq(&page.items[i].id, &photos[i].id));
        assert_true(pr_uuid_eq(&page.items[i].event_id, &photos[i].event_id));
    }
    assert_false(page.more);
    pr_arena_fini(&page.arena);
    assert_int_equal(load(f, &owner, &event->id, &saved), PR_OK);
    assert_int_equal(saved.photos_n, n);
}
