#include "tests/support/fake_guest_repo.h"

#include "shared/base/alloc.h"
#include "tests/support/test.h"

#include <stdlib.h>

static struct fake_guest_repo *self(struct guest_repo *port)
{
    return PR_CONTAINER(port, struct fake_guest_repo, port);
}

/* ---- what is there ---- */

#define PUT(repo, rows, rows_n, max, row, is_same)                                                 \
    do {                                                                                           \
        size_t i = 0;                                                                              \
        while (i < (repo)->rows_n && !(is_same))                                                   \
            i++;                                                                                   \
        assert_true(i < (max));                                                                    \
        (repo)->rows[i] = *(row);                                                                  \
        if (i == (repo)->rows_n)                                                                   \
            (repo)->rows_n++;                                                                      \
    } while (0)

void fake_guest_repo_put_event(struct fake_guest_repo *repo, const struct guest_event_row *event)
{
    PUT(repo, events, events_n, FAKE_GUEST_EVENTS, event,
        pr_uuid_eq(&repo->events[i].id, &event->id));
}

void fake_guest_repo_put_code(struct fake_guest_repo *repo, const struct guest_code_row *code)
{
    PUT(repo, codes, codes_n, FAKE_GUEST_CODES, code, pr_uuid_eq(&repo->codes[i].id, &code->id));
}

void fake_guest_repo_put_photo(struct fake_guest_repo *repo, const struct guest_photo_row *photo)
{
    PUT(repo, photos, photos_n, FAKE_GUEST_PHOTOS, photo,
        pr_uuid_eq(&repo->photos[i].photo.id, &photo->photo.id));
}

void fake_guest_repo_link(struct fake_guest_repo *repo, const struct pr_uuid *code_id,
                          const struct pr_uuid *media_id)
{
    assert_true(repo->links_n < FAKE_GUEST_PHOTOS);
    repo->links[repo->links_n].code_id = *code_id;
    repo->links[repo->links_n++].media_id = *media_id;
}

void fake_guest_repo_remove_photo(struct fake_guest_repo *repo, const struct pr_uuid *media_id)
{
    size_t kept = 0;
    for (size_t i = 0; i < repo->photos_n; i++) {
        if (!pr_uuid_eq(&repo->photos[i].photo.id, media_id))
            repo->photos[kept++] = repo->photos[i];
    }
    repo->photos_n = kept;
}

struct guest_code_row *fake_guest_repo_code(struct fake_guest_repo *repo, const struct pr_uuid *id)
{
    for (size_t i = 0; i < repo->codes_n; i++) {
        if (pr_uuid_eq(&repo->codes[i].id, id))
            return &repo->codes[i];
    }
    fail_msg("there is no such code");
    return NULL;
}

static const struct guest_event_row *find_event(const struct fake_guest_repo *repo,
                                                struct pr_str account, struct pr_str slug)
{
    for (size_t i = 0; i < repo->events_n; i++) {
        const struct guest_event_row *event = &repo->events[i];
        if (pr_str_is(account, event->account) && pr_str_is(slug, event->slug) && !event->deleting)
            return event;
    }
    return NULL;
}

static bool is_good(const struct guest_code_row *code, const struct guest_event_row *event,
                    int64_t now_ms)
{
    return pr_uuid_eq(&code->event_id, &event->id) && !code->revoked_at_ms &&
           (!code->expires_at_ms || code->expires_at_ms > now_ms ||
            code->expires_at_ms >= event->event.expires_at_ms);
}

/* ---- calls ---- */

/* What a call takes, until it has its effect. */
struct args {
    struct fake_guest_repo *repo;
    const struct guest_attempt *attempt;
    const struct guest_query *query;
    struct pr_uuid code_id, *id;
    int64_t now_ms;
    size_t limit, *forgotten;
    struct guest_entry *entry;
    struct guest_photos *photos;
};

static void pass(const char *name, gate_effect_fn effect, const struct args *args,
                 struct pr_done done)
{
    gate_pass(args->repo->gate, name, effect, args, sizeof *args, done);
}

static struct guess *guess_of(struct fake_guest_repo *repo, const uint8_t key[GUESS_KEY_BYTES],
                              bool add)
{
    static struct guess none;
    for (size_t i = 0; i < repo->guesses_n; i++) {
        if (memcmp(repo->guesses[i].key, key, GUESS_KEY_BYTES) == 0)
            return &repo->guesses[i].guess;
    }
    none = (struct guess){0};
    if (!add)
        return &none;
    assert_true(repo->guesses_n < FAKE_GUESSES);
    memcpy(repo->guesses[repo->guesses_n].key, key, GUESS_KEY_BYTES);
    return &repo->guesses[repo->guesses_n++].guess;
}

static struct guest_code_row *find_code(struct fake_guest_repo *repo,
                                        const struct guest_event_row *event,
                                        const char *access_code, int64_t now_ms)
{
    for (size_t i = 0; event && i < repo->codes_n; i++) {
        struct guest_code_row *code = &repo->codes[i];
        if (strcmp(code->access_code, access_code) == 0 && is_good(code, event, now_ms))
            return code;
    }
    return NULL;
}

/* As who has the code sees it. */
static struct guest_event event_of(const struct guest_code_row *code,
                                   const struct guest_event_row *row)
{
    struct guest_event event = row->event;
    if (code->expires_at_ms && code->expires_at_ms < event.expires_at_ms)
        event.expires_at_ms = code->expires_at_ms;
    return event;
}

static void let_in(struct guest_code_row *code, const struct guest_event_row *event,
                   const struct args *a)
{
    *a->entry = (struct guest_entry){
        .outcome = event->event.expires_at_ms > a->now_ms ? GUEST_LET_IN : GUEST_TOO_LATE,
        .code_id = code->id,
        .event = event_of(code, event),
    };
    if (a->entry->outcome == GUEST_LET_IN) {
        code->opens++;
        code->last_used_at_ms = a->now_ms;
    }
}

static enum pr_err enter_effect(const void *args)
{
    const struct args *a = args;
    const struct guest_attempt *attempt = a->attempt;
    const struct guest_event_row *event = find_event(a->repo, attempt->account, attempt->slug);
    struct guest_code_row *code = find_code(a->repo, event, attempt->access_code, a->now_ms);
    int64_t client_ms = guess_of(a->repo, attempt->client_key, false)->blocked_until_ms;
    int64_t event_ms = guess_of(a->repo, attempt->event_key, false)->blocked_until_ms;
    int64_t until_ms = client_ms > event_ms ? client_ms : event_ms;
    if (until_ms > a->now_ms) {
        *a->entry = (struct guest_entry){.outcome = GUEST_BLOCKED, .blocked_until_ms = until_ms};
    } else if (code) {
        let_in(code, event, a);
    } else {
        *a->entry = (struct guest_entry){.outcome = GUEST_REFUSED};
        guess_fail(guess_of(a->repo, attempt->client_key, true), &guess_client, a->now_ms);
        guess_fail(guess_of(a->repo, attempt->event_key, true), &guess_event, a->now_ms);
    }
    return PR_OK;
}

static void enter(struct guest_repo *port, const struct guest_attempt *attempt, int64_t now_ms,
                  struct guest_entry *out, struct pr_done done)
{
    pass("enter", enter_effect,
         &(struct args){.repo = self(port), .attempt = attempt, .now_ms = now_ms, .entry = out},
         done);
}

static bool opens(const struct fake_guest_repo *repo, const struct guest_code_row *code,
                  const struct guest_photo_row *photo)
{
    if (!photo->ready || !pr_uuid_eq(&photo->event_id, &code->event_id))
        return false;
    bool linked = code->opens_all;
    for (size_t i = 0; i < repo->links_n && !linked; i++)
        linked = pr_uuid_eq(&repo->links[i].code_id, &code->id) &&
                 pr_uuid_eq(&repo->links[i].media_id, &photo->photo.id);
    return linked;
}

static bool is_among(const struct pr_uuid *ids, size_t n, const struct pr_uuid *id)
{
    for (size_t i = 0; i < n; i++) {
        if (pr_uuid_eq(&ids[i], id))
            return true;
    }
    return false;
}

static int compare_photos(const void *a, const void *b)
{
    const struct guest_photo *x = a, *y = b;
    return memcmp(x->id.b, y->id.b, sizeof x->id.b);
}

static struct guest_image copy_image(struct pr_arena *arena, struct guest_image image)
{
    image.object_key = pr_arena_copy(arena, image.object_key);
    image.content_type = pr_arena_copy(arena, image.content_type);
    return image;
}

static struct guest_photo copy_photo(struct pr_arena *arena, const struct guest_photo *photo)
{
    struct guest_photo copy = *photo;
    copy.filename = pr_arena_copy(arena, photo->filename);
    copy.placeholder = pr_arena_copy(arena, photo->placeholder);
    copy.original = copy_image(arena, photo->original);
    copy.preview = copy_image(arena, photo->preview);
    copy.large = copy_image(arena, photo->large);
    return copy;
}

static enum pr_err find_opened(const struct args *a, struct guest_code_row **code,
                               const struct guest_event_row **event)
{
    *code = NULL;
    *event = find_event(a->repo, a->query->account, a->query->slug);
    for (size_t i = 0; *event && i < a->repo->codes_n; i++) {
        if (pr_uuid_eq(&a->repo->codes[i].id, &a->query->code_id) &&
            is_good(&a->repo->codes[i], *event, a->now_ms))
            *code = &a->repo->codes[i];
    }
    if (!*code)
        return PR_ERR_UNAUTHORIZED;
    return (*event)->event.expires_at_ms > a->now_ms ? PR_OK : PR_ERR_GONE;
}

static struct guest_selection_row *find_selection(struct fake_guest_repo *repo,
                                                  const struct pr_uuid *code_id,
                                                  const struct pr_uuid *id)
{
    for (size_t i = 0; i < repo->selections_n; i++) {
        struct guest_selection_row *row = &repo->selections[i];
        if (pr_uuid_eq(&row->id, id) && pr_uuid_eq(&row->code_id, code_id))
            return row;
    }
    return NULL;
}

static enum pr_err load_effect(const void *args)
{
    const struct args *a = args;
    const struct guest_query *query = a->query;
    struct guest_photos *out = a->photos;
    struct guest_code_row *code;
    const struct guest_event_row *event;
    const struct guest_selection_row *selection = NULL;
    enum pr_err err = find_opened(a, &code, &event);
    if (err)
        return err;
    if (!pr_uuid_is_nil(&query->selection_id)) {
        selection = find_selection(a->repo, &code->id, &query->selection_id);
        if (!selection)
            return PR_ERR_NOT_FOUND;
    }
    const struct pr_uuid *ids = selection ? selection->ids : query->ids;
    size_t ids_n = selection ? selection->n : query->ids_n;
    out->code_id = code->id;
    out->event = event_of(code, event);
    assert_true(pr_str_copy(pr_str(code->label), out->label, sizeof out->label));
    out->items_n = 0;
    out->items = pr_arena_alloc(&out->arena, FAKE_GUEST_PHOTOS * sizeof *out->items);
    for (size_t i = 0; i < a->repo->photos_n; i++) {
        const struct guest_photo_row *row = &a->repo->photos[i];
        if (opens(a->repo, code, row) && (!ids || is_among(ids, ids_n, &row->photo.id)))
            out->items[out->items_n++] = copy_photo(&out->arena, &row->photo);
    }
    qsort(out->items, out->items_n, sizeof *out->items, compare_photos);
    out->wanted_n = ids ? ids_n : out->items_n;
    return PR_OK;
}

static void load(struct guest_repo *port, const struct guest_query *query, int64_t now_ms,
                 struct guest_photos *out, struct pr_done done)
{
    pass("load", load_effect,
         &(struct args){.repo = self(port), .query = query, .now_ms = now_ms, .photos = out}, done);
}

/* The code's with the same photos, or a new one in the place of the oldest when it has too many. */
static struct guest_selection_row *place_for(const struct args *a)
{
    struct fake_guest_repo *repo = a->repo;
    struct guest_selection_row *oldest = NULL;
    size_t n = 0;
    for (size_t i = 0; i < repo->selections_n; i++) {
        struct guest_selection_row *row = &repo->selections[i];
        if (!pr_uuid_eq(&row->code_id, &a->query->code_id))
            continue;
        size_t same = 0;
        for (size_t k = 0; k < row->n; k++)
            same += is_among(a->query->ids, a->query->ids_n, &row->ids[k]);
        if (same == row->n && same == a->query->ids_n)
            return row;
        n++;
        if (!oldest || row->chosen_at_ms < oldest->chosen_at_ms)
            oldest = row;
    }
    if (n < SELECTIONS_MAX) {
        assert_true(repo->selections_n < FAKE_GUEST_SELECTIONS);
        oldest = &repo->selections[repo->selections_n++];
    }
    *oldest = (struct guest_selection_row){.id = *a->id, .code_id = a->query->code_id};
    return oldest;
}

static enum pr_err select_effect(const void *args)
{
    const struct args *a = args;
    const struct guest_query *query = a->query;
    struct guest_code_row *code;
    const struct guest_event_row *event;
    enum pr_err err = find_opened(a, &code, &event);
    size_t n = 0;
    if (err)
        return err;
    for (size_t i = 0; i < a->repo->photos_n; i++)
        n += opens(a->repo, code, &a->repo->photos[i]) &&
             is_among(query->ids, query->ids_n, &a->repo->photos[i].photo.id);
    if (!event->event.download)
        return PR_ERR_FORBIDDEN;
    if (n != query->ids_n)
        return PR_ERR_NOT_FOUND;
    struct guest_selection_row *row = place_for(a);
    assert_true(n <= PR_COUNT(row->ids));
    memcpy(row->ids, query->ids, n * sizeof *query->ids);
    row->n = n;
    row->chosen_at_ms = a->now_ms;
    *a->id = row->id;
    return PR_OK;
}

static void select_photos(struct guest_repo *port, const struct guest_query *query, int64_t now_ms,
                          struct pr_uuid *id, struct pr_done done)
{
    pass("select", select_effect,
         &(struct args){.repo = self(port), .query = query, .now_ms = now_ms, .id = id}, done);
}

static enum pr_err count_effect(const void *args)
{
    const struct args *a = args;
    struct guest_code_row *code = fake_guest_repo_code(a->repo, &a->code_id);
    code->downloads++;
    code->last_used_at_ms = a->now_ms;
    return PR_OK;
}

static void count_download(struct guest_repo *port, const struct pr_uuid *code_id, int64_t now_ms,
                           struct pr_done done)
{
    pass("count_download", count_effect,
         &(struct args){.repo = self(port), .code_id = *code_id, .now_ms = now_ms}, done);
}

static enum pr_err forget_effect(const void *args)
{
    const struct args *a = args;
    struct fake_guest_repo *repo = a->repo;
    *a->forgotten = 0;
    for (size_t i = 0; i < repo->guesses_n && *a->forgotten < a->limit;) {
        if (repo->guesses[i].guess.at_ms < a->now_ms) {
            repo->guesses[i] = repo->guesses[--repo->guesses_n];
            ++*a->forgotten;
        } else {
            i++;
        }
    }
    memset(&repo->guesses[repo->guesses_n], 0, sizeof repo->guesses[0]);
    return PR_OK;
}

static void forget_guesses(struct guest_repo *port, int64_t before_ms, size_t limit,
                           size_t *forgotten, struct pr_done done)
{
    pass("forget_guesses", forget_effect,
         &(struct args){
             .repo = self(port), .now_ms = before_ms, .limit = limit, .forgotten = forgotten},
         done);
}

void fake_guest_repo_init(struct fake_guest_repo *repo, struct gate *gate)
{
    repo->port = (struct guest_repo){enter, load, select_photos, count_download, forget_guesses};
    repo->gate = gate;
}
