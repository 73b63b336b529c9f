#include "tests/support/fake_code_repo.h"

#include "shared/base/alloc.h"
#include "tests/support/test.h"

#include <stdlib.h>

static struct fake_code_repo *self(struct code_repo *port)
{
    return PR_CONTAINER(port, struct fake_code_repo, port);
}

/* ---- what is there ---- */

void fake_code_repo_add_event(struct fake_code_repo *repo, const struct fake_code_event *event)
{
    assert_true(repo->events_n < FAKE_CODE_EVENTS);
    repo->events[repo->events_n++] = *event;
}

void fake_code_repo_add_photo(struct fake_code_repo *repo, const struct pr_uuid *event_id,
                              const struct pr_uuid *media_id)
{
    assert_true(repo->photos_n < FAKE_CODE_PHOTOS);
    repo->photos[repo->photos_n].event_id = *event_id;
    repo->photos[repo->photos_n++].media_id = *media_id;
}

static bool contains(const struct code_ids *ids, const struct pr_uuid *id)
{
    for (size_t i = 0; i < ids->n; i++) {
        if (pr_uuid_eq(&ids->items[i], id))
            return true;
    }
    return false;
}

/* The links of this code (nil: any) with these photos (NULL: with any but the others) are no more. */
static void drop_links(struct fake_code_repo *repo, const struct pr_uuid *code_id,
                       const struct code_ids *photos, const struct code_ids *others)
{
    size_t kept = 0;
    for (size_t i = 0; i < repo->links_n; i++) {
        const struct pr_uuid *photo = &repo->links[i].media_id;
        bool meant = pr_uuid_is_nil(code_id) || pr_uuid_eq(&repo->links[i].code_id, code_id);
        bool dropped = meant && (photos ? contains(photos, photo) : !contains(others, photo));
        if (!dropped)
            repo->links[kept++] = repo->links[i];
    }
    repo->links_n = kept;
}

void fake_code_repo_remove_photo(struct fake_code_repo *repo, const struct pr_uuid *media_id)
{
    static const struct pr_uuid any;
    for (size_t i = 0; i < repo->photos_n; i++) {
        if (pr_uuid_eq(&repo->photos[i].media_id, media_id))
            repo->photos[i--] = repo->photos[--repo->photos_n];
    }
    drop_links(repo, &any, &(struct code_ids){media_id, 1}, NULL);
}

struct code *fake_code_repo_find(struct fake_code_repo *repo, const struct pr_uuid *id)
{
    for (size_t i = 0; i < repo->codes_n; i++) {
        if (pr_uuid_eq(&repo->codes[i].id, id))
            return &repo->codes[i];
    }
    return NULL;
}

static const struct code_event *find_event(const struct fake_code_repo *repo,
                                           const struct pr_uuid *owner_id, const struct pr_uuid *id)
{
    for (size_t i = 0; i < repo->events_n; i++) {
        const struct fake_code_event *event = &repo->events[i];
        if (pr_uuid_eq(&event->id, id) && pr_uuid_eq(&event->owner_id, owner_id) &&
            !event->deleting)
            return &event->event;
    }
    return NULL;
}

static bool is_photo(const struct fake_code_repo *repo, const struct pr_uuid *event_id,
                     const struct pr_uuid *media_id)
{
    for (size_t i = 0; i < repo->photos_n; i++) {
        if (pr_uuid_eq(&repo->photos[i].event_id, event_id) &&
            pr_uuid_eq(&repo->photos[i].media_id, media_id))
            return true;
    }
    return false;
}

static size_t lacks(const struct fake_code_repo *repo, const struct pr_uuid *event_id,
                    const struct code_ids *ids)
{
    size_t n = 0;
    for (size_t i = 0; i < ids->n; i++)
        n += !is_photo(repo, event_id, &ids->items[i]);
    return n;
}

static bool is_linked(const struct fake_code_repo *repo, const struct pr_uuid *code_id,
                      const struct pr_uuid *media_id)
{
    for (size_t i = 0; i < repo->links_n; i++) {
        if (pr_uuid_eq(&repo->links[i].code_id, code_id) &&
            pr_uuid_eq(&repo->links[i].media_id, media_id))
            return true;
    }
    return false;
}

static void link_photos(struct fake_code_repo *repo, const struct pr_uuid *code_id,
                        const struct code_ids *photos)
{
    for (size_t i = 0; i < photos->n; i++) {
        if (is_linked(repo, code_id, &photos->items[i]))
            continue;
        assert_true(repo->links_n < FAKE_CODE_LINKS);
        repo->links[repo->links_n].code_id = *code_id;
        repo->links[repo->links_n++].media_id = photos->items[i];
    }
}

/* As it is read, with the count of its photos. */
static struct code read_code(const struct fake_code_repo *repo, const struct code *row)
{
    struct code code = *row;
    code.photos_n = 0;
    for (size_t i = 0; row->opens_all && i < repo->photos_n; i++)
        code.photos_n += pr_uuid_eq(&repo->photos[i].event_id, &row->event_id);
    for (size_t i = 0; !row->opens_all && i < repo->links_n; i++)
        code.photos_n += pr_uuid_eq(&repo->links[i].code_id, &row->id);
    return code;
}

static int by_id(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct pr_uuid));
}

static int oldest_first(const void *a, const void *b)
{
    return by_id(&((const struct code *)a)->id, &((const struct code *)b)->id);
}

static int newest_first(const void *a, const void *b)
{
    return oldest_first(b, a);
}

/* ---- calls ---- */

struct args {
    struct fake_code_repo *repo;
    const struct code_batch *batch;
    const struct idempotency *idempotency;
    const struct code_key *key;
    const struct code_query *query;
    const struct code_change *change;
    struct code_result *result;
    struct code_page *page;
    struct code_found *found;
};

static void pass(const char *name, gate_effect_fn effect, const struct args *args,
                 struct pr_done done)
{
    gate_pass(args->repo->gate, name, effect, args, sizeof *args, done);
}

static void new_page(struct code_page *page, const struct code_event *event)
{
    page->event = *event;
    page->items = pr_arena_alloc(&page->arena, FAKE_CODES * sizeof *page->items);
    page->items_n = 0;
    page->more = false;
}

static void read_batch(const struct args *args, const struct pr_uuid *batch_id)
{
    const struct fake_code_repo *repo = args->repo;
    struct code_page *page = args->page;
    const struct code_event *event =
        find_event(repo, &args->batch->owner_id, &args->batch->event_id);
    page->items_n = 0;
    if (!event)
        return;
    new_page(page, event);
    for (size_t i = 0; i < repo->codes_n; i++) {
        if (pr_uuid_eq(&repo->codes[i].batch_id, batch_id))
            page->items[page->items_n++] = read_code(repo, &repo->codes[i]);
    }
    qsort(page->items, page->items_n, sizeof *page->items, oldest_first);
}

/* As idempotency_claim in SQL, but nothing is forgotten after a day. */
static enum code_outcome claim(const struct args *args, struct pr_uuid *earlier_id)
{
    const struct fake_code_repo *repo = args->repo;
    const struct idempotency *key = args->idempotency;
    if (key->given && repo->keys_busy)
        return CODES_RUNNING;
    for (size_t i = 0; key->given && i < repo->keys_n; i++) {
        const struct idempotency *earlier = &repo->keys[i].idempotency;
        if (!pr_uuid_eq(&repo->keys[i].owner_id, &args->batch->owner_id) ||
            memcmp(earlier->key_hash, key->key_hash, sizeof key->key_hash) != 0)
            continue;
        *earlier_id = repo->keys[i].batch_id;
        return memcmp(earlier->request_hash, key->request_hash, sizeof key->request_hash) == 0
                   ? CODES_REPLAYED
                   : CODES_MISMATCH;
    }
    return CODES_DONE;
}

static bool is_taken(struct fake_code_repo *repo, const struct code_batch *batch)
{
    if (repo->taken > 0) {
        repo->taken--;
        return true;
    }
    for (size_t i = 0; i < batch->n; i++) {
        const char *text = batch->codes[i].access_code;
        for (size_t k = 0; k < i; k++) {
            if (strcmp(batch->codes[k].access_code, text) == 0)
                return true;
        }
        for (size_t k = 0; k < repo->codes_n; k++) {
            if (pr_uuid_eq(&repo->codes[k].event_id, &batch->event_id) &&
                strcmp(repo->codes[k].access_code, text) == 0)
                return true;
        }
    }
    return false;
}

static enum code_outcome judge(const struct args *args)
{
    struct fake_code_repo *repo = args->repo;
    const struct code_batch *batch = args->batch;
    size_t n = batch->n;
    for (size_t i = 0; i < repo->codes_n; i++)
        n += pr_uuid_eq(&repo->codes[i].event_id, &batch->event_id);
    if (n > CODES_MAX)
        return CODES_TOO_MANY;
    if (is_taken(repo, batch))
        return CODES_TAKEN;
    args->result->wrong_n = lacks(repo, &batch->event_id, &batch->photos);
    return args->result->wrong_n ? CODES_NOT_PHOTOS : CODES_DONE;
}

static enum pr_err insert_effect(const void *arg)
{
    const struct args *args = arg;
    struct fake_code_repo *repo = args->repo;
    const struct code_batch *batch = args->batch;
    struct pr_uuid batch_id = batch->id;
    *args->result = (struct code_result){.outcome = claim(args, &batch_id)};
    if (args->result->outcome == CODES_REPLAYED)
        read_batch(args, &batch_id);
    if (args->result->outcome != CODES_DONE)
        return PR_OK;
    if (!find_event(repo, &batch->owner_id, &batch->event_id))
        return PR_ERR_NOT_FOUND;
    args->result->outcome = judge(args);
    if (args->result->outcome != CODES_DONE)
        return PR_OK;
    if (args->idempotency->given) {
        assert_true(repo->keys_n < FAKE_CODE_KEYS);
        repo->keys[repo->keys_n].owner_id = batch->owner_id;
        repo->keys[repo->keys_n].batch_id = batch->id;
        repo->keys[repo->keys_n++].idempotency = *args->idempotency;
    }
    for (size_t i = 0; i < batch->n; i++) {
        assert_true(repo->codes_n < FAKE_CODES);
        repo->codes[repo->codes_n++] = batch->codes[i];
        link_photos(repo, &batch->codes[i].id, &batch->photos);
    }
    read_batch(args, &batch->id);
    return PR_OK;
}

static void insert(struct code_repo *port, const struct code_batch *batch,
                   const struct idempotency *idempotency, struct code_result *result,
                   struct code_page *out, struct pr_done done)
{
    pass("insert", insert_effect,
         &(struct args){.repo = self(port),
                        .batch = batch,
                        .idempotency = idempotency,
                        .result = result,
                        .page = out},
         done);
}

/* NULL: there is none, or not of this owner's event. */
static struct code *find_of(const struct args *args)
{
    struct code *row = fake_code_repo_find(args->repo, &args->key->code_id);
    bool here = row && pr_uuid_eq(&row->event_id, &args->key->event_id) &&
                find_event(args->repo, &args->key->owner_id, &row->event_id);
    return here ? row : NULL;
}

static enum pr_err load_effect(const void *arg)
{
    const struct args *args = arg;
    const struct fake_code_repo *repo = args->repo;
    struct code_found *found = args->found;
    const struct code *row = find_of(args);
    if (!row)
        return PR_ERR_NOT_FOUND;
    struct pr_uuid *photos = pr_arena_alloc(&found->arena, (repo->links_n + 1) * sizeof *photos);
    found->event = *find_event(repo, &args->key->owner_id, &row->event_id);
    found->code = read_code(repo, row);
    found->photos = (struct code_ids){photos, 0};
    for (size_t i = 0; i < repo->links_n; i++) {
        if (pr_uuid_eq(&repo->links[i].code_id, &row->id))
            photos[found->photos.n++] = repo->links[i].media_id;
    }
    qsort(photos, found->photos.n, sizeof *photos, by_id);
    return PR_OK;
}

static void load(struct code_repo *port, const struct code_key *key, struct code_found *out,
                 struct pr_done done)
{
    pass("load", load_effect, &(struct args){.repo = self(port), .key = key, .found = out}, done);
}

static enum pr_err list_effect(const void *arg)
{
    const struct args *args = arg;
    const struct fake_code_repo *repo = args->repo;
    const struct code_query *query = args->query;
    struct code_page *page = args->page;
    const struct code_event *event = find_event(repo, &query->owner_id, &query->event_id);
    if (!event)
        return PR_ERR_NOT_FOUND;
    new_page(page, event);
    for (size_t i = 0; i < repo->codes_n; i++) {
        const struct code *row = &repo->codes[i];
        if (pr_uuid_eq(&row->event_id, &query->event_id) &&
            (pr_uuid_is_nil(&query->before_id) || by_id(&row->id, &query->before_id) < 0))
            page->items[page->items_n++] = read_code(repo, row);
    }
    qsort(page->items, page->items_n, sizeof *page->items,
          query->oldest_first ? oldest_first : newest_first);
    page->more = page->items_n > query->limit;
    if (page->more)
        page->items_n = query->limit;
    return PR_OK;
}

static void list(struct code_repo *port, const struct code_query *query, struct code_page *out,
                 struct pr_done done)
{
    pass("list", list_effect, &(struct args){.repo = self(port), .query = query, .page = out},
         done);
}

static void apply(struct fake_code_repo *repo, struct code *row, const struct code_change *change)
{
    if (change->label)
        assert_true(pr_str_copy(pr_str(change->label), row->label, sizeof row->label));
    if (change->opens_all >= 0)
        row->opens_all = change->opens_all == 1;
    if (change->expires)
        row->expires_at_ms = change->expires_at_ms;
    if (change->revoked == 0)
        row->revoked_at_ms = 0;
    if (change->revoked == 1 && row->revoked_at_ms == 0)
        row->revoked_at_ms = change->now_ms;
    if (change->photos.items)
        drop_links(repo, &row->id, NULL, &change->photos);
    link_photos(repo, &row->id, &change->photos);
    link_photos(repo, &row->id, &change->add);
    drop_links(repo, &row->id, &change->remove, NULL);
}

static enum pr_err change_effect(const void *arg)
{
    const struct args *args = arg;
    const struct code_change *change = args->change;
    struct fake_code_repo *repo = args->repo;
    struct code *row = find_of(args);
    *args->result = (struct code_result){CODES_DONE, 0};
    if (!row)
        return PR_ERR_NOT_FOUND;
    bool opens_all = change->opens_all < 0 ? row->opens_all : change->opens_all == 1;
    if (opens_all && (change->add.items || change->remove.items)) {
        args->result->outcome = CODES_OPEN_ALL;
        return PR_OK;
    }
    args->result->wrong_n =
        lacks(repo, &row->event_id, change->photos.items ? &change->photos : &change->add);
    if (args->result->wrong_n) {
        args->result->outcome = CODES_NOT_PHOTOS;
        return PR_OK;
    }
    apply(repo, row, change);
    return load_effect(args);
}

static void change(struct code_repo *port, const struct code_key *key,
                   const struct code_change *wanted, struct code_result *result,
                   struct code_found *out, struct pr_done done)
{
    pass("change", change_effect,
         &(struct args){
             .repo = self(port), .key = key, .change = wanted, .result = result, .found = out},
         done);
}

static enum pr_err remove_effect(const void *arg)
{
    const struct args *args = arg;
    struct fake_code_repo *repo = args->repo;
    static const struct code_ids none;
    struct code *row = find_of(args);
    if (!row)
        return PR_ERR_NOT_FOUND;
    drop_links(repo, &row->id, NULL, &none);
    *row = repo->codes[--repo->codes_n];
    return PR_OK;
}

static void remove_code(struct code_repo *port, const struct code_key *key, struct pr_done done)
{
    pass("remove", remove_effect, &(struct args){.repo = self(port), .key = key}, done);
}

void fake_code_repo_init(struct fake_code_repo *repo, struct gate *gate)
{
    repo->gate = gate;
    repo->port = (struct code_repo){
        .insert = insert,
        .load = load,
        .list = list,
        .change = change,
        .remove = remove_code,
    };
}
