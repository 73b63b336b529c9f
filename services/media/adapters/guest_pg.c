#include "services/media/adapters/guest_pg.h"

#include "shared/base/alloc.h"

#include <assert.h>

static struct guest_pg *self(struct guest_repo *port)
{
    return PR_CONTAINER(port, struct guest_pg, port);
}

static void copy_text(struct pr_str text, char *out, size_t size)
{
    bool fits = pr_str_copy(text, out, size);
    assert(fits); /* it was bounded when it was written */
    (void)fits;
}

/* A code is good until its own expiry. One that is not before the event's ends with the event, which
 * its holder may know (410). */
#define CODE_IS_GOOD(now)                                                                          \
    "c.revoked_at is null and (c.expires_at is null or c.expires_at > " now                        \
    " or c.expires_at >= e.expires_at)"

/* Of guest_event. Of a code that is good only the event's end can be in the past. */
#define EVENT_COLUMNS                                                                              \
    "e.name, least(c.expires_at, e.expires_at) as expires_at, e.download, e.originals"

/* ---- entering ---- */

/* As guess_fail says it, of the row g, now being $3. */
#define IS_CLIENT "g.key = $1"
#define FREE "(case when " IS_CLIENT " then $7 else $9 end)::float8"
#define MAX_S "(case when " IS_CLIENT " then $8 else $10 end)::float8"
#define LEAKED "greatest(0, g.failures - greatest(0, extract(epoch from $3 - g.at)::float8 / $11))"
#define FAILURES "least(" LEAKED " + 1, " FREE " + ln(" MAX_S ") / ln(2::float8))"
#define DELAY_S                                                                                    \
    "case when " FAILURES " > " FREE " then least(power(2::float8, " FAILURES " - " FREE           \
    "), " MAX_S ") else 0 end"

/* Both counts are locked before they are read, always in one order, so that of many tries at once,
 * also by way of other copies of the service, each knows of those before it. (Only the very first of a client
 * do not, when they meet before there is a row: at most one for each connection, and all count.)
 *
 * Whether there is an event of that name changes nothing of the work: without one the code is looked
 * for in an event that cannot be, in the same index; and either way both counts are written. */
static const struct pg_stmt enter_stmt = {
    "guest_enter",
    "with k as materialized (select blocked_until from guess where key in ($1, $2) "
    "order by key for update), "
    "b as materialized (select max(blocked_until) as until from k where blocked_until > $3), "
    "c as materialized (select c.id, " EVENT_COLUMNS " "
    "from (select 1 where (select until is null from b)) free "
    "left join event e on e.owner_name = $4 and e.slug = $5 and not e.deleting "
    "left join code c on c.event_id = coalesce(e.id, '00000000-0000-0000-0000-000000000000') "
    "and c.access_code = $6 and " CODE_IS_GOOD(
        "$3") "), "
              "f as (insert into guess as g (key, failures, at, blocked_until) "
              "select v.key, 1, $3, $3 from c, (values ($1), ($2)) v (key) where c.id is null "
              "order by v.key "
              "on conflict (key) do update set failures = " FAILURES ", at = excluded.at, "
              "blocked_until = excluded.at + make_interval(secs => " DELAY_S ")), "
              "o as (update code set opens = opens + 1, last_used_at = $3 "
              "from c where code.id = c.id and c.expires_at > $3) "
              "select b.until, c.id, c.name, c.expires_at, c.download, c.originals "
              "from b left join c on true"};

enum { BLOCKED_UNTIL, CODE_ID, EVENT_NAME };

static void read_event(const struct pg_result *r, int name, struct guest_event *out)
{
    copy_text(pg_text(r, 0, name), out->name, sizeof out->name);
    out->expires_at_ms = pg_time_ms(r, 0, name + 1);
    out->download = pg_bool(r, 0, name + 2);
    out->originals = pg_bool(r, 0, name + 3);
}

struct enter_op {
    struct guest_entry *entry;
    int64_t now_ms;
    struct pr_done done;
};

static enum pr_err read_entry(void *arg, const struct pg_result *r)
{
    const struct enter_op *op = arg;
    struct guest_entry *entry = op->entry;
    *entry = (struct guest_entry){.outcome = GUEST_REFUSED};
    if (!pg_is_null(r, 0, BLOCKED_UNTIL)) {
        entry->outcome = GUEST_BLOCKED;
        entry->blocked_until_ms = pg_time_ms(r, 0, BLOCKED_UNTIL);
    } else if (!pg_is_null(r, 0, CODE_ID)) {
        entry->code_id = pg_uuid(r, 0, CODE_ID);
        read_event(r, EVENT_NAME, &entry->event);
        entry->outcome = entry->event.expires_at_ms > op->now_ms ? GUEST_LET_IN : GUEST_TOO_LATE;
    }
    return PR_OK;
}

static void entered(void *arg, enum pr_err err)
{
    struct enter_op *op = arg;
    pr_done_call(op->done, err);
    free(op);
}

static void enter(struct guest_repo *port, const struct guest_attempt *attempt, int64_t now_ms,
                  struct guest_entry *out, struct pr_done done)
{
    struct enter_op *op = PR_NEW(struct enter_op);
    struct pg_query *query = pg_query_new(self(port)->pg);
    *op = (struct enter_op){out, now_ms, done};
    pg_query_add(query, &enter_stmt);
    pg_bind_bytes(query, pr_str_n(attempt->client_key, sizeof attempt->client_key));
    pg_bind_bytes(query, pr_str_n(attempt->event_key, sizeof attempt->event_key));
    pg_bind_time(query, now_ms);
    pg_bind_text(query, attempt->account);
    pg_bind_text(query, attempt->slug);
    pg_bind_text(query, pr_str(attempt->access_code));
    pg_bind_int(query, GUESS_CLIENT_FREE);
    pg_bind_int(query, GUESS_CLIENT_MAX_S);
    pg_bind_int(query, GUESS_EVENT_FREE);
    pg_bind_int(query, GUESS_EVENT_MAX_S);
    pg_bind_int(query, GUESS_LEAK_S);
    pg_query_rows(query, read_entry, op);
    pg_query_run(query, (struct pr_done){entered, op});
}

/* ---- photos ---- */

/* What a token still opens: $1 its code, $2 and $3 the address it was sent to, $4 now. */
#define OPENED                                                                                     \
    "c.id = $1 and e.id = c.event_id and e.owner_name = $2 and e.slug = $3 and not e.deleting "    \
    "and " CODE_IS_GOOD("$4")

/* The photos it opens now, behind "code c join event e …": all of them from what the code or the event
 * holds, so that ten of thousands are found at once; those of ids ($5, or of the selection $5) by
 * their ids, so that one is. */
#define OPEN_PHOTOS "where " OPENED " and e.expires_at > $4 and m.state = 'ready' "
#define ALL                                                                                        \
    "cross join lateral (select media_id from event_media where c.opens_all and event_id = e.id "  \
    "union all select media_id from code_media where not c.opens_all and code_id = c.id) o "       \
    "join media m on m.id = o.media_id " OPEN_PHOTOS
#define OF(ids)                                                                                    \
    "join event_media em on em.event_id = e.id join media m on m.id = em.media_id " OPEN_PHOTOS    \
    "and m.id = any(" ids ") and (c.opens_all or exists (select from code_media cm "               \
    "where cm.code_id = c.id and cm.media_id = em.media_id)) "
#define SOME OF("$5")
#define SELECTED OF("(select media_ids from selection where id = $5 and code_id = $1)::uuid[]")

static const struct pg_stmt find_stmt = {
    "guest_find",
    "select " EVENT_COLUMNS ", c.label, (select cardinality(media_ids) from selection "
    "where id = $5 and code_id = $1) from code c, event e where " OPENED};

enum { LABEL = 4, SELECTED_N };

#define IMAGE(name, alias)                                                                         \
    "left join lateral (select r->>'object_key' as object_key, r->>'content_type' as "             \
    "content_type, (r->>'width')::int8 as width, (r->>'height')::int8 as height, "                 \
    "(r->>'size_bytes')::int8 as size_bytes, (r->>'crc32')::int8 as crc32 "                        \
    "from jsonb_array_elements(m.renditions) r where r->>'name' = '" name "' limit 1) " alias      \
    " on true "
#define IMAGE_COLUMNS(a)                                                                           \
    a ".object_key, " a ".content_type, " a ".width, " a ".height, " a ".size_bytes, " a ".crc32"

#define COLUMNS                                                                                    \
    "select m.id, m.filename, m.duration_ms, m.placeholder, " IMAGE_COLUMNS(                       \
        "m") ", " IMAGE_COLUMNS("p") ", " IMAGE_COLUMNS("l") " "
#define FROM(which) "from (select m.* from code c join event e on e.id = c.event_id " which ") m "
#define IMAGES IMAGE("preview", "p") IMAGE("large", "l") "order by m.id"

static const struct pg_stmt photos_all_stmt = {"guest_photos_all", COLUMNS FROM(ALL) IMAGES};
static const struct pg_stmt photos_some_stmt = {"guest_photos_some", COLUMNS FROM(SOME) IMAGES};
static const struct pg_stmt photos_selected_stmt = {"guest_photos_selected",
                                                    COLUMNS FROM(SELECTED) IMAGES};

enum { ID, FILENAME, DURATION_MS, PLACEHOLDER, ORIGINAL };
enum { OBJECT_KEY, CONTENT_TYPE, WIDTH, HEIGHT, SIZE_BYTES, CRC32, IMAGE_N };
enum { PREVIEW = ORIGINAL + IMAGE_N, LARGE = PREVIEW + IMAGE_N };

static int64_t int_or(const struct pg_result *r, size_t row, int column, int64_t otherwise)
{
    return pg_is_null(r, row, column) ? otherwise : pg_int(r, row, column);
}

static struct guest_image read_image(const struct pg_result *r, size_t row, int at,
                                     struct pr_arena *arena)
{
    if (pg_is_null(r, row, at + OBJECT_KEY))
        return (struct guest_image){.crc32 = -1};
    return (struct guest_image){
        .object_key = pr_arena_copy(arena, pg_text(r, row, at + OBJECT_KEY)),
        .content_type = pr_arena_copy(arena, pg_text(r, row, at + CONTENT_TYPE)),
        .width = int_or(r, row, at + WIDTH, 0),
        .height = int_or(r, row, at + HEIGHT, 0),
        .size_bytes = int_or(r, row, at + SIZE_BYTES, 0),
        .crc32 = int_or(r, row, at + CRC32, -1),
    };
}

static void read_photo(const struct pg_result *r, size_t row, struct pr_arena *arena,
                       struct guest_photo *out)
{
    *out = (struct guest_photo){
        .id = pg_uuid(r, row, ID),
        .type = media_type_parse(pg_text(r, row, ORIGINAL + CONTENT_TYPE)),
        .filename = pr_arena_copy(arena, pg_text(r, row, FILENAME)),
        .original = read_image(r, row, ORIGINAL, arena),
        .preview = read_image(r, row, PREVIEW, arena),
        .large = read_image(r, row, LARGE, arena),
        .duration_ms = int_or(r, row, DURATION_MS, 0),
    };
    assert(out->type);
    if (!pg_is_null(r, row, PLACEHOLDER))
        out->placeholder = pr_arena_copy(arena, pg_bytes(r, row, PLACEHOLDER));
}

struct load_op {
    const struct guest_query *query;
    struct guest_photos *photos;
    int64_t now_ms;
    struct pr_done done;
};

static enum pr_err read_photos(void *arg, const struct pg_result *r)
{
    const struct load_op *op = arg;
    struct guest_photos *photos = op->photos;
    photos->items_n = pg_count(r);
    photos->items = pr_arena_alloc(&photos->arena, photos->items_n * sizeof *photos->items);
    for (size_t i = 0; i < photos->items_n; i++)
        read_photo(r, i, &photos->arena, &photos->items[i]);
    if (op->query->ids)
        photos->wanted_n = op->query->ids_n;
    else if (pr_uuid_is_nil(&op->query->selection_id))
        photos->wanted_n = photos->items_n;
    return PR_OK;
}

static enum pr_err read_found(void *arg, const struct pg_result *r)
{
    const struct load_op *op = arg;
    struct guest_photos *photos = op->photos;
    if (pg_count(r) == 0)
        return PR_ERR_UNAUTHORIZED;
    read_event(r, 0, &photos->event);
    copy_text(pg_text(r, 0, LABEL), photos->label, sizeof photos->label);
    if (photos->event.expires_at_ms <= op->now_ms)
        return PR_ERR_GONE;
    if (pr_uuid_is_nil(&op->query->selection_id))
        return PR_OK;
    if (pg_is_null(r, 0, SELECTED_N))
        return PR_ERR_NOT_FOUND;
    photos->wanted_n = (size_t)pg_int(r, 0, SELECTED_N);
    return PR_OK;
}

static void loaded(void *arg, enum pr_err err)
{
    struct load_op *op = arg;
    pr_done_call(op->done, err);
    free(op);
}

static void add_load(struct pg_query *query, const struct pg_stmt *stmt,
                     const struct guest_query *wanted, int64_t now_ms)
{
    pg_query_add(query, stmt);
    pg_bind_uuid(query, &wanted->code_id);
    pg_bind_text(query, wanted->account);
    pg_bind_text(query, wanted->slug);
    pg_bind_time(query, now_ms);
}

static void add_find(struct pg_query *query, const struct guest_query *wanted, int64_t now_ms,
                     struct load_op *op)
{
    add_load(query, &find_stmt, wanted, now_ms);
    pg_bind_uuid(query, &wanted->selection_id);
    pg_query_rows(query, read_found, op);
}

static void load(struct guest_repo *port, const struct guest_query *wanted, int64_t now_ms,
                 struct guest_photos *out, struct pr_done done)
{
    struct load_op *op = PR_NEW(struct load_op);
    struct pg_query *query = pg_query_new(self(port)->pg);
    bool selected = !pr_uuid_is_nil(&wanted->selection_id);
    *op = (struct load_op){wanted, out, now_ms, done};
    out->code_id = wanted->code_id;
    add_find(query, wanted, now_ms, op);
    add_load(query,
             wanted->ids ? &photos_some_stmt
             : selected  ? &photos_selected_stmt
                         : &photos_all_stmt,
             wanted, now_ms);
    if (wanted->ids)
        pg_bind_uuids(query, wanted->ids, wanted->ids_n);
    else if (selected)
        pg_bind_uuid(query, &wanted->selection_id);
    pg_query_rows(query, read_photos, op);
    pg_query_run(query, (struct pr_done){loaded, op});
}

/* ---- selecting ---- */

/* Nothing is kept unless all of $5 are photos that may be downloaded. What is chosen again is the
 * newest; those beyond the $7 that are kept beside it go. */
static const struct pg_stmt select_stmt = {
    "guest_select",
    "with s as (select array_agg(i order by i) as ids from unnest($5) i), "
    "n as (insert into selection (id, code_id, digest, media_ids, chosen_at) "
    "select $6, $1, sha256(array_send(s.ids)), s.ids, $4 from s where cardinality(s.ids) = "
    "(select count(*) from code c join event e on e.id = c.event_id and e.download " SOME ") "
    "on conflict (code_id, digest) do update set chosen_at = excluded.chosen_at "
    "returning id), "
    "d as (delete from selection where id in (select o.id from selection o, n "
    "where o.code_id = $1 and o.id <> n.id order by o.chosen_at desc offset $7)) "
    "select id from n"};

struct select_op {
    struct load_op load;
    struct guest_photos found; /* none of its photos */
    struct pr_uuid *id;
};

static enum pr_err read_selection(void *arg, const struct pg_result *r)
{
    const struct select_op *op = arg;
    if (pg_count(r) == 0)
        return op->found.event.download ? PR_ERR_NOT_FOUND : PR_ERR_FORBIDDEN;
    *op->id = pg_uuid(r, 0, 0);
    return PR_OK;
}

static void selected(void *arg, enum pr_err err)
{
    struct select_op *op = arg;
    pr_done_call(op->load.done, err);
    free(op);
}

static void select_photos(struct guest_repo *port, const struct guest_query *wanted, int64_t now_ms,
                          struct pr_uuid *id, struct pr_done done)
{
    struct select_op *op = PR_NEW(struct select_op);
    struct pg_query *query = pg_query_new(self(port)->pg);
    op->load = (struct load_op){wanted, &op->found, now_ms, done};
    op->id = id;
    add_find(query, wanted, now_ms, &op->load);
    add_load(query, &select_stmt, wanted, now_ms);
    pg_bind_uuids(query, wanted->ids, wanted->ids_n);
    pg_bind_uuid(query, id);
    pg_bind_int(query, SELECTIONS_MAX - 1);
    pg_query_rows(query, read_selection, op);
    pg_query_run(query, (struct pr_done){selected, op});
}

/* ---- counting ---- */

static const struct pg_stmt count_stmt = {
    "guest_count_download",
    "update code set downloads = downloads + 1, last_used_at = $2 where id = $1"};

static void count_download(struct guest_repo *port, const struct pr_uuid *code_id, int64_t now_ms,
                           struct pr_done done)
{
    struct pg_query *query = pg_query_new(self(port)->pg);
    pg_query_add(query, &count_stmt);
    pg_bind_uuid(query, code_id);
    pg_bind_time(query, now_ms);
    pg_query_run(query, done);
}

/* ---- forgetting ---- */

/* One that is being counted just now is not forgotten. */
static const struct pg_stmt forget_stmt = {
    "guest_forget",
    "delete from guess where key in (select key from guess where at < $1 order by at limit $2 "
    "for update skip locked) and at < $1 returning 1"};

static enum pr_err read_count(void *arg, const struct pg_result *result)
{
    *(size_t *)arg = pg_count(result);
    return PR_OK;
}

static void forget_guesses(struct guest_repo *port, int64_t before_ms, size_t limit,
                           size_t *forgotten, struct pr_done done)
{
    struct pg_query *query = pg_query_new(self(port)->pg);
    pg_query_add(query, &forget_stmt);
    pg_bind_time(query, before_ms);
    pg_bind_int(query, (int64_t)limit);
    pg_query_rows(query, read_count, forgotten);
    pg_query_run(query, done);
}

void guest_pg_init(struct guest_pg *repo, struct pg *pg)
{
    *repo = (struct guest_pg){
        .port = {.enter = enter,
                 .load = load,
                 .select = select_photos,
                 .count_download = count_download,
                 .forget_guesses = forget_guesses},
        .pg = pg,
    };
}
