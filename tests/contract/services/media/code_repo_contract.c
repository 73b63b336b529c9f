#include "tests/contract/services/media/code_repo_contract.h"

#include "shared/base/alloc.h"

#include <stdio.h>
#include <stdlib.h>

#define NOW_MS INT64_C(1795248000123)
#define HOUR_MS INT64_C(3600000)

static const struct code_event wedding = {
    .name = "Wedding <&> \"quotes\"",
    .owner_name = "anna",
    .slug = "wedding",
    .expires_at_ms = NOW_MS + 24 * HOUR_MS,
};

/* ---- calls that wait ---- */

static enum pr_err answer(struct codes_fixture *f, struct await *await)
{
    f->wait(f, await);
    return await_once(await);
}

static const struct pr_uuid owner = {{1}}, stranger = {{2}};

static struct pr_uuid add_event(struct codes_fixture *f, const char *slug)
{
    struct pr_uuid id = pr_uuid_v7(NOW_MS);
    struct code_event event = wedding;
    assert_true(pr_str_copy(pr_str(slug), event.slug, sizeof event.slug));
    f->add_event(f, &id, &owner, &event);
    return id;
}

static struct pr_uuid add_photo(struct codes_fixture *f, const struct pr_uuid *event_id)
{
    struct pr_uuid id = pr_uuid_v7(NOW_MS);
    f->add_photo(f, event_id, &id);
    return id;
}

struct insertion_answer {
    enum pr_err err;
    struct code_result result;
    struct code_page page;
};

/* At most a few codes, in the order of their ids. */
static struct code_batch new_batch(const struct pr_uuid *event_id, struct code *codes, size_t n)
{
    struct code_batch batch = {
        .owner_id = owner, .event_id = *event_id, .id = pr_uuid_v7(NOW_MS), .codes = codes, .n = n};
    for (size_t i = 0; i < n; i++) {
        static unsigned serial;
        codes[i] = (struct code){
            .id = pr_uuid_v7(NOW_MS + (int64_t)i),
            .event_id = *event_id,
            .batch_id = batch.id,
            .created_at_ms = NOW_MS,
        };
        serial++;
        for (unsigned k = 0, rest = serial; k < CODE_LENGTH_MIN; k++, rest /= 8)
            codes[i].access_code[k] = (char)('2' + rest % 8);
        snprintf(codes[i].label, sizeof codes[i].label, "Table %zu", i + 1);
    }
    return batch;
}

static struct insertion_answer insert_keyed(struct codes_fixture *f, const struct code_batch *batch,
                                            const struct idempotency *key)
{
    struct await await;
    struct insertion_answer got = {.result = {CODES_RUNNING, 77}};
    f->repo->insert(f->repo, batch, key, &got.result, &got.page, await_done(&await));
    got.err = answer(f, &await);
    return got;
}

static enum code_outcome insert(struct codes_fixture *f, const struct code_batch *batch)
{
    static const struct idempotency no_key;
    struct insertion_answer got = insert_keyed(f, batch, &no_key);
    assert_int_equal(got.err, PR_OK);
    pr_arena_fini(&got.page.arena);
    return got.result.outcome;
}

/* One code of the event with these photos; NULL: all. */
static struct code inserted(struct codes_fixture *f, const struct pr_uuid *event_id,
                            const struct code_ids *photos)
{
    struct code code;
    struct code_batch batch = new_batch(event_id, &code, 1);
    code.opens_all = photos == NULL;
    if (photos)
        batch.photos = *photos;
    assert_int_equal(insert(f, &batch), CODES_DONE);
    return code;
}

static struct code_key key_of(const struct code *code)
{
    return (struct code_key){owner, code->event_id, code->id};
}

static enum pr_err load(struct codes_fixture *f, const struct code_key *key,
                        struct code_found *found)
{
    struct await await;
    memset(found, 0xff, sizeof *found); /* everything must be written */
    found->arena = (struct pr_arena){0};
    f->repo->load(f->repo, key, found, await_done(&await));
    return answer(f, &await);
}

static enum pr_err list(struct codes_fixture *f, const struct code_query *query,
                        struct code_page *page)
{
    struct await await;
    memset(page, 0xff, sizeof *page);
    page->arena = (struct pr_arena){0};
    f->repo->list(f->repo, query, page, await_done(&await));
    return answer(f, &await);
}

static size_t count(struct codes_fixture *f, const struct pr_uuid *event_id)
{
    struct code_page page;
    assert_int_equal(list(f, &(struct code_query){owner, *event_id, {{0}}, CODES_MAX, true}, &page),
                     PR_OK);
    size_t n = page.items_n;
    pr_arena_fini(&page.arena);
    return n;
}

static const struct code_change no_change = {.opens_all = -1, .revoked = -1, .now_ms = NOW_MS};

static enum code_outcome change(struct codes_fixture *f, const struct code *code,
                                const struct code_change *change, struct code *out)
{
    struct await await;
    struct code_result result = {CODES_RUNNING, 77};
    struct code_found found = {.arena = {0}}, now;
    struct code_key key = key_of(code);
    f->repo->change(f->repo, &key, change, &result, &found, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
    assert_int_equal(load(f, &key, &now), PR_OK);
    if (result.outcome == CODES_DONE) { /* it told what there is now */
        assert_memory_equal(&found.code.id, &now.code.id, sizeof now.code.id);
        assert_string_equal(found.code.label, now.code.label);
        assert_string_equal(found.event.name, now.event.name);
        assert_int_equal(found.code.photos_n, now.code.photos_n);
        assert_int_equal(found.photos.n, now.photos.n);
    }
    if (result.outcome == CODES_NOT_PHOTOS)
        assert_int_equal(result.wrong_n, 1);
    *out = now.code;
    pr_arena_fini(&found.arena);
    pr_arena_fini(&now.arena);
    return result.outcome;
}

/* ---- what must come out ---- */

static void assert_same(const struct code *a, const struct code *b)
{
    assert_true(pr_uuid_eq(&a->id, &b->id));
    assert_true(pr_uuid_eq(&a->event_id, &b->event_id));
    assert_true(pr_uuid_eq(&a->batch_id, &b->batch_id));
    assert_string_equal(a->access_code, b->access_code);
    assert_string_equal(a->label, b->label);
    assert_int_equal(a->opens_all, b->opens_all);
    assert_int_equal(a->created_at_ms, b->created_at_ms);
    assert_int_equal(a->expires_at_ms, b->expires_at_ms);
    assert_int_equal(a->revoked_at_ms, b->revoked_at_ms);
    assert_int_equal(a->opens, b->opens);
    assert_int_equal(a->downloads, b->downloads);
    assert_int_equal(a->last_used_at_ms, b->last_used_at_ms);
}

static void assert_photos(struct codes_fixture *f, const struct code *code,
                          const struct code_ids *expected)
{
    struct code_found found;
    struct code_key key = key_of(code);
    assert_int_equal(load(f, &key, &found), PR_OK);
    assert_int_equal(found.photos.n, expected->n);
    for (size_t i = 0; i < expected->n; i++) {
        size_t at = 0;
        while (at < found.photos.n && !pr_uuid_eq(&found.photos.items[at], &expected->items[i]))
            at++;
        assert_true(at < found.photos.n);
    }
    for (size_t i = 1; i < found.photos.n; i++)
        assert_true(memcmp(&found.photos.items[i - 1], &found.photos.items[i], 16) < 0);
    pr_arena_fini(&found.arena);
}

/* ---- inserting ---- */

static void test_inserted_codes_come_back_as_they_were(void **state)
{
    struct codes_fixture *f = *state;
    static const struct idempotency no_key;
    struct pr_uuid event = add_event(f, "wedding");
    struct pr_uuid photos[] = {add_photo(f, &event), add_photo(f, &event)};
    struct code codes[3];
    struct code_batch batch = new_batch(&event, codes, 3);
    batch.photos = (struct code_ids){photos, 2};
    for (size_t i = 0; i < 3; i++)
        codes[i].expires_at_ms = NOW_MS + HOUR_MS;
    struct insertion_answer got = insert_keyed(f, &batch, &no_key);
    assert_int_equal(got.err, PR_OK);
    assert_int_equal(got.result.outcome, CODES_DONE);
    assert_int_equal(got.page.items_n, 3);
    assert_string_equal(got.page.event.name, wedding.name);
    assert_string_equal(got.page.event.owner_name, "anna");
    assert_string_equal(got.page.event.slug, "wedding");
    assert_int_equal(got.page.event.expires_at_ms, wedding.expires_at_ms);
    for (size_t i = 0; i < 3; i++) {
        assert_same(&got.page.items[i], &codes[i]);
        assert_int_equal(got.page.items[i].photos_n, 2);
        assert_photos(f, &codes[i], &batch.photos);
    }
    pr_arena_fini(&got.page.arena);
}

static void test_hostile_and_largest_labels_survive(void **state)
{
    struct codes_fixture *f = *state;
    static const char *const labels[] = {
        "\"\\'; drop table code; --", "{\"a\":1}", "=1+1",    "M\xc3\xbcller, Anna",
        "\xf0\x9f\x93\xb7",           "{a,b}",     "\\u0000", "$1"};
    struct pr_uuid event = add_event(f, "wedding");
    struct code codes[PR_COUNT(labels) + 1];
    struct code_batch batch = new_batch(&event, codes, PR_COUNT(codes));
    struct code_found found;
    for (size_t i = 0; i < PR_COUNT(labels); i++)
        assert_true(pr_str_copy(pr_str(labels[i]), codes[i].label, sizeof codes[i].label));
    memset(codes[PR_COUNT(labels)].label, 'x', CODE_LABEL_MAX);
    memset(codes[0].access_code, 'Z', CODE_LENGTH_MAX);
    assert_int_equal(insert(f, &batch), CODES_DONE);
    for (size_t i = 0; i < PR_COUNT(codes); i++) {
        struct code_key key = key_of(&codes[i]);
        assert_int_equal(load(f, &key, &found), PR_OK);
        assert_same(&found.code, &codes[i]);
        pr_arena_fini(&found.arena);
    }
}

static void test_all_photos_are_also_later_ones(void **state)
{
    struct codes_fixture *f = *state;
    static const struct code_ids none;
    struct pr_uuid event = add_event(f, "wedding"), other = add_event(f, "other");
    add_photo(f, &event);
    struct code all = inserted(f, &event, NULL);
    struct code_found found;
    struct code_key key = key_of(&all);
    for (int64_t n = 1; n <= 2; n++) {
        assert_int_equal(load(f, &key, &found), PR_OK);
        assert_true(found.code.opens_all);
        assert_int_equal(found.code.photos_n, n);
        pr_arena_fini(&found.arena);
        add_photo(f, &event);
        add_photo(f, &other);
    }
    assert_photos(f, &all, &none);
}

static void test_only_photos_of_the_event(void **state)
{
    struct codes_fixture *f = *state;
    struct pr_uuid event = add_event(f, "wedding"), other = add_event(f, "other");
    struct pr_uuid photos[] = {add_photo(f, &event), add_photo(f, &other), pr_uuid_v7(NOW_MS)};
    static const struct idempotency key = {true, {1}, {1}};
    struct code codes[2];
    struct code_batch batch = new_batch(&event, codes, 2);
    batch.photos = (struct code_ids){photos, 3};
    struct insertion_answer got = insert_keyed(f, &batch, &key);
    assert_int_equal(got.err, PR_OK);
    assert_int_equal(got.result.outcome, CODES_NOT_PHOTOS);
    assert_int_equal(got.result.wrong_n, 2);
    assert_int_equal(count(f, &event), 0);
    batch.photos.n = 1; /* and the key is still good */
    got = insert_keyed(f, &batch, &key);
    assert_int_equal(got.result.outcome, CODES_DONE);
    pr_arena_fini(&got.page.arena);
    assert_int_equal(count(f, &event), 2);
}

static void test_a_code_is_taken_once_in_an_event(void **state)
{
    struct codes_fixture *f = *state;
    static const struct idempotency key = {true, {1}, {1}};
    struct pr_uuid event = add_event(f, "wedding"), other = add_event(f, "other");
    struct code first = inserted(f, &event, NULL), codes[3];
    struct code_batch batch = new_batch(&event, codes, 3);
    memcpy(codes[1].access_code, first.access_code, sizeof first.access_code);
    assert_int_equal(insert_keyed(f, &batch, &key).result.outcome, CODES_TAKEN);
    batch = new_batch(&event, codes, 3);
    memcpy(codes[2].access_code, codes[0].access_code, sizeof codes[0].access_code);
    assert_int_equal(insert_keyed(f, &batch, &key).result.outcome, CODES_TAKEN);
    assert_int_equal(count(f, &event), 1);

    batch = new_batch(&other, codes, 1);
    memcpy(codes[0].access_code, first.access_code, sizeof first.access_code);
    assert_int_equal(insert(f, &batch), CODES_DONE);
    batch = new_batch(&event, codes, 3);
    struct insertion_answer got = insert_keyed(f, &batch, &key);
    assert_int_equal(got.result.outcome, CODES_DONE);
    pr_arena_fini(&got.page.arena);
}

static void test_an_event_has_so_many_codes_at_most(void **state)
{
    struct codes_fixture *f = *state;
    struct pr_uuid event = add_event(f, "wedding");
    struct code *codes = pr_alloc(CODES_AT_ONCE * sizeof *codes);
    for (size_t n = 0; n < CODES_MAX; n += CODES_AT_ONCE) {
        struct code_batch batch = new_batch(&event, codes, CODES_AT_ONCE);
        assert_int_equal(insert(f, &batch), CODES_DONE);
    }
    struct code_batch one = new_batch(&event, codes, 1);
    assert_int_equal(insert(f, &one), CODES_TOO_MANY);
    assert_int_equal(count(f, &event), CODES_MAX);
    free(codes);
}

static void test_events_of_others_and_those_that_go_are_none(void **state)
{
    struct codes_fixture *f = *state;
    static const struct idempotency no_key;
    struct pr_uuid event = add_event(f, "wedding"), closed = add_event(f, "closed");
    struct code kept = inserted(f, &event, NULL), lost = inserted(f, &closed, NULL), code;
    f->close_event(f, &closed);
    struct code_key wrong[] = {
        {stranger, event, kept.id},         {owner, closed, lost.id}, {owner, event, lost.id},
        {owner, event, pr_uuid_v7(NOW_MS)}, {owner, closed, kept.id}, {owner, kept.id, kept.id},
    };
    for (size_t i = 0; i < PR_COUNT(wrong); i++) {
        struct await await;
        struct code_found found;
        struct code_result result;
        assert_int_equal(load(f, &wrong[i], &found), PR_ERR_NOT_FOUND);
        struct code_change revoke = no_change;
        revoke.revoked = 1;
        f->repo->change(f->repo, &wrong[i], &revoke, &result, &found, await_done(&await));
        assert_int_equal(answer(f, &await), PR_ERR_NOT_FOUND);
        f->repo->remove(f->repo, &wrong[i], await_done(&await));
        assert_int_equal(answer(f, &await), PR_ERR_NOT_FOUND);
    }
    struct code_query queries[] = {{stranger, event, {{0}}, 10, false},
                                   {owner, closed, {{0}}, 10, true},
                                   {owner, kept.id, {{0}}, 10, false}};
    for (size_t i = 0; i < PR_COUNT(queries); i++) {
        struct code_page page;
        assert_int_equal(list(f, &queries[i], &page), PR_ERR_NOT_FOUND);
        struct code_batch batch = new_batch(&queries[i].event_id, &code, 1);
        batch.owner_id = queries[i].owner_id;
        assert_int_equal(insert_keyed(f, &batch, &no_key).err, PR_ERR_NOT_FOUND);
    }
    assert_int_equal(count(f, &event), 1);
}

/* ---- the same request again ---- */

static void test_a_key_adds_once_and_then_tells_what_there_is(void **state)
{
    struct codes_fixture *f = *state;
    static const struct idempotency key = {true, {1}, {1}}, other = {true, {1}, {2}};
    struct await await;
    struct pr_uuid event = add_event(f, "wedding");
    struct code first[3], second[3], now;
    struct code_batch batch = new_batch(&event, first, 3), again = new_batch(&event, second, 3);
    struct code_change label = no_change;
    struct insertion_answer got = insert_keyed(f, &batch, &key);
    assert_int_equal(got.result.outcome, CODES_DONE);
    pr_arena_fini(&got.page.arena);

    label.label = "Anna";
    assert_int_equal(change(f, &first[0], &label, &now), CODES_DONE);
    struct code_key gone = key_of(&first[1]);
    f->repo->remove(f->repo, &gone, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
    got = insert_keyed(f, &again, &key);
    assert_int_equal(got.result.outcome, CODES_REPLAYED);
    assert_int_equal(got.page.items_n, 2);
    assert_same(&got.page.items[0], &now);
    assert_same(&got.page.items[1], &first[2]);
    assert_string_equal(got.page.event.slug, "wedding");
    pr_arena_fini(&got.page.arena);
    assert_int_equal(count(f, &event), 2);

    assert_int_equal(insert_keyed(f, &again, &other).result.outcome, CODES_MISMATCH);
    f->close_event(f, &event);
    got = insert_keyed(f, &again, &key);
    assert_int_equal(got.err, PR_OK);
    assert_int_equal(got.result.outcome, CODES_REPLAYED);
    assert_int_equal(got.page.items_n, 0);
    pr_arena_fini(&got.page.arena);
}

static void test_a_key_of_no_event_is_free(void **state)
{
    struct codes_fixture *f = *state;
    static const struct idempotency key = {true, {1}, {1}};
    struct code code;
    struct pr_uuid nowhere = pr_uuid_v7(NOW_MS), event = add_event(f, "wedding");
    struct code_batch batch = new_batch(&nowhere, &code, 1);
    assert_int_equal(insert_keyed(f, &batch, &key).err, PR_ERR_NOT_FOUND);
    batch = new_batch(&event, &code, 1);
    struct insertion_answer got = insert_keyed(f, &batch, &key);
    assert_int_equal(got.err, PR_OK);
    assert_int_equal(got.result.outcome, CODES_DONE);
    pr_arena_fini(&got.page.arena);
}

/* One is added; to the others it is under way, or done. */
static void test_one_key_at_once_adds_one(void **state)
{
    struct codes_fixture *f = *state;
    struct idempotency key = {true, {1}, {1}};
    struct pr_uuid event = add_event(f, "wedding");
    for (uint8_t round = 0; round < 10; round++) {
        struct await awaits[4];
        struct code codes[4];
        struct code_batch batches[4];
        struct insertion_answer got[4];
        size_t added = 0;
        memset(got, 0, sizeof got);
        key.key_hash[0] = round;
        for (size_t i = 0; i < 4; i++) {
            batches[i] = new_batch(&event, &codes[i], 1);
            f->repo->insert(f->repo, &batches[i], &key, &got[i].result, &got[i].page,
                            await_done(&awaits[i]));
        }
        for (size_t i = 0; i < 4; i++) {
            assert_int_equal(answer(f, &awaits[i]), PR_OK);
            enum code_outcome outcome = got[i].result.outcome;
            assert_true(outcome == CODES_DONE || outcome == CODES_RUNNING ||
                        outcome == CODES_REPLAYED);
            assert_true(outcome != CODES_REPLAYED || got[i].page.items_n == 1);
            added += outcome == CODES_DONE;
            pr_arena_fini(&got[i].page.arena);
        }
        assert_int_equal(added, 1);
        assert_int_equal(count(f, &event), round + 1);
    }
}

/* Without a key, all that are drawn alike but one are refused. */
static void test_one_code_at_once_is_taken_once(void **state)
{
    struct codes_fixture *f = *state;
    static const struct idempotency no_key;
    struct pr_uuid event = add_event(f, "wedding");
    for (size_t round = 0; round < 10; round++) {
        struct await awaits[4];
        struct code codes[4];
        struct code_batch batches[4];
        struct insertion_answer got[4];
        size_t added = 0;
        memset(got, 0, sizeof got);
        for (size_t i = 0; i < 4; i++) {
            batches[i] = new_batch(&event, &codes[i], 1);
            memcpy(codes[i].access_code, codes[0].access_code, sizeof codes[0].access_code);
            f->repo->insert(f->repo, &batches[i], &no_key, &got[i].result, &got[i].page,
                            await_done(&awaits[i]));
        }
        for (size_t i = 0; i < 4; i++) {
            assert_int_equal(answer(f, &awaits[i]), PR_OK);
            added += got[i].result.outcome == CODES_DONE;
            assert_true(got[i].result.outcome == CODES_DONE ||
                        got[i].result.outcome == CODES_TAKEN);
            pr_arena_fini(&got[i].page.arena);
        }
        assert_int_equal(added, 1);
    }
}

/* ---- lists ---- */

static void test_list_goes_in_pages_from_the_newest(void **state)
{
    struct codes_fixture *f = *state;
    struct pr_uuid event = add_event(f, "wedding"), other = add_event(f, "other");
    struct code codes[5];
    struct code_page page;
    struct code_batch batch = new_batch(&event, codes, 5);
    struct code_query query = {owner, event, {{0}}, 2, false};
    assert_int_equal(list(f, &query, &page), PR_OK);
    assert_int_equal(page.items_n, 0);
    assert_false(page.more);
    assert_string_equal(page.event.slug, "wedding");
    pr_arena_fini(&page.arena);

    inserted(f, &other, NULL);
    assert_int_equal(insert(f, &batch), CODES_DONE);
    for (size_t left = 5; left > 0;) {
        size_t n = left < 2 ? left : 2;
        assert_int_equal(list(f, &query, &page), PR_OK);
        assert_int_equal(page.items_n, n);
        assert_int_equal(page.more, left > 2);
        for (size_t i = 0; i < n; i++)
            assert_same(&page.items[i], &codes[--left]);
        query.before_id = page.items[n - 1].id;
        pr_arena_fini(&page.arena);
    }
    query = (struct code_query){owner, event, {{0}}, CODES_MAX, true};
    assert_int_equal(list(f, &query, &page), PR_OK);
    assert_int_equal(page.items_n, 5);
    assert_false(page.more);
    for (size_t i = 0; i < 5; i++)
        assert_same(&page.items[i], &codes[i]);
    pr_arena_fini(&page.arena);
}

/* ---- changes ---- */

static void test_what_is_not_changed_stays(void **state)
{
    struct codes_fixture *f = *state;
    struct pr_uuid event = add_event(f, "wedding");
    struct pr_uuid photos[] = {add_photo(f, &event)};
    struct code_ids ids = {photos, 1};
    struct code code = inserted(f, &event, &ids), now;
    struct code expected = code;
    assert_int_equal(change(f, &code, &no_change, &now), CODES_DONE);
    assert_same(&now, &expected);

    struct code_change wanted = no_change;
    wanted.label = "Anna";
    memcpy(expected.label, "Anna", 5);
    assert_int_equal(change(f, &code, &wanted, &now), CODES_DONE);
    assert_same(&now, &expected);

    wanted = no_change;
    wanted.expires = true;
    wanted.expires_at_ms = expected.expires_at_ms = NOW_MS + HOUR_MS;
    assert_int_equal(change(f, &code, &wanted, &now), CODES_DONE);
    assert_same(&now, &expected);
    wanted.expires_at_ms = expected.expires_at_ms = 0;
    assert_int_equal(change(f, &code, &wanted, &now), CODES_DONE);
    assert_same(&now, &expected);
    assert_photos(f, &code, &ids);
}

static void test_revoking_keeps_its_first_time(void **state)
{
    struct codes_fixture *f = *state;
    struct pr_uuid event = add_event(f, "wedding");
    struct code code = inserted(f, &event, NULL), now;
    struct code_change wanted = no_change;
    for (int64_t i = 0; i < 2; i++) {
        wanted.revoked = 1;
        wanted.now_ms = NOW_MS + i * HOUR_MS;
        assert_int_equal(change(f, &code, &wanted, &now), CODES_DONE);
        assert_int_equal(now.revoked_at_ms, NOW_MS);
    }
    wanted.revoked = 0;
    assert_int_equal(change(f, &code, &wanted, &now), CODES_DONE);
    assert_int_equal(now.revoked_at_ms, 0);
}

static void test_photos_are_chosen_added_and_removed(void **state)
{
    struct codes_fixture *f = *state;
    struct pr_uuid event = add_event(f, "wedding");
    struct pr_uuid p[] = {add_photo(f, &event), add_photo(f, &event), add_photo(f, &event)};
    struct pr_uuid stray = pr_uuid_v7(NOW_MS);
    struct code_ids first = {p, 1}, last_two = {p + 1, 2}, all = {p, 3}, none = {p, 0};
    struct code code = inserted(f, &event, &first), now;
    struct code neighbour = inserted(f, &event, &all);
    struct code_change wanted = no_change;
    wanted.add = all; /* one of them is there already */
    assert_int_equal(change(f, &code, &wanted, &now), CODES_DONE);
    assert_int_equal(now.photos_n, 3);
    assert_photos(f, &code, &all);

    wanted = no_change;
    wanted.remove = (struct code_ids){&stray, 1}; /* it was never there */
    assert_int_equal(change(f, &code, &wanted, &now), CODES_DONE);
    wanted.remove = first;
    assert_int_equal(change(f, &code, &wanted, &now), CODES_DONE);
    assert_photos(f, &code, &last_two);

    wanted = no_change;
    wanted.opens_all = 0;
    wanted.photos = first;
    assert_int_equal(change(f, &code, &wanted, &now), CODES_DONE);
    assert_photos(f, &code, &first);
    wanted.photos = none;
    assert_int_equal(change(f, &code, &wanted, &now), CODES_DONE);
    assert_photos(f, &code, &none);
    assert_photos(f, &neighbour, &all);
}

static void test_a_refused_change_changes_nothing(void **state)
{
    struct codes_fixture *f = *state;
    struct pr_uuid event = add_event(f, "wedding"), other = add_event(f, "other");
    struct pr_uuid mixed[] = {add_photo(f, &event), add_photo(f, &other)};
    struct code_ids one = {mixed, 1}, both = {mixed, 2};
    struct code code = inserted(f, &event, &one), all = inserted(f, &event, NULL), now;
    struct code_change wanted = no_change;
    wanted.label = "changed";
    wanted.add = both;
    assert_int_equal(change(f, &code, &wanted, &now), CODES_NOT_PHOTOS);
    assert_same(&now, &code);
    wanted.add = (struct code_ids){NULL, 0};
    wanted.photos = both;
    assert_int_equal(change(f, &code, &wanted, &now), CODES_NOT_PHOTOS);
    assert_same(&now, &code);
    assert_photos(f, &code, &one);

    wanted.photos = (struct code_ids){NULL, 0};
    wanted.add = one;
    assert_int_equal(change(f, &all, &wanted, &now), CODES_OPEN_ALL);
    assert_same(&now, &all);
    wanted.add = (struct code_ids){NULL, 0};
    wanted.remove = one;
    assert_int_equal(change(f, &all, &wanted, &now), CODES_OPEN_ALL);
    wanted.opens_all = 0; /* from now on it opens chosen ones */
    wanted.remove = (struct code_ids){NULL, 0};
    wanted.add = one;
    assert_int_equal(change(f, &all, &wanted, &now), CODES_DONE);
    assert_string_equal(now.label, "changed");
    assert_int_equal(now.photos_n, 1);
    assert_photos(f, &all, &one);
}

static void test_a_photo_that_leaves_the_event_leaves_its_codes(void **state)
{
    struct codes_fixture *f = *state;
    struct pr_uuid event = add_event(f, "wedding");
    struct pr_uuid p[] = {add_photo(f, &event), add_photo(f, &event)};
    struct code_ids both = {p, 2}, one = {p + 1, 1};
    struct code code = inserted(f, &event, &both), all = inserted(f, &event, NULL);
    struct code_found found;
    f->remove_photo(f, &p[0]);
    assert_photos(f, &code, &one);
    struct code_key key = key_of(&all);
    assert_int_equal(load(f, &key, &found), PR_OK);
    assert_int_equal(found.code.photos_n, 1);
    pr_arena_fini(&found.arena);
}

static void test_a_removed_code_is_gone(void **state)
{
    struct codes_fixture *f = *state;
    struct await await;
    struct pr_uuid event = add_event(f, "wedding");
    struct pr_uuid p[] = {add_photo(f, &event)};
    struct code_ids ids = {p, 1};
    struct code code = inserted(f, &event, &ids), other = inserted(f, &event, &ids);
    struct code_key key = key_of(&code);
    struct code_found found;
    f->repo->remove(f->repo, &key, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
    f->repo->remove(f->repo, &key, await_done(&await));
    assert_int_equal(answer(f, &await), PR_ERR_NOT_FOUND);
    assert_int_equal(load(f, &key, &found), PR_ERR_NOT_FOUND);
    assert_photos(f, &other, &ids);
}

int code_repo_contract_run(CMFixtureFunction setup, CMFixtureFunction teardown)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_inserted_codes_come_back_as_they_were),
        CASE(test_hostile_and_largest_labels_survive),
        CASE(test_all_photos_are_also_later_ones),
        CASE(test_only_photos_of_the_event),
        CASE(test_a_code_is_taken_once_in_an_event),
        CASE(test_an_event_has_so_many_codes_at_most),
        CASE(test_events_of_others_and_those_that_go_are_none),
        CASE(test_a_key_adds_once_and_then_tells_what_there_is),
        CASE(test_a_key_of_no_event_is_free),
        CASE(test_one_key_at_once_adds_one),
        CASE(test_one_code_at_once_is_taken_once),
        CASE(test_list_goes_in_pages_from_the_newest),
        CASE(test_what_is_not_changed_stays),
        CASE(test_revoking_keeps_its_first_time),
        CASE(test_photos_are_chosen_added_and_removed),
        CASE(test_a_refused_change_changes_nothing),
        CASE(test_a_photo_that_leaves_the_event_leaves_its_codes),
        CASE(test_a_removed_code_is_gone),
    };
    return cmocka_run_group_tests_name("code_repo", tests, NULL, NULL);
}
