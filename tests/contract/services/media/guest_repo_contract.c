#include "tests/contract/services/media/guest_repo_contract.h"

#include "shared/base/alloc.h"

#include <stdio.h>

/* The year 2100: later than any database that this runs against thinks it is. */
#define NOW_MS INT64_C(4102444800123)
#define HOUR_MS INT64_C(3600000)

static const struct pr_uuid event_id = {{1, 1}}, other_event_id = {{1, 2}};
static const struct pr_uuid anna_id = {{2, 1}}, table_id = {{2, 2}}, other_id = {{2, 3}};

/* ---- what is there ---- */

static struct guest_event_row an_event(void)
{
    return (struct guest_event_row){
        .id = event_id,
        .account = "ada",
        .slug = "wedding",
        .event = {.name = "Wedding of \xc3\x84nne",
                  .expires_at_ms = NOW_MS + 100 * HOUR_MS,
                  .download = true,
                  .originals = true},
    };
}

static struct guest_code_row a_code(void)
{
    return (struct guest_code_row){
        .id = anna_id, .event_id = event_id, .access_code = "K7M2QX", .label = "Anna"};
}

#define IMAGE(key, type, w, h, size, crc)                                                          \
    {                                                                                              \
        PR_STR(key), PR_STR(type), w, h, size, crc                                                 \
    }

/* The n-th photo of the event; the older, the smaller n. */
static struct guest_photo_row a_photo(uint8_t n)
{
    static char keys[256][16];
    snprintf(keys[n], sizeof keys[n], "o/%d.jpg", n);
    struct guest_photo_row row = {
        .event_id = event_id,
        .ready = true,
        .photo =
            {
                .id = {{3, n}},
                .type = media_type_parse(pr_str("image/jpeg")),
                .filename = PR_STR("beach.jpg"),
                .original = IMAGE("", "image/jpeg", 4000, 3000, 5000000, 77),
                .preview = IMAGE("p/preview.webp", "image/webp", 320, 240, 9000, -1),
                .large = IMAGE("p/large.jpg", "image/jpeg", 1600, 1200, 300000, 4294967295),
                .placeholder = PR_STR("hash"),
            },
    };
    row.photo.original.object_key = pr_str(keys[n]);
    return row;
}

/* The event with the photos 1 to 4, of which Anna's code opens 2 and 3, and that of the table all. */
static void set_up(struct guests_fixture *f)
{
    struct guest_event_row event = an_event(), other = an_event();
    struct guest_code_row anna = a_code(), table = a_code(), elsewhere = a_code();
    other.id = other_event_id;
    other.slug = "other";
    table.id = table_id;
    table.access_code = "TABBLE";
    table.label = "Table 4";
    table.opens_all = true;
    elsewhere.id = other_id;
    elsewhere.event_id = other_event_id;
    elsewhere.access_code = "ABCDEF";
    f->put_event(f, &event);
    f->put_event(f, &other);
    f->put_code(f, &anna);
    f->put_code(f, &table);
    f->put_code(f, &elsewhere);
    for (uint8_t n = 4; n >= 1; n--) {
        struct guest_photo_row photo = a_photo(n);
        f->add_photo(f, &photo);
    }
    f->link(f, &anna_id, &(struct pr_uuid){{3, 3}});
    f->link(f, &anna_id, &(struct pr_uuid){{3, 2}});
}

/* ---- calls that wait ---- */

static enum pr_err answer(struct guests_fixture *f, struct await *await)
{
    f->wait(f, await);
    return await_once(await);
}

static struct guest_attempt an_attempt(const char *slug, const char *access_code, uint8_t client)
{
    struct guest_attempt attempt = {.account = PR_STR("ada"),
                                    .slug = pr_str(slug),
                                    .client_key = {1, client},
                                    .event_key = {2, (uint8_t)slug[0]}};
    assert_true(pr_str_copy(pr_str(access_code), attempt.access_code, sizeof attempt.access_code));
    return attempt;
}

static struct guest_entry enter_at(struct guests_fixture *f, const struct guest_attempt *attempt,
                                   int64_t now_ms)
{
    struct await await;
    struct guest_entry entry;
    memset(&entry, 0xff, sizeof entry);
    f->repo->enter(f->repo, attempt, now_ms, &entry, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
    return entry;
}

static struct guest_entry enter(struct guests_fixture *f, const char *slug, const char *access_code)
{
    struct guest_attempt attempt = an_attempt(slug, access_code, 1);
    return enter_at(f, &attempt, NOW_MS);
}

static struct guest_query a_query(const struct pr_uuid *code_id)
{
    return (struct guest_query){
        .account = PR_STR("ada"), .slug = PR_STR("wedding"), .code_id = *code_id};
}

static enum pr_err load_at(struct guests_fixture *f, const struct guest_query *query,
                           int64_t now_ms, struct guest_photos *out)
{
    struct await await;
    *out = (struct guest_photos){0};
    f->repo->load(f->repo, query, now_ms, out, await_done(&await));
    return answer(f, &await);
}

/* The numbers of the photos it opens: "2 3"; or the error. */
static void assert_opens(struct guests_fixture *f, const struct guest_query *query,
                         const char *expected)
{
    struct guest_photos photos;
    char text[256] = "";
    enum pr_err err = load_at(f, query, NOW_MS, &photos);
    for (size_t i = 0; !err && i < photos.items_n; i++) {
        size_t n = strlen(text);
        snprintf(text + n, sizeof text - n, "%s%d", n ? " " : "", photos.items[i].id.b[1]);
    }
    assert_string_equal(err ? pr_err_name(err) : text, expected);
    pr_arena_fini(&photos.arena);
}

/* ---- entering ---- */

static void test_right_code_lets_in_and_counts(void **state)
{
    struct guests_fixture *f = *state;
    set_up(f);
    struct guest_entry entry = enter(f, "wedding", "K7M2QX");
    assert_int_equal(entry.outcome, GUEST_LET_IN);
    assert_true(pr_uuid_eq(&entry.code_id, &anna_id));
    assert_string_equal(entry.event.name, "Wedding of \xc3\x84nne");
    assert_int_equal(entry.event.expires_at_ms, NOW_MS + 100 * HOUR_MS);
    assert_true(entry.event.download && entry.event.originals);
    enter(f, "wedding", "K7M2QX");
    struct guest_code_row used = f->used(f, &anna_id);
    assert_int_equal(used.opens, 2);
    assert_int_equal(used.downloads, 0);
    assert_int_equal(used.last_used_at_ms, NOW_MS);
    assert_int_equal(f->used(f, &table_id).opens, 0);
    assert_int_equal(f->guesses(f), 0);
}

static void test_what_does_not_open_is_refused_and_counts(void **state)
{
    struct guests_fixture *f = *state;
    static const char *const codes[] = {"K7M2QY", "ABCDEF", "K7M2Q", "", "k7m2qx", "K7M2QX22"};
    set_up(f);
    for (size_t i = 0; i < PR_COUNT(codes); i++)
        assert_int_equal(enter(f, "wedding", codes[i]).outcome, GUEST_REFUSED);
    assert_int_equal(f->guesses(f), 2); /* of the client, of the event */
    assert_int_equal(enter(f, "nothing", "K7M2QX").outcome, GUEST_REFUSED);
    assert_int_equal(f->guesses(f), 3);
    struct guest_attempt attempt = an_attempt("wedding", "K7M2QX", 1);
    attempt.account = pr_str("eve");
    assert_int_equal(enter_at(f, &attempt, NOW_MS).outcome, GUEST_REFUSED);
    assert_int_equal(f->used(f, &anna_id).opens, 0);
}

static void test_revoked_expired_and_deleted_are_refused(void **state)
{
    struct guests_fixture *f = *state;
    set_up(f);
    struct guest_code_row code = a_code();
    code.revoked_at_ms = NOW_MS - 1;
    f->put_code(f, &code);
    assert_int_equal(enter(f, "wedding", "K7M2QX").outcome, GUEST_REFUSED);
    code.revoked_at_ms = 0;
    code.expires_at_ms = NOW_MS;
    f->put_code(f, &code);
    assert_int_equal(enter(f, "wedding", "K7M2QX").outcome, GUEST_REFUSED);
    code.expires_at_ms = NOW_MS + 1;
    f->put_code(f, &code);
    struct guest_entry entry = enter(f, "wedding", "K7M2QX");
    assert_int_equal(entry.outcome, GUEST_LET_IN);
    assert_int_equal(entry.event.expires_at_ms, NOW_MS + 1); /* its own, before the event's */
    struct guest_event_row event = an_event();
    event.deleting = true;
    f->put_event(f, &event);
    assert_int_equal(enter(f, "wedding", "K7M2QX").outcome, GUEST_REFUSED);
}

static void test_right_code_of_an_event_that_is_over(void **state)
{
    struct guests_fixture *f = *state;
    struct guest_event_row event = an_event();
    struct guest_code_row code = a_code();
    set_up(f);
    event.event.expires_at_ms = NOW_MS;
    f->put_event(f, &event);
    assert_int_equal(enter(f, "wedding", "K7M2QX").outcome, GUEST_TOO_LATE);
    assert_int_equal(f->guesses(f), 0);
    assert_int_equal(f->used(f, &anna_id).opens, 0);
    assert_int_equal(enter(f, "wedding", "K7M2QY").outcome, GUEST_REFUSED);
    code.expires_at_ms = NOW_MS; /* no earlier than the event: it ends with it */
    f->put_code(f, &code);
    assert_int_equal(enter(f, "wedding", "K7M2QX").outcome, GUEST_TOO_LATE);
    code.expires_at_ms = NOW_MS - 1;
    f->put_code(f, &code);
    assert_int_equal(enter(f, "wedding", "K7M2QX").outcome, GUEST_REFUSED);
}

/* ---- throttling ---- */

/* A try as the throttle's rules say it must end. */
static void guess_by_the_rules(struct guests_fixture *f, const struct guest_attempt *attempt,
                               struct guess *client, struct guess *event, int64_t now_ms)
{
    struct guest_entry entry = enter_at(f, attempt, now_ms);
    int64_t until_ms = client->blocked_until_ms > event->blocked_until_ms ? client->blocked_until_ms
                                                                          : event->blocked_until_ms;
    if (until_ms > now_ms) {
        assert_int_equal(entry.outcome, GUEST_BLOCKED);
        assert_in_range(entry.blocked_until_ms, until_ms - 1, until_ms + 1);
    } else {
        assert_int_equal(entry.outcome, GUEST_REFUSED);
        guess_fail(client, &guess_client, now_ms);
        guess_fail(event, &guess_event, now_ms);
    }
}

static void test_one_client_is_slowed_down_by_the_rules(void **state)
{
    struct guests_fixture *f = *state;
    struct guess client = {0}, event = {0};
    struct guest_attempt attempt = an_attempt("wedding", "AAAAAA", 1);
    int64_t now_ms = NOW_MS;
    set_up(f);
    for (int i = 0; i < 60; i++) {
        guess_by_the_rules(f, &attempt, &client, &event, now_ms);
        now_ms += i < 20 ? 10 : 1700;
    }
    now_ms = client.blocked_until_ms + 2;
    guess_by_the_rules(f, &attempt, &client, &event, now_ms);
    assert_true(client.blocked_until_ms > now_ms);
    now_ms += HOUR_MS;
    guess_by_the_rules(f, &attempt, &client, &event, now_ms);
    assert_true(client.failures < 2); /* all leaked but this one */
}

static void test_many_clients_are_slowed_down_at_one_event(void **state)
{
    struct guests_fixture *f = *state;
    struct guess event = {0};
    set_up(f);
    for (int i = 0; i < 104; i++) {
        struct guess client = {0};
        struct guest_attempt attempt = an_attempt("wedding", "AAAAAA", (uint8_t)(i + 10));
        guess_by_the_rules(f, &attempt, &client, &event, NOW_MS + i);
    }
    assert_true(event.blocked_until_ms > NOW_MS + 104);
    assert_int_equal(enter(f, "other", "ABCDEF").outcome, GUEST_LET_IN);
}

static void test_blocked_tries_are_not_looked_at_and_do_not_count(void **state)
{
    struct guests_fixture *f = *state;
    set_up(f);
    for (int i = 0; i < GUESS_CLIENT_FREE + 1; i++)
        assert_int_equal(enter(f, "wedding", "AAAAAA").outcome, GUEST_REFUSED);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(enter(f, "wedding", "K7M2QX").outcome, GUEST_BLOCKED);
        assert_int_equal(enter(f, "other", "AAAAAA").outcome, GUEST_BLOCKED);
    }
    assert_int_equal(f->guesses(f), 2); /* nothing about the other event */
    struct guest_attempt attempt = an_attempt("wedding", "K7M2QX", 1);
    struct guest_entry entry = enter_at(f, &attempt, NOW_MS + 1999);
    assert_int_equal(entry.outcome, GUEST_BLOCKED);
    assert_in_range(entry.blocked_until_ms, NOW_MS + 1999, NOW_MS + 2001);
    assert_int_equal(enter_at(f, &attempt, NOW_MS + 2001).outcome, GUEST_LET_IN);
    struct guest_attempt another = an_attempt("wedding", "K7M2QX", 2);
    assert_int_equal(enter_at(f, &another, NOW_MS).outcome, GUEST_LET_IN);
}

#define AT_ONCE 64

/* As from several gateways: all on their way before the first is answered. */
static void test_many_at_once_all_count(void **state)
{
    struct guests_fixture *f = *state;
    struct await awaits[AT_ONCE];
    struct guest_entry entries[AT_ONCE];
    struct guest_attempt attempt = an_attempt("wedding", "AAAAAA", 1);
    unsigned refused = 0;
    set_up(f);
    enter(f, "wedding", "AAAAAA"); /* so that there is a row */
    for (size_t i = 0; i < AT_ONCE; i++)
        f->repo->enter(f->repo, &attempt, NOW_MS, &entries[i], await_done(&awaits[i]));
    for (size_t i = 0; i < AT_ONCE; i++) {
        assert_int_equal(answer(f, &awaits[i]), PR_OK);
        refused += entries[i].outcome == GUEST_REFUSED;
    }
    assert_int_equal(refused, GUESS_CLIENT_FREE);
}

static void test_old_counts_are_forgotten(void **state)
{
    struct guests_fixture *f = *state;
    size_t forgotten = 99;
    struct await await;
    set_up(f);
    for (uint8_t i = 0; i < 5; i++) {
        struct guest_attempt attempt = an_attempt("wedding", "AAAAAA", i);
        enter_at(f, &attempt, NOW_MS + i);
    }
    assert_int_equal(f->guesses(f), 6);
    f->repo->forget_guesses(f->repo, NOW_MS + 3, 2, &forgotten, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
    assert_int_equal(forgotten, 2);
    f->repo->forget_guesses(f->repo, NOW_MS + 3, 2, &forgotten, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
    assert_int_equal(forgotten, 1);
    assert_int_equal(f->guesses(f), 3); /* two clients, and the event they were at last */
}

/* ---- photos ---- */

static void test_a_code_opens_its_photos_oldest_first(void **state)
{
    struct guests_fixture *f = *state;
    set_up(f);
    struct guest_query anna = a_query(&anna_id), table = a_query(&table_id);
    assert_opens(f, &anna, "2 3");
    assert_opens(f, &table, "1 2 3 4");
    struct guest_photo_row later = a_photo(9), unready = a_photo(8);
    unready.ready = false;
    f->add_photo(f, &later);
    f->add_photo(f, &unready);
    f->link(f, &anna_id, &unready.photo.id);
    assert_opens(f, &anna, "2 3");
    assert_opens(f, &table, "1 2 3 4 9");
    f->remove_photo(f, &(struct pr_uuid){{3, 2}});
    assert_opens(f, &anna, "3");
    assert_opens(f, &table, "1 3 4 9");
}

static void test_of_a_list_only_those_of_the_code(void **state)
{
    struct guests_fixture *f = *state;
    const struct pr_uuid ids[] = {{{3, 3}}, {{3, 1}}, {{9, 9}}, {{3, 2}}};
    set_up(f);
    struct guest_query anna = a_query(&anna_id), table = a_query(&table_id);
    anna.ids = table.ids = ids;
    anna.ids_n = table.ids_n = 4;
    assert_opens(f, &anna, "2 3");
    assert_opens(f, &table, "1 2 3");
    anna.ids_n = 1;
    assert_opens(f, &anna, "3");
    anna.ids_n = 0;
    assert_opens(f, &anna, "");
}

static void assert_same_image(const struct guest_image *a, const struct guest_image *b)
{
    assert_true(pr_str_eq(a->object_key, b->object_key));
    assert_true(pr_str_eq(a->content_type, b->content_type));
    assert_int_equal(a->object_key.p[a->object_key.n], 0); /* terminated */
    assert_int_equal(a->width, b->width);
    assert_int_equal(a->height, b->height);
    assert_int_equal(a->size_bytes, b->size_bytes);
    assert_int_equal(a->crc32, b->crc32);
}

static void test_photos_come_with_all_that_is_known(void **state)
{
    struct guests_fixture *f = *state;
    struct guest_query query = a_query(&table_id);
    struct guest_photos photos;
    struct guest_photo_row video = a_photo(5), photo = a_photo(1);
    set_up(f);
    video.photo.type = media_type_parse(pr_str("video/mp4"));
    video.photo.original.content_type = pr_str("video/mp4");
    video.photo.duration_ms = 12345;
    f->add_photo(f, &video);
    assert_int_equal(load_at(f, &query, NOW_MS, &photos), PR_OK);
    assert_string_equal(photos.label, "Table 4");
    assert_string_equal(photos.event.name, "Wedding of \xc3\x84nne");
    assert_int_equal(photos.event.expires_at_ms, NOW_MS + 100 * HOUR_MS);
    assert_int_equal(photos.items_n, 5);
    const struct guest_photo *first = &photos.items[0], *last = &photos.items[4];
    assert_same_image(&first->original, &photo.photo.original);
    assert_same_image(&first->preview, &photo.photo.preview);
    assert_same_image(&first->large, &photo.photo.large);
    assert_true(pr_str_is(first->filename, "beach.jpg"));
    assert_true(pr_str_is(first->placeholder, "hash"));
    assert_int_equal(first->duration_ms, 0);
    assert_ptr_equal(last->type, video.photo.type);
    assert_int_equal(last->duration_ms, 12345);
    pr_arena_fini(&photos.arena);
}

static void test_what_opens_nothing_any_more(void **state)
{
    struct guests_fixture *f = *state;
    struct guest_query query = a_query(&anna_id);
    struct guest_photos photos;
    struct guest_code_row code = a_code();
    struct guest_event_row event = an_event();
    set_up(f);
    query.slug = pr_str("other"); /* another event's */
    assert_opens(f, &query, "PR_ERR_UNAUTHORIZED");
    query = a_query(&other_id);
    assert_opens(f, &query, "PR_ERR_UNAUTHORIZED");
    query = a_query(&(struct pr_uuid){{9}});
    assert_opens(f, &query, "PR_ERR_UNAUTHORIZED");
    query = a_query(&anna_id);
    query.account = pr_str("eve");
    assert_opens(f, &query, "PR_ERR_UNAUTHORIZED");
    query = a_query(&anna_id);
    code.revoked_at_ms = NOW_MS;
    f->put_code(f, &code);
    assert_opens(f, &query, "PR_ERR_UNAUTHORIZED");
    code.revoked_at_ms = 0;
    code.expires_at_ms = NOW_MS;
    f->put_code(f, &code);
    assert_opens(f, &query, "PR_ERR_UNAUTHORIZED");
    code.expires_at_ms = NOW_MS + 1;
    f->put_code(f, &code);
    assert_int_equal(load_at(f, &query, NOW_MS, &photos), PR_OK);
    assert_int_equal(photos.event.expires_at_ms, NOW_MS + 1); /* for who has this code */
    pr_arena_fini(&photos.arena);
    code.expires_at_ms = 0;
    f->put_code(f, &code);
    assert_opens(f, &query, "2 3"); /* revoking, and expiring, can be undone */
    event.event.expires_at_ms = NOW_MS;
    f->put_event(f, &event);
    assert_opens(f, &query, "PR_ERR_GONE");
    event = an_event();
    event.deleting = true;
    f->put_event(f, &event);
    assert_opens(f, &query, "PR_ERR_UNAUTHORIZED");
}

/* ---- selections ---- */

static enum pr_err select_at(struct guests_fixture *f, const struct guest_query *query,
                             int64_t now_ms, struct pr_uuid *id)
{
    struct await await;
    *id = pr_uuid_v7(now_ms);
    f->repo->select(f->repo, query, now_ms, id, await_done(&await));
    return answer(f, &await);
}

static void test_a_selection_is_of_its_code_and_made_once(void **state)
{
    struct guests_fixture *f = *state;
    const struct pr_uuid ids[] = {{{3, 3}}, {{3, 2}}}, turned[] = {{{3, 2}}, {{3, 3}}};
    struct guest_query anna = a_query(&anna_id), table = a_query(&table_id);
    struct pr_uuid id, again, other;
    set_up(f);
    anna.ids = ids;
    anna.ids_n = 2;
    assert_int_equal(select_at(f, &anna, NOW_MS, &id), PR_OK);
    anna.ids = turned;
    assert_int_equal(select_at(f, &anna, NOW_MS + 1, &again), PR_OK);
    assert_true(pr_uuid_eq(&id, &again));
    anna.ids_n = 1;
    assert_int_equal(select_at(f, &anna, NOW_MS, &other), PR_OK);
    assert_false(pr_uuid_eq(&id, &other));
    anna.ids = NULL;
    anna.selection_id = id;
    assert_opens(f, &anna, "2 3");
    table.selection_id = id;
    assert_opens(f, &table, "PR_ERR_NOT_FOUND");
    anna.selection_id = other;
    assert_opens(f, &anna, "2");
    f->remove_photo(f, &(struct pr_uuid){{3, 2}});
    assert_opens(f, &anna, "");
}

static void test_what_is_no_selection(void **state)
{
    struct guests_fixture *f = *state;
    const struct pr_uuid ids[] = {{{3, 3}}, {{3, 1}}};
    struct guest_query anna = a_query(&anna_id);
    struct guest_event_row event = an_event();
    struct guest_code_row code = a_code();
    struct pr_uuid id;
    set_up(f);
    anna.ids = ids;
    anna.ids_n = 2; /* one is not hers */
    assert_int_equal(select_at(f, &anna, NOW_MS, &id), PR_ERR_NOT_FOUND);
    anna.ids_n = 1;
    event.event.download = false;
    f->put_event(f, &event);
    assert_int_equal(select_at(f, &anna, NOW_MS, &id), PR_ERR_FORBIDDEN);
    event.event.expires_at_ms = NOW_MS;
    f->put_event(f, &event);
    assert_int_equal(select_at(f, &anna, NOW_MS, &id), PR_ERR_GONE);
    code.revoked_at_ms = NOW_MS;
    f->put_code(f, &code);
    assert_int_equal(select_at(f, &anna, NOW_MS, &id), PR_ERR_UNAUTHORIZED);
}

static void test_of_many_selections_the_newest_are_kept(void **state)
{
    struct guests_fixture *f = *state;
    struct guest_query table = a_query(&table_id), wanted = table;
    struct pr_uuid made[SELECTIONS_MAX + 1];
    set_up(f);
    for (uint8_t n = 10; n < 17; n++) {
        struct guest_photo_row photo = a_photo(n);
        f->add_photo(f, &photo);
    }
    for (size_t i = 0; i < PR_COUNT(made); i++) {
        struct pr_uuid ids[7]; /* of the seven, those of the bits of i + 1 */
        table.ids = ids;
        table.ids_n = 0;
        for (uint8_t bit = 0; bit < 7; bit++) {
            if ((i + 1) >> bit & 1)
                ids[table.ids_n++] = (struct pr_uuid){{3, (uint8_t)(10 + bit)}};
        }
        assert_int_equal(select_at(f, &table, NOW_MS + (int64_t)i, &made[i]), PR_OK);
    }
    wanted.selection_id = made[0];
    assert_opens(f, &wanted, "PR_ERR_NOT_FOUND");
    wanted.selection_id = made[1];
    assert_opens(f, &wanted, "11");
    wanted.selection_id = made[SELECTIONS_MAX];
    assert_opens(f, &wanted, "10 12 15 16");
}

static void test_downloads_are_counted(void **state)
{
    struct guests_fixture *f = *state;
    struct await await;
    set_up(f);
    for (int i = 0; i < 2; i++) {
        f->repo->count_download(f->repo, &anna_id, NOW_MS + i, await_done(&await));
        assert_int_equal(answer(f, &await), PR_OK);
    }
    assert_int_equal(f->used(f, &anna_id).downloads, 2);
    assert_int_equal(f->used(f, &anna_id).last_used_at_ms, NOW_MS + 1);
    assert_int_equal(f->used(f, &table_id).downloads, 0);
}

int guest_repo_contract_run(CMFixtureFunction setup, CMFixtureFunction teardown)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_right_code_lets_in_and_counts),
        CASE(test_what_does_not_open_is_refused_and_counts),
        CASE(test_revoked_expired_and_deleted_are_refused),
        CASE(test_right_code_of_an_event_that_is_over),
        CASE(test_one_client_is_slowed_down_by_the_rules),
        CASE(test_many_clients_are_slowed_down_at_one_event),
        CASE(test_blocked_tries_are_not_looked_at_and_do_not_count),
        CASE(test_many_at_once_all_count),
        CASE(test_old_counts_are_forgotten),
        CASE(test_a_code_opens_its_photos_oldest_first),
        CASE(test_of_a_list_only_those_of_the_code),
        CASE(test_photos_come_with_all_that_is_known),
        CASE(test_what_opens_nothing_any_more),
        CASE(test_a_selection_is_of_its_code_and_made_once),
        CASE(test_what_is_no_selection),
        CASE(test_of_many_selections_the_newest_are_kept),
        CASE(test_downloads_are_counted),
    };
    return cmocka_run_group_tests_name("guest_repo", tests, NULL, NULL);
}
