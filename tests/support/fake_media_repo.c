#include "tests/support/fake_media_repo.h"

#include "shared/base/alloc.h"
#include "tests/support/fake_event_repo.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>

static struct fake_media_repo *self(struct media_repo *port)
{
    return PR_CONTAINER(port, struct fake_media_repo, port);
}

struct media *fake_media_repo_find(struct fake_media_repo *repo, const struct pr_uuid *id)
{
    for (size_t i = 0; i < repo->rows_n; i++) {
        if (pr_uuid_eq(&repo->rows[i].id, id))
            return &repo->rows[i];
    }
    return NULL;
}

size_t fake_media_repo_sent(const struct fake_media_repo *repo, enum message_kind kind,
                            const struct pr_uuid *media_id)
{
    size_t n = 0;
    for (size_t i = 0; i < repo->outbox_n; i++)
        n += repo->outbox[i].kind == kind && pr_uuid_eq(&repo->outbox[i].media_id, media_id);
    return n;
}

void fake_media_repo_put(struct fake_media_repo *repo, const struct media *media)
{
    assert_true(repo->rows_n < FAKE_ROWS);
    repo->rows[repo->rows_n++] = *media;
}

static void add_message(struct fake_media_repo *repo, enum message_kind kind,
                        const struct media *media, int64_t version)
{
    assert_true(repo->outbox_n < FAKE_LOG);
    repo->outbox[repo->outbox_n++] =
        (struct fake_message){kind, media->id, media->owner_id, version};
}

/* True the first time. */
static bool add_to_inbox(struct fake_media_repo *repo, const struct message_origin *origin)
{
    for (size_t i = 0; i < repo->inbox_n; i++) {
        if (pr_uuid_eq(&repo->inbox[i], &origin->id))
            return false;
    }
    assert_true(repo->inbox_n < FAKE_LOG);
    repo->inbox[repo->inbox_n++] = origin->id;
    return true;
}

struct fake_job *fake_media_repo_add_job(struct fake_media_repo *repo, const char *kind,
                                         const struct pr_uuid *subject, int64_t run_at_ms)
{
    assert_true(repo->jobs_n < FAKE_LOG);
    struct fake_job *job = &repo->jobs[repo->jobs_n++];
    *job = (struct fake_job){
        .id = (int64_t)repo->jobs_n, .kind = kind, .subject = *subject, .run_at_ms = run_at_ms};
    return job;
}

void fake_media_repo_cancel_jobs(struct fake_media_repo *repo, const char *kind,
                                 const struct pr_uuid *subject)
{
    for (size_t i = 0; i < repo->jobs_n; i++) {
        struct fake_job *job = &repo->jobs[i];
        if (!job->done && strcmp(job->kind, kind) == 0 && pr_uuid_eq(&job->subject, subject))
            job->cancelled = true;
    }
}

bool fake_media_repo_finish_job(struct fake_media_repo *repo, const struct job_claim *job)
{
    struct fake_job *row = &repo->jobs[job->id - 1];
    if (row->done || row->cancelled || !pr_uuid_eq(&row->lease, &job->lease))
        return false;
    row->done = true;
    return true;
}

static void add_purge(struct fake_media_repo *repo, const struct media *media, int64_t run_at_ms)
{
    struct fake_job *job = fake_media_repo_add_job(repo, "purge_object", &media->id, run_at_ms);
    int n = snprintf(job->args, sizeof job->args, media->part_size_bytes ? "%s\n%s" : "%s",
                     media->object_key, media->upload_id);
    assert_in_range(n, 1, sizeof job->args - 1);
}

struct job_claim fake_media_repo_claim(struct fake_media_repo *repo, int64_t job_id)
{
    struct fake_job *job = &repo->jobs[job_id - 1];
    job->lease = pr_uuid_v7(0);
    return (struct job_claim){job_id, job->lease};
}

/* What a call takes, until it has its effect. */
struct args {
    struct fake_media_repo *repo;
    const struct pr_uuid *id;
    const struct media *media;
    struct batch_entry *entries;
    const struct idempotency *idempotency;
    struct insertion *insertion;
    const struct media_query *query;
    const struct message_origin *origin;
    const struct media_rendered_msg *rendered;
    const struct media_rejected_msg *rejected;
    const struct account_changed_msg *account;
    const struct job_claim *job;
    int64_t at_ms;
    size_t limit, n, *removed;
    bool *changed;
    const char *upload_id;
    char *kept;
    struct media *out;
    struct media_page *page;
};

static void pass(const char *name, gate_effect_fn effect, const struct args *args,
                 struct pr_done done)
{
    gate_pass(args->repo->gate, name, effect, args, sizeof *args, done);
}

static const struct fake_key *find_key(const struct fake_media_repo *repo,
                                       const struct pr_uuid *owner_id,
                                       const struct idempotency *idempotency)
{
    for (size_t i = 0; i < repo->keys_n; i++) {
        const struct fake_key *key = &repo->keys[i];
        if (pr_uuid_eq(&key->owner_id, owner_id) &&
            memcmp(key->idempotency.key_hash, idempotency->key_hash,
                   sizeof idempotency->key_hash) == 0)
            return key;
    }
    return NULL;
}

/* As idempotency_claim in SQL, but nothing is forgotten after a day. */
static struct insertion claim_key(const struct fake_media_repo *repo, const struct media *media,
                                  const struct idempotency *idempotency)
{
    const struct fake_key *key;
    if (!idempotency->given)
        return (struct insertion){INSERTION_NEW, media->id};
    if (repo->keys_busy)
        return (struct insertion){.outcome = INSERTION_RUNNING};
    key = find_key(repo, &media->owner_id, idempotency);
    if (!key)
        return (struct insertion){INSERTION_NEW, media->id};
    if (memcmp(key->idempotency.request_hash, idempotency->request_hash,
               sizeof idempotency->request_hash) != 0)
        return (struct insertion){.outcome = INSERTION_MISMATCH};
    return (struct insertion){INSERTION_REPLAYED, key->media_id};
}

static enum pr_err insert_effect(const void *arg)
{
    const struct args *args = arg;
    struct fake_media_repo *repo = args->repo;
    *args->insertion = claim_key(repo, args->media, args->idempotency);
    if (args->insertion->outcome != INSERTION_NEW)
        return PR_OK;
    if (fake_media_repo_find(repo, &args->media->id))
        return PR_ERR_CONFLICT;
    args->insertion->outcome = fake_event_repo_takes(repo->events, args->media);
    if (args->insertion->outcome != INSERTION_NEW)
        return PR_OK;
    if (args->idempotency->given) {
        assert_true(repo->keys_n < FAKE_KEYS);
        repo->keys[repo->keys_n++] =
            (struct fake_key){args->media->owner_id, args->media->id, *args->idempotency};
    }
    fake_media_repo_put(repo, args->media);
    if (!pr_uuid_is_nil(&args->media->event_id))
        fake_event_repo_add_link(repo->events, &args->media->event_id, &args->media->id);
    add_message(repo, MESSAGE_MEDIA_CREATED, args->media, args->media->version);
    return PR_OK;
}

static void insert(struct media_repo *port, const struct media *media,
                   const struct idempotency *idempotency, struct insertion *out,
                   struct pr_done done)
{
    pass("insert", insert_effect,
         &(struct args){
             .repo = self(port), .media = media, .idempotency = idempotency, .insertion = out},
         done);
}

/* In this place: linked to the event, or of the library alone. */
static bool is_in_place(const struct fake_media_repo *repo, const struct media *row,
                        const struct pr_uuid *event_id)
{
    return pr_uuid_is_nil(event_id) ? pr_uuid_is_nil(&row->event_id)
                                    : fake_event_repo_has(repo->events, event_id, &row->id);
}

static bool counts(const struct media *row, const struct media *wanted, int64_t alive_ms)
{
    if (row->state == MEDIA_CREATED)
        return row->upload_expires_at_ms > alive_ms &&
               row->part_size_bytes == wanted->part_size_bytes;
    return row->state == MEDIA_FINALIZED || row->state == MEDIA_READY;
}

static bool same_bytes(const struct media *a, const struct media *b)
{
    return a->size_bytes == b->size_bytes && memcmp(a->sha256, b->sha256, sizeof a->sha256) == 0;
}

/* What has come beats what shall come, then the newest. */
static const struct media *find_bytes(const struct fake_media_repo *repo,
                                      const struct media *wanted, int64_t alive_ms)
{
    const struct media *best = NULL;
    for (size_t i = 0; i < repo->rows_n; i++) {
        const struct media *row = &repo->rows[i];
        if (!pr_uuid_eq(&row->owner_id, &wanted->owner_id) || !same_bytes(row, wanted) ||
            !counts(row, wanted, alive_ms) || !is_in_place(repo, row, &wanted->event_id))
            continue;
        bool waits = row->state == MEDIA_CREATED;
        bool best_waits = best && best->state == MEDIA_CREATED;
        if (!best || waits < best_waits ||
            (waits == best_waits && memcmp(row->id.b, best->id.b, sizeof row->id.b) > 0))
            best = row;
    }
    return best;
}

static void settle_entry(const struct args *args, size_t i)
{
    struct batch_entry *entry = &args->entries[i];
    entry->outcome = BATCH_ADDED;
    for (size_t k = 0; k < i; k++) {
        if (same_bytes(&args->entries[k].media, &entry->media)) {
            entry->media = args->entries[k].media;
            entry->outcome = BATCH_REPEATED;
            return;
        }
    }
    const struct media *there = find_bytes(args->repo, &entry->media, args->at_ms);
    if (there) {
        entry->media = *there;
        entry->outcome = BATCH_THERE;
    }
}

static enum pr_err insert_batch_effect(const void *arg)
{
    const struct args *args = arg;
    struct fake_media_repo *repo = args->repo;
    struct pr_uuid event_id = args->entries[0].media.event_id;
    size_t added = 0;
    struct batch_entry *before = pr_alloc(args->n * sizeof *before);
    memcpy(before, args->entries, args->n * sizeof *before);
    for (size_t i = 0; i < args->n; i++) {
        settle_entry(args, i);
        added += args->entries[i].outcome == BATCH_ADDED;
    }
    args->insertion->outcome =
        fake_event_repo_takes_many(repo->events, &before[0].media.owner_id, &event_id, added);
    if (args->insertion->outcome != INSERTION_NEW)
        memcpy(args->entries, before, args->n * sizeof *before);
    for (size_t i = 0; i < args->n && args->insertion->outcome == INSERTION_NEW; i++) {
        const struct media *media = &args->entries[i].media;
        if (args->entries[i].outcome != BATCH_ADDED)
            continue;
        fake_media_repo_put(repo, media);
        if (!pr_uuid_is_nil(&event_id))
            fake_event_repo_add_link(repo->events, &event_id, &media->id);
        add_message(repo, MESSAGE_MEDIA_CREATED, media, media->version);
    }
    free(before);
    return PR_OK;
}

static void insert_batch(struct media_repo *port, struct batch_entry *entries, size_t n,
                         int64_t alive_ms, struct insertion *out, struct pr_done done)
{
    pass("insert_batch", insert_batch_effect,
         &(struct args){
             .repo = self(port), .entries = entries, .n = n, .at_ms = alive_ms, .insertion = out},
         done);
}

static enum pr_err load_effect(const void *arg)
{
    const struct args *args = arg;
    const struct media *row = fake_media_repo_find(args->repo, args->id);
    if (!row)
        return PR_ERR_NOT_FOUND;
    *args->out = *row;
    return PR_OK;
}

static void load(struct media_repo *port, const struct pr_uuid *id, struct media *out,
                 struct pr_done done)
{
    pass("load", load_effect, &(struct args){.repo = self(port), .id = id, .out = out}, done);
}

static int newest_first(const void *a, const void *b)
{
    return memcmp(((const struct media *)b)->id.b, ((const struct media *)a)->id.b, 16);
}

static int oldest_url_first(const void *a, const void *b)
{
    int64_t first = ((const struct media *)a)->upload_expires_at_ms;
    int64_t second = ((const struct media *)b)->upload_expires_at_ms;
    return (first > second) - (first < second);
}

static bool is_linkable(const struct fake_media_repo *repo, const struct pr_uuid *event_id,
                        const struct media *row)
{
    return pr_uuid_is_nil(event_id) ||
           (pr_uuid_is_nil(&row->event_id) &&
            !(repo->events && fake_event_repo_has(repo->events, event_id, &row->id)));
}

static bool wanted(const struct media_query *query, const struct media *row)
{
    return pr_uuid_eq(&row->owner_id, &query->owner_id) &&
           (pr_uuid_is_nil(&query->before_id) ||
            memcmp(row->id.b, query->before_id.b, sizeof row->id.b) < 0) &&
           (query->state < 0 || query->state == (int)row->state) &&
           (query->kind < 0 || query->kind == (int)row->type->kind);
}

static struct media *new_item(struct media_page *page)
{
    if (!page->items)
        page->items = pr_arena_alloc(&page->arena, FAKE_ROWS * sizeof *page->items);
    return &page->items[page->items_n++];
}

static enum pr_err list_effect(const void *arg)
{
    const struct args *args = arg;
    struct media_page *page = args->page;
    for (size_t i = 0; i < args->repo->rows_n; i++) {
        const struct media *row = &args->repo->rows[i];
        if (wanted(args->query, row) && is_linkable(args->repo, &args->query->linkable_to, row))
            *new_item(page) = args->repo->rows[i];
    }
    if (page->items_n > 0)
        qsort(page->items, page->items_n, sizeof *page->items, newest_first);
    page->more = page->items_n > args->query->limit;
    if (page->more)
        page->items_n = args->query->limit;
    return PR_OK;
}

static void list(struct media_repo *port, const struct media_query *query, struct media_page *out,
                 struct pr_done done)
{
    pass("list", list_effect, &(struct args){.repo = self(port), .query = query, .page = out},
         done);
}

/* The row, when it is as the writer of `version` found it. */
static struct media *guarded(const struct args *args, int64_t version)
{
    struct media *row = fake_media_repo_find(args->repo, &args->media->id);
    *args->changed = row && row->version == version;
    return *args->changed ? row : NULL;
}

static enum pr_err save_finalized_effect(const void *arg)
{
    const struct args *args = arg;
    struct media *row = guarded(args, args->media->version - 1);
    if (row) {
        row->state = MEDIA_FINALIZED;
        row->version = args->media->version;
        row->finalized_at_ms = args->media->finalized_at_ms;
        add_message(args->repo, MESSAGE_MEDIA_FINALIZED, row, row->version);
    }
    return PR_OK;
}

static void save_finalized(struct media_repo *port, const struct media *media, bool *changed,
                           struct pr_done done)
{
    pass("save_finalized", save_finalized_effect,
         &(struct args){.repo = self(port), .media = media, .changed = changed}, done);
}

static enum pr_err save_rejected_effect(const void *arg)
{
    const struct args *args = arg;
    struct media *row = guarded(args, args->media->version - 1);
    if (row) {
        row->state = MEDIA_REJECTED;
        row->version = args->media->version;
        memcpy(row->reject_reason, args->media->reject_reason, sizeof row->reject_reason);
    }
    return PR_OK;
}

static void save_rejected(struct media_repo *port, const struct media *media, bool *changed,
                          struct pr_done done)
{
    pass("save_rejected", save_rejected_effect,
         &(struct args){.repo = self(port), .media = media, .changed = changed}, done);
}

static enum pr_err save_upload_effect(const void *arg)
{
    const struct args *args = arg;
    struct media *row = fake_media_repo_find(args->repo, args->id);
    if (!row || row->state != MEDIA_CREATED || !row->part_size_bytes)
        return PR_ERR_NOT_FOUND;
    if (!row->upload_id[0])
        assert_true(pr_str_copy(pr_str(args->upload_id), row->upload_id, sizeof row->upload_id));
    memcpy(args->kept, row->upload_id, sizeof row->upload_id);
    return PR_OK;
}

static void save_upload(struct media_repo *port, const struct pr_uuid *id, const char *upload_id,
                        char kept[MEDIA_UPLOAD_ID_MAX + 1], struct pr_done done)
{
    pass("save_upload", save_upload_effect,
         &(struct args){.repo = self(port), .id = id, .upload_id = upload_id, .kept = kept}, done);
}

#define LATEST_MS ((int64_t)MEDIA_LATEST_S * 1000)

static size_t remove_row(struct fake_media_repo *repo, const struct media *media, int64_t now_ms)
{
    struct media *row = fake_media_repo_find(repo, &media->id);
    if (!row || row->version != media->version)
        return 0;
    add_message(repo, MESSAGE_MEDIA_DELETED, row, row->version + 1);
    add_purge(repo, row, now_ms);
    int64_t dead_at_ms = row->upload_expires_at_ms;
    if (row->part_size_bytes && dead_at_ms > now_ms + (int64_t)MEDIA_PART_URL_TTL_S * 1000)
        dead_at_ms = now_ms + (int64_t)MEDIA_PART_URL_TTL_S * 1000;
    if (row->state == MEDIA_CREATED && dead_at_ms < now_ms)
        dead_at_ms = now_ms;
    if (dead_at_ms + LATEST_MS > now_ms)
        add_purge(repo, row, dead_at_ms + LATEST_MS);
    if (repo->events)
        fake_event_repo_forget(repo->events, &media->id);
    *row = repo->rows[--repo->rows_n];
    return 1;
}

static enum pr_err remove_effect(const void *arg)
{
    const struct args *args = arg;
    *args->removed = 0;
    for (size_t i = 0; i < args->n; i++)
        *args->removed += remove_row(args->repo, &args->media[i], args->at_ms);
    return PR_OK;
}

static void remove_rows(struct media_repo *port, const struct media *media, size_t n,
                        int64_t now_ms, size_t *removed, struct pr_done done)
{
    assert_true(n > 0);
    pass("remove", remove_effect,
         &(struct args){
             .repo = self(port), .media = media, .n = n, .at_ms = now_ms, .removed = removed},
         done);
}

static enum pr_err list_abandoned_effect(const void *arg)
{
    const struct args *args = arg;
    struct media_page *page = args->page;
    for (size_t i = 0; i < args->repo->rows_n; i++) {
        const struct media *row = &args->repo->rows[i];
        if (row->state == MEDIA_CREATED && row->upload_expires_at_ms < args->at_ms)
            *new_item(page) = *row;
    }
    if (page->items_n > 0)
        qsort(page->items, page->items_n, sizeof *page->items, oldest_url_first);
    if (page->items_n > args->limit)
        page->items_n = args->limit;
    return PR_OK;
}

static void list_abandoned(struct media_repo *port, int64_t before_ms, size_t limit,
                           struct media_page *out, struct pr_done done)
{
    pass("list_abandoned", list_abandoned_effect,
         &(struct args){.repo = self(port), .at_ms = before_ms, .limit = limit, .page = out}, done);
}

static void copy_text(struct pr_str text, char *out, size_t size)
{
    assert_true(pr_str_copy(text, out, size));
}

static enum pr_err apply_rendered_effect(const void *arg)
{
    const struct args *args = arg;
    const struct media_rendered_msg *msg = args->rendered;
    struct media *row = fake_media_repo_find(args->repo, &msg->media_id);
    if (!add_to_inbox(args->repo, args->origin) || !row || row->state != MEDIA_FINALIZED)
        return PR_OK;
    row->state = MEDIA_READY;
    row->version++;
    row->crc32 = (uint32_t)msg->crc32;
    row->width = msg->width;
    row->height = msg->height;
    row->duration_ms = msg->has_duration_ms ? msg->duration_ms : 0;
    row->degraded = msg->degraded;
    assert_true(msg->placeholder.n <= sizeof row->placeholder);
    row->placeholder_n = msg->placeholder.n;
    if (msg->placeholder.n)
        memcpy(row->placeholder, msg->placeholder.p, msg->placeholder.n);
    row->renditions_n = msg->renditions_count;
    for (size_t i = 0; i < msg->renditions_count; i++) {
        const struct rendition_msg *from = &msg->renditions[i];
        struct media_rendition *to = &row->renditions[i];
        copy_text(from->name, to->name, sizeof to->name);
        copy_text(from->object_key, to->object_key, sizeof to->object_key);
        copy_text(from->content_type, to->content_type, sizeof to->content_type);
        to->width = from->width;
        to->height = from->height;
        to->size_bytes = from->size_bytes;
        to->crc32 = from->has_crc32 ? from->crc32 : -1;
    }
    return PR_OK;
}

static void apply_rendered(struct media_repo *port, const struct message_origin *origin,
                           const struct media_rendered_msg *msg, struct pr_done done)
{
    pass("apply_rendered", apply_rendered_effect,
         &(struct args){.repo = self(port), .origin = origin, .rendered = msg}, done);
}

static enum pr_err apply_rejected_effect(const void *arg)
{
    const struct args *args = arg;
    struct media *row = fake_media_repo_find(args->repo, &args->rejected->media_id);
    if (!add_to_inbox(args->repo, args->origin) || !row || row->state != MEDIA_FINALIZED)
        return PR_OK;
    row->state = MEDIA_REJECTED;
    row->version++;
    copy_text(args->rejected->reason, row->reject_reason, sizeof row->reject_reason);
    return PR_OK;
}

static void apply_rejected(struct media_repo *port, const struct message_origin *origin,
                           const struct media_rejected_msg *msg, struct pr_done done)
{
    pass("apply_rejected", apply_rejected_effect,
         &(struct args){.repo = self(port), .origin = origin, .rejected = msg}, done);
}

static enum pr_err apply_account_effect(const void *arg)
{
    const struct args *args = arg;
    if (!add_to_inbox(args->repo, args->origin) || !args->account->deleted)
        return PR_OK;
    fake_media_repo_add_job(args->repo, "purge_library", &args->account->account_id, 0);
    fake_media_repo_add_job(args->repo, "purge_library", &args->account->account_id, 60000);
    return PR_OK;
}

static void apply_account_changed(struct media_repo *port, const struct message_origin *origin,
                                  const struct account_changed_msg *msg, struct pr_done done)
{
    pass("apply_account", apply_account_effect,
         &(struct args){.repo = self(port), .origin = origin, .account = msg}, done);
}

static enum pr_err finish_job_effect(const void *arg)
{
    const struct args *args = arg;
    (void)fake_media_repo_finish_job(args->repo, args->job);
    return PR_OK;
}

static void finish_job(struct media_repo *port, const struct job_claim *job, struct pr_done done)
{
    pass("finish_job", finish_job_effect, &(struct args){.repo = self(port), .job = job}, done);
}

void fake_media_repo_init(struct fake_media_repo *repo, struct gate *gate)
{
    repo->gate = gate;
    repo->port = (struct media_repo){
        .insert = insert,
        .insert_batch = insert_batch,
        .load = load,
        .list = list,
        .save_finalized = save_finalized,
        .save_rejected = save_rejected,
        .save_upload = save_upload,
        .remove = remove_rows,
        .list_abandoned = list_abandoned,
        .apply_rendered = apply_rendered,
        .apply_rejected = apply_rejected,
        .apply_account = apply_account_changed,
        .finish_job = finish_job,
    };
}
