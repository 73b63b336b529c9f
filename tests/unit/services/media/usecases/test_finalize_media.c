#include "tests/support/await.h"
#include "tests/support/failures.h"
#include "tests/support/logs.h"
#include "tests/support/media_world.h"
#include "tests/support/test.h"

static void finalize(struct media_world *world, const struct media *media,
                     struct media_answer *answer)
{
    *answer = (struct media_answer){0};
    finalize_media(&world->deps, &world->owner, &media->id, media_answered, answer);
}

static enum pr_err finalize_now(struct media_world *world, const struct media *media,
                                struct media_answer *answer)
{
    finalize(world, media, answer);
    return media_answer_once(answer);
}

/* As it is saved now. */
static const struct media *row_of(struct media_world *world, const struct media *media)
{
    return fake_media_repo_find(&world->repo, &media->id);
}

static size_t sent(const struct media_world *world, const struct media *media)
{
    return fake_media_repo_sent(&world->repo, MESSAGE_MEDIA_FINALIZED, &media->id);
}

static void test_uploaded_media_becomes_finalized_with_its_message(void **state)
{
    (void)state;
    struct media_answer answer;
    struct media_world *world = media_world_create();
    struct media media = media_world_add(world, MEDIA_CREATED);
    media_world_upload(world, &media);
    test_clock_move(&world->clock, 5000);
    assert_int_equal(finalize_now(world, &media, &answer), PR_OK);
    assert_int_equal(answer.media.state, MEDIA_FINALIZED);
    assert_int_equal(answer.media.version, 2);
    assert_int_equal(answer.media.finalized_at_ms, media.created_at_ms + 5000);
    assert_memory_equal(row_of(world, &media), &answer.media, sizeof media);
    assert_int_equal(sent(world, &media), 1);
    media_world_destroy(world);
}

static void test_before_the_upload_is_a_conflict_and_may_be_asked_again(void **state)
{
    (void)state;
    struct media_answer answer;
    struct media_world *world = media_world_create();
    struct media media = media_world_add(world, MEDIA_CREATED);
    assert_int_equal(finalize_now(world, &media, &answer), PR_ERR_CONFLICT);
    assert_string_equal(answer.fault.field, "media_id");
    assert_memory_equal(row_of(world, &media), &media, sizeof media);
    media_world_upload(world, &media);
    assert_int_equal(finalize_now(world, &media, &answer), PR_OK);
    assert_int_equal(sent(world, &media), 1);
    media_world_destroy(world);
}

static void test_twice_is_harmless(void **state)
{
    (void)state;
    struct media_answer first, second;
    struct media_world *world = media_world_create();
    struct media media = media_world_add(world, MEDIA_CREATED);
    media_world_upload(world, &media);
    assert_int_equal(finalize_now(world, &media, &first), PR_OK);
    test_clock_move(&world->clock, 60000);
    assert_int_equal(finalize_now(world, &media, &second), PR_OK);
    assert_memory_equal(&second.media, &first.media, sizeof media);
    assert_int_equal(sent(world, &media), 1);
    media_world_destroy(world);
}

static void test_ready_media_is_answered_as_it_is(void **state)
{
    (void)state;
    struct media_answer answer;
    struct media_world *world = media_world_create();
    struct media media = media_world_add(world, MEDIA_READY);
    assert_int_equal(finalize_now(world, &media, &answer), PR_OK);
    assert_memory_equal(&answer.media, &media, sizeof media);
    assert_int_equal(world->repo.outbox_n, 0);
    media_world_destroy(world);
}

static void test_rejected_media_stays_rejected_with_its_reason(void **state)
{
    (void)state;
    struct media_answer answer;
    struct media_world *world = media_world_create();
    struct media media = media_world_add(world, MEDIA_REJECTED);
    assert_int_equal(finalize_now(world, &media, &answer), PR_ERR_UNPROCESSABLE);
    assert_non_null(strstr(answer.fault.detail, "unreadable"));
    assert_memory_equal(row_of(world, &media), &media, sizeof media);
    media_world_destroy(world);
}

/* Uploads something else than announced; the media must end rejected for this reason, silently, and
 * a second upload does not heal it. */
static void check_mismatch(int64_t size_by, uint8_t sha256_by, const char *reason)
{
    struct media_answer answer;
    struct media_world *world = media_world_create();
    struct media media = media_world_add(world, MEDIA_CREATED);
    struct media uploaded = media;
    uploaded.size_bytes += size_by;
    uploaded.sha256[31] = (uint8_t)(uploaded.sha256[31] + sha256_by);
    media_world_upload(world, &uploaded);
    assert_int_equal(finalize_now(world, &media, &answer), PR_ERR_UNPROCESSABLE);
    assert_string_equal(answer.fault.field, "media_id");
    assert_non_null(strstr(answer.fault.detail, reason));
    assert_int_equal(row_of(world, &media)->state, MEDIA_REJECTED);
    assert_int_equal(row_of(world, &media)->version, 2);
    assert_string_equal(row_of(world, &media)->reject_reason, reason);
    assert_int_equal(world->repo.outbox_n, 0);

    media_world_upload(world, &media);
    assert_int_equal(finalize_now(world, &media, &answer), PR_ERR_UNPROCESSABLE);
    assert_int_equal(row_of(world, &media)->state, MEDIA_REJECTED);
    media_world_destroy(world);
}

static void test_wrong_size_is_rejected(void **state)
{
    (void)state;
    check_mismatch(1, 0, "size_mismatch");
    check_mismatch(-1, 0, "size_mismatch");
    check_mismatch(-4321, 0, "size_mismatch"); /* an empty object */
    check_mismatch(1, 1, "size_mismatch");
}

static void test_wrong_checksum_is_rejected(void **state)
{
    (void)state;
    check_mismatch(0, 1, "checksum_mismatch");
}

static void test_store_without_checksums_is_believed_by_size(void **state)
{
    (void)state;
    struct media_answer answer;
    struct media_world *world = media_world_create();
    struct media media = media_world_add(world, MEDIA_CREATED), uploaded = media;
    world->store.no_checksums = true;
    uploaded.sha256[0] ^= 1; /* the thumbnailer will find out */
    media_world_upload(world, &uploaded);
    assert_int_equal(finalize_now(world, &media, &answer), PR_OK);
    assert_int_equal(sent(world, &media), 1);
    media_world_destroy(world);
}

static void test_somebody_elses_media_is_not_found(void **state)
{
    (void)state;
    static const enum media_state states[] = {MEDIA_CREATED, MEDIA_FINALIZED, MEDIA_READY,
                                              MEDIA_REJECTED};
    for (size_t i = 0; i < MEDIA_STATES; i++) {
        struct media_answer answer = {0};
        struct media_world *world = media_world_create();
        struct media media = media_world_add(world, states[i]);
        media_world_upload(world, &media);
        finalize_media(&world->deps, &world->stranger, &media.id, media_answered, &answer);
        assert_int_equal(media_answer_once(&answer), PR_ERR_NOT_FOUND);
        assert_string_equal(answer.fault.field, "");
        assert_string_equal(answer.fault.detail, "");
        assert_memory_equal(row_of(world, &media), &media, sizeof media);
        media_world_destroy(world);
    }
}

static void test_unknown_media_is_not_found(void **state)
{
    (void)state;
    struct media_answer answer;
    struct media_world *world = media_world_create();
    struct media media = {.id = pr_uuid_v7(5)};
    assert_int_equal(finalize_now(world, &media, &answer), PR_ERR_NOT_FOUND);
    media_world_destroy(world);
}

static void test_after_deletion_is_not_found(void **state)
{
    (void)state;
    struct media_answer answer = {0};
    struct media_world *world = media_world_create();
    struct media media = media_world_add(world, MEDIA_CREATED);
    media_world_upload(world, &media);
    delete_media(&world->deps, &world->owner, &media.id, media_answered, &answer);
    assert_int_equal(media_answer_once(&answer), PR_OK);
    assert_int_equal(finalize_now(world, &media, &answer), PR_ERR_NOT_FOUND);
    assert_int_equal(sent(world, &media), 0);
    media_world_destroy(world);
}

static void test_after_the_reaper_is_not_found(void **state)
{
    (void)state;
    struct await reaped;
    struct media_answer answer;
    struct media_world *world = media_world_create();
    struct media media = media_world_add(world, MEDIA_CREATED);
    media_world_upload(world, &media);
    test_clock_move(&world->clock, 2 * 3600000 + 1);
    reap_uploads(&world->deps, await_done(&reaped));
    assert_int_equal(await_once(&reaped), PR_OK);
    assert_int_equal(finalize_now(world, &media, &answer), PR_ERR_NOT_FOUND);
    assert_int_equal(sent(world, &media), 0);
    media_world_destroy(world);
}

/* Deleted, or reaped, between our load and our save. */
static void test_gone_meanwhile_is_not_found(void **state)
{
    (void)state;
    struct media_answer answer, deleted = {0};
    struct media_world *world = media_world_create();
    struct media media = media_world_add(world, MEDIA_CREATED);
    media_world_upload(world, &media);
    gate_hold(&world->gate, true);
    finalize(world, &media, &answer);
    gate_release(&world->gate, 0, "load");
    gate_release(&world->gate, 0, "head");
    gate_hold(&world->gate, false);
    delete_media(&world->deps, &world->owner, &media.id, media_answered, &deleted);
    assert_int_equal(media_answer_once(&deleted), PR_OK);
    gate_release(&world->gate, 0, "save_finalized");
    assert_int_equal(media_answer_once(&answer), PR_ERR_NOT_FOUND);
    assert_int_equal(sent(world, &media), 0);
    media_world_destroy(world);
}

/* Two clients whose calls alternate up to the save; the first or the second saves first. */
static void check_race(size_t first_to_save)
{
    struct media_answer answers[2];
    struct media_world *world = media_world_create();
    struct media media = media_world_add(world, MEDIA_CREATED);
    media_world_upload(world, &media);
    gate_hold(&world->gate, true);
    finalize(world, &media, &answers[0]);
    finalize(world, &media, &answers[1]);
    gate_release(&world->gate, 0, "load");
    gate_release(&world->gate, 0, "load");
    gate_release(&world->gate, 0, "head");
    gate_release(&world->gate, 0, "head");
    assert_int_equal(gate_held(&world->gate), 2);
    gate_release(&world->gate, first_to_save, "save_finalized");
    assert_int_equal(media_answer_once(&answers[first_to_save]), PR_OK);
    test_clock_move(&world->clock, 10);
    gate_release(&world->gate, 0, "save_finalized");
    assert_int_equal(answers[1 - first_to_save].calls, 0);
    gate_release(&world->gate, 0, "load"); /* it lost, and looks */
    assert_int_equal(media_answer_once(&answers[1 - first_to_save]), PR_OK);
    assert_memory_equal(&answers[0].media, &answers[1].media, sizeof media);
    assert_int_equal(row_of(world, &media)->version, 2);
    assert_int_equal(sent(world, &media), 1);
    media_world_destroy(world);
}

static void test_two_at_once_save_one(void **state)
{
    (void)state;
    check_race(0);
    check_race(1);
}

/* One client sees the right bytes, the other sees wrong ones: whoever saves first decides, and both
 * are told the same. */
static void check_disagreement(bool reject_first)
{
    struct media_answer right, wrong;
    struct media_world *world = media_world_create();
    struct media media = media_world_add(world, MEDIA_CREATED), other = media;
    other.size_bytes++;
    media_world_upload(world, &media);
    gate_hold(&world->gate, true);
    finalize(world, &media, &right);
    finalize(world, &media, &wrong);
    gate_release(&world->gate, 0, "load");
    gate_release(&world->gate, 0, "load");
    gate_release(&world->gate, 0, "head");
    media_world_upload(world, &other);
    gate_release(&world->gate, 0, "head");
    gate_release(&world->gate, reject_first ? 1 : 0,
                 reject_first ? "save_rejected" : "save_finalized");
    gate_release_all(&world->gate);
    enum pr_err expected = reject_first ? PR_ERR_UNPROCESSABLE : PR_OK;
    assert_int_equal(media_answer_once(&right), expected);
    assert_int_equal(media_answer_once(&wrong), expected);
    assert_int_equal(sent(world, &media), reject_first ? 0 : 1);
    assert_int_equal(row_of(world, &media)->state, reject_first ? MEDIA_REJECTED : MEDIA_FINALIZED);
    media_world_destroy(world);
}

static void test_two_at_once_that_disagree_are_told_the_same(void **state)
{
    (void)state;
    check_disagreement(false);
    check_disagreement(true);
}

/* ---- in parts ---- */

static struct media add_with_parts(struct media_world *world)
{
    struct media media = media_world_add_in_parts(world, true);
    for (int64_t number = 1; number <= 3; number++)
        media_world_put_part(world, &media, number);
    return media;
}

static void test_all_parts_become_the_object(void **state)
{
    (void)state;
    struct media_answer answer;
    struct media_world *world = media_world_create();
    struct media media = add_with_parts(world);
    assert_int_equal(finalize_now(world, &media, &answer), PR_OK);
    assert_int_equal(answer.media.state, MEDIA_FINALIZED);
    assert_int_equal(world->store.uploads_n, 0);
    assert_int_equal(world->store.objects[0].size_bytes, media.size_bytes);
    assert_int_equal(sent(world, &media), 1);
    unsigned calls = world->gate.passed;
    assert_int_equal(finalize_now(world, &media, &answer), PR_OK); /* a load, no more */
    assert_int_equal(world->gate.passed, calls + 1);
    media_world_destroy(world);
}

static void check_missing(struct media_world *world, const struct media *media, const char *detail)
{
    struct media_answer answer;
    assert_int_equal(finalize_now(world, media, &answer), PR_ERR_CONFLICT);
    assert_string_equal(answer.fault.field, "media_id");
    assert_string_equal(answer.fault.detail, detail);
    assert_int_equal(row_of(world, media)->state, MEDIA_CREATED);
    assert_int_equal(world->store.objects_n, 0);
}

static void test_a_missing_part_is_a_conflict_that_names_it(void **state)
{
    (void)state;
    struct media_answer answer;
    struct media_world *world = media_world_create();
    struct media media = media_world_add_in_parts(world, false);
    check_missing(world, &media, "part 1 of 3 was not uploaded yet");
    const char *id = fake_object_store_begin(&world->store, media.object_key);
    assert_true(pr_str_copy(pr_str(id), media.upload_id, sizeof media.upload_id));
    world->repo.rows[0] = media;
    check_missing(world, &media, "part 1 of 3 was not uploaded yet");
    media_world_put_part(world, &media, 1);
    media_world_put_part(world, &media, 3);
    check_missing(world, &media, "part 2 of 3 was not uploaded yet");
    fake_object_store_put_part(&world->store, media.upload_id, 2, 7);
    check_missing(world, &media, "part 2 of 3 was not uploaded yet"); /* not with its size */
    media_world_put_part(world, &media, 2);
    assert_int_equal(finalize_now(world, &media, &answer), PR_OK);
    media_world_destroy(world);
}

/* Only somebody with the bucket's own key can put it there. */
static void test_a_part_too_many_is_left_out(void **state)
{
    (void)state;
    struct media_answer answer;
    struct media_world *world = media_world_create();
    struct media media = add_with_parts(world);
    fake_object_store_put_part(&world->store, media.upload_id, 4, 100);
    assert_int_equal(finalize_now(world, &media, &answer), PR_OK);
    assert_int_equal(world->store.objects[0].size_bytes, media.size_bytes);
    media_world_destroy(world);
}

static void test_a_part_that_comes_anew_meanwhile_is_a_conflict(void **state)
{
    (void)state;
    struct media_answer answer;
    struct media_world *world = media_world_create();
    struct media media = add_with_parts(world);
    gate_hold(&world->gate, true);
    finalize(world, &media, &answer);
    gate_release(&world->gate, 0, "load");
    gate_release(&world->gate, 0, "head");
    gate_release(&world->gate, 0, "list_parts");
    media_world_put_part(world, &media, 2);
    gate_release(&world->gate, 0, "complete_upload");
    assert_int_equal(media_answer_once(&answer), PR_ERR_CONFLICT);
    assert_string_equal(answer.fault.field, "media_id");
    gate_hold(&world->gate, false);
    assert_int_equal(finalize_now(world, &media, &answer), PR_OK);
    media_world_destroy(world);
}

/* Killed when the store had completed it, and before the row said so. */
static void test_an_object_that_is_there_already_is_taken(void **state)
{
    (void)state;
    struct media_answer answer;
    struct media_world *world = media_world_create();
    struct media media = add_with_parts(world);
    gate_fail(&world->gate, 4, PR_ERR_TIMEOUT, true);
    assert_int_equal(finalize_now(world, &media, &answer), PR_ERR_TIMEOUT);
    assert_int_equal(world->store.objects_n, 1);
    assert_int_equal(row_of(world, &media)->state, MEDIA_CREATED);
    assert_int_equal(finalize_now(world, &media, &answer), PR_OK);
    assert_int_equal(sent(world, &media), 1);
    media_world_destroy(world);
}

static void test_two_that_complete_at_once(void **state)
{
    (void)state;
    struct media_answer answers[2];
    struct media_world *world = media_world_create();
    struct media media = add_with_parts(world);
    gate_hold(&world->gate, true);
    finalize(world, &media, &answers[0]);
    finalize(world, &media, &answers[1]);
    static const char *const calls[] = {"load", "head", "list_parts", "complete_upload"};
    for (size_t i = 0; i < 4; i++) {
        gate_release(&world->gate, 0, calls[i]);
        gate_release(&world->gate, 0, calls[i]);
    }
    gate_release_all(&world->gate);
    assert_int_equal(media_answer_once(&answers[0]), PR_OK);
    assert_int_equal(media_answer_once(&answers[1]), PR_OK);
    assert_int_equal(sent(world, &media), 1);
    media_world_destroy(world);
}

/* The store has taken the parts away already when the second one lists them. */
static void test_parts_that_became_the_object_meanwhile(void **state)
{
    (void)state;
    struct media_answer answers[2];
    struct media_world *world = media_world_create();
    struct media media = add_with_parts(world);
    gate_hold(&world->gate, true);
    finalize(world, &media, &answers[0]);
    finalize(world, &media, &answers[1]);
    gate_release(&world->gate, 0, "load");
    gate_release(&world->gate, 0, "load");
    gate_release(&world->gate, 0, "head");
    gate_release(&world->gate, 0, "head");
    gate_release(&world->gate, 0, "list_parts");
    gate_release(&world->gate, 1, "complete_upload");
    gate_release(&world->gate, 0, "list_parts"); /* none */
    gate_release_all(&world->gate);
    assert_int_equal(media_answer_once(&answers[0]), PR_OK);
    assert_int_equal(media_answer_once(&answers[1]), PR_OK);
    assert_int_equal(sent(world, &media), 1);
    media_world_destroy(world);
}

static void test_an_upload_that_was_aborted_behind_our_back(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    struct media media = add_with_parts(world);
    world->store.uploads_n = 0;
    check_missing(world, &media, "part 1 of 3 was not uploaded yet");
    media_world_destroy(world);
}

/* ---- every port call failing ---- */

static void *setup_parts(void)
{
    struct media_world *world = media_world_create();
    world->media_id = add_with_parts(world).id;
    return world;
}

static void *setup_uploaded(void)
{
    struct media_world *world = media_world_create();
    struct media media = media_world_add(world, MEDIA_CREATED);
    world->media_id = media.id;
    media_world_upload(world, &media);
    return world;
}

static void *setup_wrong_bytes(void)
{
    struct media_world *world = setup_uploaded();
    world->store.objects[0].size_bytes++;
    return world;
}

static void start(void *arg, struct pr_done done)
{
    struct media_world *world = arg;
    finalize_media(&world->deps, &world->owner, &world->media_id, media_done_pass,
                   media_done_arg(done));
}

static void check_half(void *arg)
{
    struct media_world *world = arg;
    const struct media *row = fake_media_repo_find(&world->repo, &world->media_id);
    assert_int_equal(row->version, row->state == MEDIA_CREATED ? 1 : 2);
    assert_int_equal(world->repo.outbox_n, row->state == MEDIA_FINALIZED);
}

static void check_finalized(void *arg)
{
    struct media_world *world = arg;
    check_half(world);
    assert_int_equal(world->repo.rows[0].state, MEDIA_FINALIZED);
}

static void check_rejected(void *arg)
{
    struct media_world *world = arg;
    check_half(world);
    assert_int_equal(world->repo.rows[0].state, MEDIA_REJECTED);
}

static void test_every_failure(void **state)
{
    (void)state;
    struct failure_case c = {
        .setup = setup_uploaded,
        .teardown = media_world_destroy,
        .gate = media_world_gate,
        .start = start,
        .answer = PR_OK,
        .check_half = check_half,
        .check = check_finalized,
    };
    for_each_failure(&c);
    c.setup = setup_parts;
    for_each_failure(&c);
    c.setup = setup_wrong_bytes;
    c.answer = PR_ERR_UNPROCESSABLE;
    c.check = check_rejected;
    for_each_failure(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uploaded_media_becomes_finalized_with_its_message),
        cmocka_unit_test(test_before_the_upload_is_a_conflict_and_may_be_asked_again),
        cmocka_unit_test(test_twice_is_harmless),
        cmocka_unit_test(test_ready_media_is_answered_as_it_is),
        cmocka_unit_test(test_rejected_media_stays_rejected_with_its_reason),
        cmocka_unit_test(test_wrong_size_is_rejected),
        cmocka_unit_test(test_wrong_checksum_is_rejected),
        cmocka_unit_test(test_store_without_checksums_is_believed_by_size),
        cmocka_unit_test(test_somebody_elses_media_is_not_found),
        cmocka_unit_test(test_unknown_media_is_not_found),
        cmocka_unit_test(test_after_deletion_is_not_found),
        cmocka_unit_test(test_after_the_reaper_is_not_found),
        cmocka_unit_test(test_gone_meanwhile_is_not_found),
        cmocka_unit_test(test_two_at_once_save_one),
        cmocka_unit_test(test_two_at_once_that_disagree_are_told_the_same),
        cmocka_unit_test(test_all_parts_become_the_object),
        cmocka_unit_test(test_a_missing_part_is_a_conflict_that_names_it),
        cmocka_unit_test(test_a_part_too_many_is_left_out),
        cmocka_unit_test(test_a_part_that_comes_anew_meanwhile_is_a_conflict),
        cmocka_unit_test(test_an_object_that_is_there_already_is_taken),
        cmocka_unit_test(test_two_that_complete_at_once),
        cmocka_unit_test(test_parts_that_became_the_object_meanwhile),
        cmocka_unit_test(test_an_upload_that_was_aborted_behind_our_back),
        cmocka_unit_test(test_every_failure),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
