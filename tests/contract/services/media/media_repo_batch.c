/* Many media that are announced together. */
#include "tests/contract/services/media/media_repo_calls.h"

#include "shared/base/alloc.h"

#define ALIVE_MS (NOW_MS + 60000)

static struct insertion insert_batch(struct repo_fixture *f, struct batch_entry *entries, size_t n)
{
    struct await await;
    struct insertion insertion;
    f->repo->insert_batch(f->repo, entries, n, ALIVE_MS, &insertion, await_done(&await));
    assert_int_equal(answer(f, &await), PR_OK);
    return insertion;
}

/* Other bytes for each number; their URLs live an hour. */
static struct batch_entry entry_of(uint16_t bytes)
{
    struct batch_entry entry = {.media = new_media(1, NOW_MS)};
    entry.media.sha256[0] = (uint8_t)(bytes >> 8);
    entry.media.sha256[1] = (uint8_t)bytes;
    return entry;
}

static void assert_outcome(const struct batch_entry *entry, int outcome, const struct media *media)
{
    assert_int_equal(entry->outcome, outcome);
    assert_same_media(&entry->media, media);
}

void test_batch_adds_all_with_their_messages(void **state)
{
    struct repo_fixture *f = *state;
    struct batch_entry *entries = pr_alloc(500 * sizeof *entries);
    struct media *media = pr_alloc(500 * sizeof *media);
    for (uint16_t i = 0; i < 500; i++) {
        entries[i] = entry_of(i);
        media[i] = entries[i].media;
    }
    memset(media[7].filename, 'x', MEDIA_FILENAME_MAX);
    strcpy(media[8].filename, "\"} \\ ünï \xf0\x9f\x93\xb7 $1 '; --.jpg");
    media[9].part_size_bytes = 1 << 24;
    media[9].upload_expires_at_ms = NOW_MS + 7 * 24 * HOUR_MS;
    media[10].type = media_type_parse(pr_str("video/mp4"));
    for (size_t i = 7; i <= 10; i++)
        entries[i].media = media[i];
    int64_t began_ns = pr_monotonic_ns();
    assert_int_equal(insert_batch(f, entries, 500).outcome, INSERTION_NEW);
    print_message("500 in %.1f ms\n", (double)(pr_monotonic_ns() - began_ns) / 1e6);
    for (size_t i = 0; i < 500; i++)
        assert_outcome(&entries[i], BATCH_ADDED, &media[i]);
    for (size_t i = 0; i < 500; i += i < 12 ? 1 : 61) {
        assert_saved(f, &media[i]);
        assert_messages(f, &media[i], "created 1");
    }
    free(entries);
    free(media);
}

/* Created with time left, finalized, ready: there. Rejected, or out of time, or of somebody else, or
 * of other bytes, or to come in parts: not. */
void test_batch_finds_what_is_there(void **state)
{
    struct repo_fixture *f = *state;
    struct media waiting = new_media(1, NOW_MS), come = new_media(1, NOW_MS),
                 refused = new_media(1, NOW_MS), late = new_media(1, NOW_MS - 2 * HOUR_MS),
                 elses = new_media(2, NOW_MS), larger = new_media(1, NOW_MS),
                 in_parts = new_media(1, NOW_MS);
    struct media *all[] = {&waiting, &come, &refused, &late, &elses, &larger, &in_parts};
    struct batch_entry entries[PR_COUNT(all)];
    struct media asked[PR_COUNT(all)];
    late.upload_expires_at_ms = ALIVE_MS;
    larger.size_bytes++;
    in_parts.part_size_bytes = 1 << 24;
    for (size_t i = 0; i < PR_COUNT(all); i++) {
        all[i]->sha256[0] = (uint8_t)i;
        insert(f, all[i]);
        entries[i] = entry_of((uint16_t)(i << 8));
        memcpy(entries[i].media.sha256, all[i]->sha256, sizeof all[i]->sha256);
        asked[i] = entries[i].media;
    }
    come = finalize(&come);
    assert_true(save(f, f->repo->save_finalized, &come));
    refused = refuse(&refused);
    assert_true(save(f, f->repo->save_rejected, &refused));
    assert_int_equal(insert_batch(f, entries, PR_COUNT(all)).outcome, INSERTION_NEW);
    assert_outcome(&entries[0], BATCH_THERE, &waiting);
    assert_outcome(&entries[1], BATCH_THERE, &come);
    for (size_t i = 0; i < PR_COUNT(all); i++) {
        if (i < 2) {
            assert_gone(f, &asked[i]);
            assert_messages(f, &asked[i], "");
        } else {
            assert_outcome(&entries[i], BATCH_ADDED, &asked[i]);
            assert_saved(f, &asked[i]);
            assert_messages(f, &asked[i], "created 1");
        }
    }
    /* Again, now that all are there: nothing is added. */
    for (size_t i = 0; i < PR_COUNT(all); i++) {
        struct media earlier = entries[i].media;
        entries[i] = entry_of(0);
        memcpy(entries[i].media.sha256, asked[i].sha256, sizeof asked[i].sha256);
        struct media fresh = entries[i].media;
        assert_int_equal(insert_batch(f, &entries[i], 1).outcome, INSERTION_NEW);
        assert_outcome(&entries[i], BATCH_THERE, &earlier);
        assert_gone(f, &fresh);
    }
}

/* What has come beats what shall come, though it is older. */
void test_batch_prefers_what_has_come(void **state)
{
    struct repo_fixture *f = *state;
    struct media come = finalized(f), waiting = new_media(1, NOW_MS);
    struct batch_entry entry = entry_of(0);
    memcpy(waiting.sha256, come.sha256, sizeof come.sha256);
    memcpy(entry.media.sha256, come.sha256, sizeof come.sha256);
    entry.media.owner_id = waiting.owner_id = come.owner_id;
    entry.media.size_bytes = waiting.size_bytes = come.size_bytes;
    insert(f, &waiting);
    assert_int_equal(insert_batch(f, &entry, 1).outcome, INSERTION_NEW);
    assert_outcome(&entry, BATCH_THERE, &come);
}

void test_batch_adds_the_same_bytes_once(void **state)
{
    struct repo_fixture *f = *state;
    struct media there = new_media(1, NOW_MS);
    there.sha256[0] = 0;
    there.sha256[1] = 9;
    insert(f, &there);
    struct batch_entry entries[] = {entry_of(1), entry_of(9), entry_of(1),
                                    entry_of(2), entry_of(9), entry_of(1)};
    struct media first = entries[0].media, second = entries[2].media;
    memcpy(entries[1].media.sha256, there.sha256, sizeof there.sha256);
    memcpy(entries[4].media.sha256, there.sha256, sizeof there.sha256);
    assert_int_equal(insert_batch(f, entries, PR_COUNT(entries)).outcome, INSERTION_NEW);
    assert_outcome(&entries[0], BATCH_ADDED, &first);
    assert_outcome(&entries[1], BATCH_THERE, &there);
    assert_outcome(&entries[2], BATCH_REPEATED, &first);
    assert_int_equal(entries[3].outcome, BATCH_ADDED);
    assert_outcome(&entries[4], BATCH_REPEATED, &there);
    assert_outcome(&entries[5], BATCH_REPEATED, &first);
    assert_saved(f, &first);
    assert_messages(f, &first, "created 1");
    assert_gone(f, &second);
}

/* Who comes second, while the first is not answered, finds what the first one adds. */
void test_same_batch_at_once_adds_once(void **state)
{
    struct repo_fixture *f = *state;
    for (uint16_t round = 0; round < 10; round++) {
        struct batch_entry entries[4][3];
        struct await awaits[4];
        struct insertion insertions[4];
        size_t added = 0;
        for (size_t i = 0; i < 4; i++) {
            for (uint16_t k = 0; k < 3; k++)
                entries[i][k] = entry_of((uint16_t)(round * 3 + k));
            f->repo->insert_batch(f->repo, entries[i], 3, ALIVE_MS, &insertions[i],
                                  await_done(&awaits[i]));
        }
        for (size_t i = 0; i < 4; i++) {
            assert_int_equal(answer(f, &awaits[i]), PR_OK);
            assert_int_equal(insertions[i].outcome, INSERTION_NEW);
            for (size_t k = 0; k < 3; k++)
                added += entries[i][k].outcome == BATCH_ADDED;
        }
        assert_int_equal(added, 3);
        for (size_t i = 1; i < 4; i++)
            assert_true(pr_uuid_eq(&entries[i][1].media.id, &entries[0][1].media.id));
    }
}
