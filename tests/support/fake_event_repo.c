#include "tests/support/fake_event_repo.h"

#include "shared/base/alloc.h"
#include "tests/support/test.h"

#include <stdlib.h>

#define CLEAR_AT_ONCE 4 /* codes or links that one `clear` takes; Postgres takes more */

static struct fake_event_repo *self(struct event_repo *port)
{
    return PR_CONTAINER(port, struct fake_event_repo, port);
}

/* ---- rows ---- */

struct fake_event *fake_event_repo_find(struct fake_event_repo *repo, const struct pr_uuid *id)
{
    for (size_t i = 0; i < repo->rows_n; i++) {
        if (pr_uuid_eq(&repo->rows[i].event.id, id))
            return &repo->rows[i];
    }
    return NULL;
}

/* One that its owner sees. */
static struct fake_event *find_seen(struct fake_event_repo *repo, const struct pr_uuid *owner_id,
                                    const struct pr_uuid *id)
{
    struct fake_event *row = fake_event_repo_find(repo, id);
    return row && !row->deleting && pr_uuid_eq(&row->event.owner_id, owner_id) ? row : NULL;
}

void fake_event_repo_put(struct fake_event_repo *repo, const struct event *event)
{
    assert_true(repo->rows_n < FAKE_EVENTS);
    repo->rows[repo->rows_n++] = (struct fake_event){.event = *event};
}

size_t fake_event_repo_photos(const struct fake_event_repo *repo, const struct pr_uuid *event_id)
{
    size_t n = 0;
    for (size_t i = 0; i < repo->links_n; i++)
        n += pr_uuid_eq(&repo->links[i].event_id, event_id);
    return n;
}

bool fake_event_repo_has(const struct fake_event_repo *repo, const struct pr_uuid *event_id,
                         const struct pr_uuid *media_id)
{
    for (size_t i = 0; i < repo->links_n; i++) {
        if (pr_uuid_eq(&repo->links[i].event_id, event_id) &&
            pr_uuid_eq(&repo->links[i].media_id, media_id))
            return true;
    }
    return false;
}

enum insertion_outcome fake_event_repo_takes(struct fake_event_repo *repo,
                                             const struct media *media)
{
    if (pr_uuid_is_nil(&media->event_id))
        return INSERTION_NEW;
    assert_non_null(repo);
    if (!find_seen(repo, &media->owner_id, &media->event_id))
        return INSERTION_NO_EVENT;
    return fake_event_repo_photos(repo, &media->event_id) < EVENT_PHOTOS_MAX ? INSERTION_NEW
                                                                             : INSERTION_FULL;
}

enum insertion_outcome fake_event_repo_takes_many(struct fake_event_repo *repo,
                                                  const struct pr_uuid *owner_id,
                                                  const struct pr_uuid *event_id, size_t n)
{
    if (pr_uuid_is_nil(event_id))
        return INSERTION_NEW;
    assert_non_null(repo);
    if (!find_seen(repo, owner_id, event_id))
        return INSERTION_NO_EVENT;
    return fake_event_repo_photos(repo, event_id) + n <= EVENT_PHOTOS_MAX ? INSERTION_NEW
                                                                          : INSERTION_FULL;
}

void fake_event_repo_add_link(struct fake_event_repo *repo, const struct pr_uuid *event_id,
                              const struct pr_uuid *media_id)
{
    assert_true(repo->links_n < FAKE_LINKS);
    repo->links[repo->links_n++] = (struct fake_link){*event_id, *media_id};
}

static bool take_link(struct fake_event_repo *repo, const struct pr_uuid *event_id,
                      const struct pr_uuid *media_id)
{
    for (size_t i = 0; i < repo->links_n; i++) {
        if (pr_uuid_eq(&repo->links[i].event_id, event_id) &&
            pr_uuid_eq(&repo->links[i].media_id, media_id)) {
            repo->links[i] = repo->links[--repo->links_n];
            return true;
        }
    }
    return false;
}

void fake_event_repo_forget(struct fake_event_repo *repo, const struct pr_uuid *media_id)
{
    for (size_t i = 0; i < repo->rows_n; i++) {
        struct event *event = &repo->rows[i].event;
        (void)take_link(repo, &event->id, media_id);
        if (pr_uuid_eq(&event->cover_id, media_id))
            event->cover_id = (struct pr_uuid){{0}};
    }
}

static const char *preview_of(const struct media *media)
{
    for (size_t i = 0; i < media->renditions_n; i++) {
        if (strcmp(media->renditions[i].name, "preview") == 0)
            return media->renditions[i].object_key;
    }
    return "";
}

/* The cover, or the oldest photo that is ready. */
static const struct media *picture_of(struct fake_event_repo *repo, const struct event *event)
{
    const struct media *oldest = NULL;
    if (!pr_uuid_is_nil(&event->cover_id))
        return fake_media_repo_find(repo->media, &event->cover_id);
    for (size_t i = 0; i < repo->media->rows_n; i++) {
        const struct media *media = &repo->media->rows[i];
        if (media->state == MEDIA_READY && fake_event_repo_has(repo, &event->id, &media->id) &&
            (!oldest || memcmp(media->id.b, oldest->id.b, sizeof oldest->id.b) < 0))
            oldest = media;
    }
    return oldest;
}

static struct event read_row(struct fake_event_repo *repo, const struct fake_event *row)
{
    struct event event = row->event;
    const struct media *picture = picture_of(repo, &event);
    event.photos_n = (int64_t)fake_event_repo_photos(repo, &event.id);
    assert_true(pr_str_copy(pr_str(picture ? preview_of(picture) : ""), event.preview_key,
                            sizeof event.preview_key));
    return event;
}

/* ---- calls ---- */

/* What a call takes, until it has its effect. */
struct args {
    struct fake_event_repo *repo;
    const struct pr_uuid *owner_id, *id, *media_id;
    const struct event *event;
    const struct idempotency *idempotency;
    const struct event_query *query;
    const struct event_media_query *media_query;
    const struct event_change *change;
    const struct job_claim *job;
    int64_t at_ms, grace_s;
    size_t n;
    struct event_insertion *insertion;
    struct event_linking *linking;
    struct event *out;
    struct event_page *page;
    struct media_page *media_page;
    bool *flag;
};

static void pass(const char *name, gate_effect_fn effect, const struct args *args,
                 struct pr_done done)
{
    gate_pass(args->repo->gate, name, effect, args, sizeof *args, done);
}

/* As idempotency_claim in SQL, but nothing is forgotten after a day. */
static struct event_insertion claim_key(const struct fake_event_repo *repo,
                                        const struct event *event,
                                        const struct idempotency *idempotency)
{
    if (idempotency->given && repo->media->keys_busy)
        return (struct event_insertion){.outcome = EVENT_RUNNING};
    for (size_t i = 0; idempotency->given && i < repo->keys_n; i++) {
        const struct fake_key *key = &repo->keys[i];
        if (!pr_uuid_eq(&key->owner_id, &event->owner_id) ||
            memcmp(key->idempotency.key_hash, idempotency->key_hash, 32) != 0)
            continue;
        if (memcmp(key->idempotency.request_hash, idempotency->request_hash, 32) != 0)
            return (struct event_insertion){.outcome = EVENT_MISMATCH};
        return (struct event_insertion){EVENT_REPLAYED, key->media_id};
    }
    return (struct event_insertion){EVENT_NEW, event->id};
}

static bool slug_is_taken(const struct fake_event_repo *repo, const struct pr_uuid *but,
                          const char *owner_name, const char *slug)
{
    for (size_t i = 0; i < repo->rows_n; i++) {
        const struct fake_event *row = &repo->rows[i];
        if (!row->deleting && !pr_uuid_eq(&row->event.id, but) &&
            strcmp(row->event.owner_name, owner_name) == 0 && strcmp(row->event.slug, slug) == 0)
            return true;
    }
    return false;
}

static enum pr_err insert_effect(const void *arg)
{
    const struct args *args = arg;
    struct fake_event_repo *repo = args->repo;
    size_t owned = 0;
    *args->insertion = claim_key(repo, args->event, args->idempotency);
    if (args->insertion->outcome != EVENT_NEW)
        return PR_OK;
    for (size_t i = 0; i < repo->rows_n; i++)
        owned += !repo->rows[i].deleting &&
                 pr_uuid_eq(&repo->rows[i].event.owner_id, &args->event->owner_id);
    if (owned >= EVENTS_MAX)
        args->insertion->outcome = EVENT_TOO_MANY;
    else if (slug_is_taken(repo, &args->event->id, args->event->owner_name, args->event->slug))
        args->insertion->outcome = EVENT_SLUG_TAKEN;
    if (args->insertion->outcome != EVENT_NEW)
        return PR_OK;
    if (args->idempotency->given) {
        assert_true(repo->keys_n < FAKE_KEYS);
        repo->keys[repo->keys_n++] =
            (struct fake_key){args->event->owner_id, args->event->id, *args->idempotency};
    }
    fake_event_repo_put(repo, args->event);
    fake_media_repo_add_job(repo->media, "purge_event", &args->event->id, args->at_ms);
    return PR_OK;
}

static void insert(struct event_repo *port, const struct event *event, int64_t purge_at_ms,
                   const struct idempotency *idempotency, struct event_insertion *out,
                   struct pr_done done)
{
    pass("insert", insert_effect,
         &(struct args){.repo = self(port),
                        .event = event,
                        .at_ms = purge_at_ms,
                        .idempotency = idempotency,
                        .insertion = out},
         done);
}

static enum pr_err load_effect(const void *arg)
{
    const struct args *args = arg;
    const struct fake_event *row = find_seen(args->repo, args->owner_id, args->id);
    if (!row)
        return PR_ERR_NOT_FOUND;
    *args->out = read_row(args->repo, row);
    return PR_OK;
}

static void load(struct event_repo *port, const struct pr_uuid *owner_id, const struct pr_uuid *id,
                 struct event *out, struct pr_done done)
{
    pass("load_event", load_effect,
         &(struct args){.repo = self(port), .owner_id = owner_id, .id = id, .out = out}, done);
}

static bool comes_after(const struct pr_uuid *id, const struct pr_uuid *before_id)
{
    return pr_uuid_is_nil(before_id) || memcmp(id->b, before_id->b, sizeof id->b) < 0;
}

static int newest_event_first(const void *a, const void *b)
{
    return memcmp(((const struct event *)b)->id.b, ((const struct event *)a)->id.b, 16);
}

static enum pr_err list_effect(const void *arg)
{
    const struct args *args = arg;
    struct event_page *page = args->page;
    page->items = pr_arena_alloc(&page->arena, FAKE_EVENTS * sizeof *page->items);
    for (size_t i = 0; i < args->repo->rows_n; i++) {
        const struct fake_event *row = &args->repo->rows[i];
        if (!row->deleting && pr_uuid_eq(&row->event.owner_id, &args->query->owner_id) &&
            comes_after(&row->event.id, &args->query->before_id))
            page->items[page->items_n++] = read_row(args->repo, row);
    }
    qsort(page->items, page->items_n, sizeof *page->items, newest_event_first);
    page->more = page->items_n > args->query->limit;
    if (page->more)
        page->items_n = args->query->limit;
    return PR_OK;
}

static void list(struct event_repo *port, const struct event_query *query, struct event_page *out,
                 struct pr_done done)
{
    pass("list_events", list_effect,
         &(struct args){.repo = self(port), .query = query, .page = out}, done);
}

static void set_text(const char *text, char *out, size_t size)
{
    if (text)
        assert_true(pr_str_copy(pr_str(text), out, size));
}

static void apply(struct event *event, const struct event_change *change)
{
    set_text(change->name, event->name, sizeof event->name);
    set_text(change->slug, event->slug, sizeof event->slug);
    if (change->seconds_to_live) {
        event->seconds_to_live = change->seconds_to_live;
        event->expires_at_ms = event->created_at_ms + change->seconds_to_live * 1000;
    }
    if (change->download >= 0)
        event->download = change->download;
    if (change->originals >= 0)
        event->originals = change->originals;
    if (change->has_cover)
        event->cover_id = change->cover_id;
    event->version++;
}

static enum pr_err change_effect(const void *arg)
{
    const struct args *args = arg;
    const struct event_change *change = args->change;
    struct fake_event *row = find_seen(args->repo, args->owner_id, args->id);
    if (!row)
        return PR_ERR_NOT_FOUND;
    if (change->has_cover && !pr_uuid_is_nil(&change->cover_id) &&
        !fake_event_repo_has(args->repo, args->id, &change->cover_id))
        return PR_ERR_UNPROCESSABLE;
    if (change->slug && slug_is_taken(args->repo, args->id, row->event.owner_name, change->slug))
        return PR_ERR_CONFLICT;
    apply(&row->event, change);
    if (change->seconds_to_live) {
        fake_media_repo_cancel_jobs(args->repo->media, "purge_event", args->id);
        fake_media_repo_add_job(args->repo->media, "purge_event", args->id,
                                row->event.expires_at_ms + args->grace_s * 1000);
    }
    *args->out = read_row(args->repo, row);
    return PR_OK;
}

static void change(struct event_repo *port, const struct pr_uuid *owner_id,
                   const struct pr_uuid *id, const struct event_change *wanted, int64_t grace_s,
                   struct event *out, struct pr_done done)
{
    pass("change", change_effect,
         &(struct args){.repo = self(port),
                        .owner_id = owner_id,
                        .id = id,
                        .change = wanted,
                        .grace_s = grace_s,
                        .out = out},
         done);
}

/* ---- photos ---- */

static int newest_media_first(const void *a, const void *b)
{
    return memcmp(((const struct media *)b)->id.b, ((const struct media *)a)->id.b, 16);
}

static enum pr_err list_media_effect(const void *arg)
{
    const struct args *args = arg;
    const struct event_media_query *query = args->media_query;
    const struct fake_media_repo *media = args->repo->media;
    struct media_page *page = args->media_page;
    page->items = pr_arena_alloc(&page->arena, FAKE_ROWS * sizeof *page->items);
    for (size_t i = 0; i < media->rows_n; i++) {
        const struct media *row = &media->rows[i];
        if (fake_event_repo_has(args->repo, &query->event_id, &row->id) &&
            comes_after(&row->id, &query->before_id) &&
            (query->state < 0 || query->state == (int)row->state))
            page->items[page->items_n++] = *row;
    }
    qsort(page->items, page->items_n, sizeof *page->items, newest_media_first);
    page->more = page->items_n > query->limit;
    if (page->more)
        page->items_n = query->limit;
    return PR_OK;
}

static void list_media_of(struct event_repo *port, const struct event_media_query *query,
                          struct media_page *out, struct pr_done done)
{
    pass("list_media", list_media_effect,
         &(struct args){.repo = self(port), .media_query = query, .media_page = out}, done);
}

static bool can_link(struct fake_event_repo *repo, const struct args *args, size_t i)
{
    const struct media *media = fake_media_repo_find(repo->media, &args->media_id[i]);
    return media && pr_uuid_eq(&media->owner_id, args->owner_id) &&
           (pr_uuid_is_nil(&media->event_id) || pr_uuid_eq(&media->event_id, args->id));
}

static bool came_before(const struct args *args, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (pr_uuid_eq(&args->media_id[k], &args->media_id[i]))
            return true;
    }
    return false;
}

static enum pr_err link_effect(const void *arg)
{
    const struct args *args = arg;
    struct fake_event_repo *repo = args->repo;
    struct event_linking *out = args->linking;
    size_t fresh = 0;
    *out = (struct event_linking){.found = find_seen(repo, args->owner_id, args->id)};
    for (size_t i = 0; i < args->n; i++) {
        if (came_before(args, i))
            continue;
        out->refused += !can_link(repo, args, i);
        fresh +=
            can_link(repo, args, i) && !fake_event_repo_has(repo, args->id, &args->media_id[i]);
    }
    out->full = fake_event_repo_photos(repo, args->id) + fresh > EVENT_PHOTOS_MAX;
    if (!out->found || out->refused || out->full)
        return PR_OK;
    for (size_t i = 0; i < args->n; i++) {
        if (!fake_event_repo_has(repo, args->id, &args->media_id[i]))
            fake_event_repo_add_link(repo, args->id, &args->media_id[i]);
    }
    out->linked = fresh;
    return PR_OK;
}

static void link_all(struct event_repo *port, const struct pr_uuid *owner_id,
                     const struct pr_uuid *id, const struct pr_uuid *media_ids, size_t n,
                     int64_t now_ms, struct event_linking *out, struct pr_done done)
{
    (void)now_ms;
    pass("link", link_effect,
         &(struct args){.repo = self(port),
                        .owner_id = owner_id,
                        .id = id,
                        .media_id = media_ids,
                        .n = n,
                        .linking = out},
         done);
}

static enum pr_err unlink_effect(const void *arg)
{
    const struct args *args = arg;
    struct fake_event *row = find_seen(args->repo, args->owner_id, args->id);
    const struct media *media = fake_media_repo_find(args->repo->media, args->media_id);
    bool uploaded = media && pr_uuid_eq(&media->event_id, args->id);
    *args->flag = row && !uploaded && take_link(args->repo, args->id, args->media_id);
    if (*args->flag && pr_uuid_eq(&row->event.cover_id, args->media_id)) {
        row->event.cover_id = (struct pr_uuid){{0}};
        row->event.version++;
    }
    return PR_OK;
}

static void unlink_one(struct event_repo *port, const struct pr_uuid *owner_id,
                       const struct pr_uuid *id, const struct pr_uuid *media_id, bool *unlinked,
                       struct pr_done done)
{
    pass("unlink", unlink_effect,
         &(struct args){.repo = self(port),
                        .owner_id = owner_id,
                        .id = id,
                        .media_id = media_id,
                        .flag = unlinked},
         done);
}

/* ---- the end ---- */

static void close_row(struct fake_event_repo *repo, struct fake_event *row)
{
    row->deleting = true;
    row->event.version++;
    fake_media_repo_cancel_jobs(repo->media, "purge_event", &row->event.id);
    fake_media_repo_add_job(repo->media, "purge_event", &row->event.id, pr_now_ms(repo->clock));
}

static enum pr_err close_effect(const void *arg)
{
    const struct args *args = arg;
    struct fake_event *row = find_seen(args->repo, args->owner_id, args->id);
    if (!row)
        return PR_ERR_NOT_FOUND;
    close_row(args->repo, row);
    return PR_OK;
}

static void close_one(struct event_repo *port, const struct pr_uuid *owner_id,
                      const struct pr_uuid *id, struct pr_done done)
{
    pass("close", close_effect, &(struct args){.repo = self(port), .owner_id = owner_id, .id = id},
         done);
}

static enum pr_err close_all_effect(const void *arg)
{
    const struct args *args = arg;
    for (size_t i = 0; i < args->repo->rows_n; i++) {
        struct fake_event *row = &args->repo->rows[i];
        if (!row->deleting && pr_uuid_eq(&row->event.owner_id, args->owner_id))
            close_row(args->repo, row);
    }
    return PR_OK;
}

static void close_all(struct event_repo *port, const struct pr_uuid *owner_id, struct pr_done done)
{
    pass("close_all", close_all_effect, &(struct args){.repo = self(port), .owner_id = owner_id},
         done);
}

static enum pr_err begin_purge_effect(const void *arg)
{
    const struct args *args = arg;
    struct fake_event *row = fake_event_repo_find(args->repo, args->id);
    int64_t due_ms = row ? row->event.expires_at_ms + args->grace_s * 1000 : 0;
    if (row && !row->deleting && due_ms <= pr_now_ms(args->repo->clock)) {
        row->deleting = true;
        row->event.version++;
    }
    *args->flag = row && row->deleting;
    if (!*args->flag && fake_media_repo_finish_job(args->repo->media, args->job) && row)
        fake_media_repo_add_job(args->repo->media, "purge_event", args->id, due_ms);
    return PR_OK;
}

static void begin_purge(struct event_repo *port, const struct pr_uuid *id, int64_t grace_s,
                        const struct job_claim *job, bool *purging, struct pr_done done)
{
    pass("begin_purge", begin_purge_effect,
         &(struct args){
             .repo = self(port), .id = id, .grace_s = grace_s, .job = job, .flag = purging},
         done);
}

static enum pr_err clear_effect(const void *arg)
{
    const struct args *args = arg;
    struct fake_event_repo *repo = args->repo;
    struct fake_event *row = fake_event_repo_find(repo, args->id);
    size_t taken = 0;
    *args->flag = false;
    if (!row || !row->deleting)
        return PR_OK;
    for (; row->codes_n > 0 && taken < CLEAR_AT_ONCE; taken++)
        row->codes_n--;
    for (size_t i = 0; taken == 0 && i < repo->links_n;) {
        const struct media *media = fake_media_repo_find(repo->media, &repo->links[i].media_id);
        bool linked = pr_uuid_eq(&repo->links[i].event_id, args->id) &&
                      !(media && pr_uuid_eq(&media->event_id, args->id));
        if (linked) {
            repo->links[i] = repo->links[--repo->links_n];
            *args->flag = true;
        } else {
            i++;
        }
    }
    *args->flag = *args->flag || taken > 0;
    return PR_OK;
}

static void clear(struct event_repo *port, const struct pr_uuid *id, bool *left,
                  struct pr_done done)
{
    pass("clear", clear_effect, &(struct args){.repo = self(port), .id = id, .flag = left}, done);
}

static enum pr_err list_uploads_effect(const void *arg)
{
    const struct args *args = arg;
    const struct fake_media_repo *media = args->repo->media;
    struct media_page *page = args->media_page;
    page->items = pr_arena_alloc(&page->arena, FAKE_ROWS * sizeof *page->items);
    for (size_t i = 0; i < media->rows_n && page->items_n < args->n; i++) {
        if (pr_uuid_eq(&media->rows[i].event_id, args->id))
            page->items[page->items_n++] = media->rows[i];
    }
    return PR_OK;
}

static void list_uploads(struct event_repo *port, const struct pr_uuid *id, size_t limit,
                         struct media_page *out, struct pr_done done)
{
    pass("list_uploads", list_uploads_effect,
         &(struct args){.repo = self(port), .id = id, .n = limit, .media_page = out}, done);
}

static enum pr_err finish_purge_effect(const void *arg)
{
    const struct args *args = arg;
    struct fake_event *row = fake_event_repo_find(args->repo, args->id);
    if (!fake_media_repo_finish_job(args->repo->media, args->job) || !row || !row->deleting)
        return PR_OK;
    assert_int_equal(fake_event_repo_photos(args->repo, args->id), 0); /* a foreign key, in SQL */
    fake_media_repo_cancel_jobs(args->repo->media, "purge_event", args->id);
    *row = args->repo->rows[--args->repo->rows_n];
    return PR_OK;
}

static void finish_purge(struct event_repo *port, const struct pr_uuid *id,
                         const struct job_claim *job, struct pr_done done)
{
    pass("finish_purge", finish_purge_effect,
         &(struct args){.repo = self(port), .id = id, .job = job}, done);
}

void fake_event_repo_init(struct fake_event_repo *repo, struct fake_media_repo *media,
                          const struct pr_clock *clock, struct gate *gate)
{
    repo->gate = gate;
    repo->media = media;
    repo->clock = clock;
    media->events = repo;
    repo->port = (struct event_repo){
        .insert = insert,
        .load = load,
        .list = list,
        .change = change,
        .close = close_one,
        .close_all = close_all,
        .list_media = list_media_of,
        .link = link_all,
        .unlink = unlink_one,
        .begin_purge = begin_purge,
        .clear = clear,
        .list_uploads = list_uploads,
        .finish_purge = finish_purge,
    };
}
