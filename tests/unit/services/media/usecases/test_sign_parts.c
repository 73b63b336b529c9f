#include "tests/support/failures.h"
#include "tests/support/logs.h"
#include "tests/support/media_world.h"
#include "tests/support/test.h"

#include "shared/base/alloc.h"

#include <stdio.h>
#include <stdlib.h>

struct answer {
    unsigned calls;
    struct pr_fault fault;
    size_t parts_n;
    char urls[3][1024];
    char sizes[3][24];
    int64_t expires_at_ms;
};

static void answered(void *arg, const struct pr_fault *fault, const struct sign_parts_cmd *cmd,
                     const struct signed_upload *uploads, int64_t expires_at_ms)
{
    struct answer *answer = arg;
    answer->calls++;
    answer->fault = *fault;
    answer->parts_n = cmd->parts_n;
    answer->expires_at_ms = expires_at_ms;
    for (size_t i = 0; !fault->err && i < cmd->parts_n && i < 3; i++) {
        assert_true(pr_str_copy(uploads[i].url, answer->urls[i], sizeof answer->urls[i]));
        assert_true(
            pr_str_copy(uploads[i].headers[0].value, answer->sizes[i], sizeof answer->sizes[i]));
    }
}

static void start_for(struct media_world *world, const struct pr_uuid *caller,
                      const struct pr_uuid *id, const int64_t *numbers, size_t n,
                      struct answer *answer)
{
    struct sign_parts_cmd cmd = {.caller = *caller, .media_id = *id, .parts_n = n};
    for (size_t i = 0; i < n; i++)
        cmd.parts[i].number = numbers[i];
    *answer = (struct answer){0};
    sign_parts(&world->deps, &cmd, answered, answer);
}

static enum pr_err sign(struct media_world *world, const struct media *media, int64_t number,
                        struct answer *answer)
{
    start_for(world, &world->owner, &media->id, &number, 1, answer);
    assert_int_equal(answer->calls, 1);
    return answer->fault.err;
}

static const struct media *row_of(struct media_world *world, const struct media *media)
{
    return fake_media_repo_find(&world->repo, &media->id);
}

static void test_the_first_part_begins_the_upload(void **state)
{
    (void)state;
    struct answer answer;
    struct media_world *world = media_world_create();
    struct media media = media_world_add_in_parts(world, false);
    start_for(world, &world->owner, &media.id, (const int64_t[]){3, 1, 2}, 3, &answer);
    assert_int_equal(answer.fault.err, PR_OK);
    assert_int_equal(world->store.uploads_n, 1);
    assert_string_equal(row_of(world, &media)->upload_id, world->store.uploads[0].id);
    assert_int_equal(row_of(world, &media)->version, 1);
    assert_non_null(strstr(answer.urls[0], "upload=upload-1&part=3&expires=3600"));
    assert_non_null(strstr(answer.urls[1], "part=1"));
    assert_string_equal(answer.sizes[0], "1");
    assert_string_equal(answer.sizes[1], "16777216");
    assert_int_equal(answer.expires_at_ms, world->clock.now_ms + 3600000);
    assert_int_equal(world->repo.outbox_n, 0);

    assert_int_equal(sign(world, &media, 2, &answer), PR_OK);
    assert_int_equal(world->store.uploads_n, 1); /* the same one */
    media_world_destroy(world);
}

static void test_urls_end_with_the_upload_and_within_the_hour(void **state)
{
    (void)state;
    struct answer answer;
    struct media_world *world = media_world_create();
    struct media media = media_world_add_in_parts(world, true);
    world->deps.upload_ttl_s = 86400;
    assert_int_equal(sign(world, &media, 1, &answer), PR_OK);
    assert_int_equal(answer.expires_at_ms, world->clock.now_ms + 3600000);
    world->deps.upload_ttl_s = 60;
    assert_int_equal(sign(world, &media, 1, &answer), PR_OK);
    assert_int_equal(answer.expires_at_ms, world->clock.now_ms + 60000);
    world->clock.now_ms = media.upload_expires_at_ms - 5000;
    assert_int_equal(sign(world, &media, 1, &answer), PR_OK);
    assert_int_equal(answer.expires_at_ms, media.upload_expires_at_ms);
    world->clock.now_ms = media.upload_expires_at_ms - 999;
    assert_int_equal(sign(world, &media, 1, &answer), PR_ERR_GONE);
    assert_string_equal(answer.fault.field, "id");
    media_world_destroy(world);
}

static void test_numbers_there_are_none_of(void **state)
{
    (void)state;
    static const int64_t bad[] = {0, -1, 4, 10001, INT64_MAX, INT64_MIN};
    struct answer answer;
    struct media_world *world = media_world_create();
    struct media media = media_world_add_in_parts(world, false);
    for (size_t i = 0; i < PR_COUNT(bad); i++) {
        start_for(world, &world->owner, &media.id, (const int64_t[]){1, bad[i]}, 2, &answer);
        assert_int_equal(answer.fault.err, PR_ERR_INVALID);
        assert_string_equal(answer.fault.field, "parts");
    }
    assert_int_equal(world->store.uploads_n, 0);
    media_world_destroy(world);
}

static void test_media_that_take_no_parts(void **state)
{
    (void)state;
    struct answer answer;
    struct media_world *world = media_world_create();
    struct media plain = media_world_add(world, MEDIA_CREATED);
    struct media media = media_world_add_in_parts(world, true);
    struct media unknown = {.id = pr_uuid_v7(5)};
    assert_int_equal(sign(world, &plain, 1, &answer), PR_ERR_CONFLICT);
    assert_string_equal(answer.fault.field, "id");
    assert_int_equal(sign(world, &unknown, 1, &answer), PR_ERR_NOT_FOUND);
    const int64_t one = 1;
    start_for(world, &world->stranger, &media.id, &one, 1, &answer);
    assert_int_equal(answer.fault.err, PR_ERR_NOT_FOUND);
    assert_string_equal(answer.fault.detail, "");
    for (int s = MEDIA_FINALIZED; s < MEDIA_STATES; s++) {
        fake_media_repo_find(&world->repo, &media.id)->state = (enum media_state)s;
        assert_int_equal(sign(world, &media, 1, &answer), PR_ERR_CONFLICT);
        assert_non_null(strstr(answer.fault.detail, media_state_name((enum media_state)s)));
    }
    media_world_destroy(world);
}

/* Killed between the store and the row: the upload that is there is the one that goes on. */
static void test_an_upload_that_was_begun_and_not_kept_is_taken(void **state)
{
    (void)state;
    struct answer answer;
    struct media_world *world = media_world_create();
    struct media media = media_world_add_in_parts(world, false);
    fake_object_store_begin(&world->store, media.object_key);
    assert_int_equal(sign(world, &media, 1, &answer), PR_OK);
    assert_int_equal(world->store.uploads_n, 1);
    assert_string_equal(row_of(world, &media)->upload_id, "upload-1");
    media_world_destroy(world);
}

/* Two begin at the same moment, and the store gives each an upload of its own. */
static void test_two_at_once_keep_one_upload(void **state)
{
    (void)state;
    const int64_t one = 1;
    struct answer first, second;
    struct media_world *world = media_world_create();
    struct media media = media_world_add_in_parts(world, false);
    gate_hold(&world->gate, true);
    start_for(world, &world->owner, &media.id, &one, 1, &first);
    start_for(world, &world->owner, &media.id, &one, 1, &second);
    gate_release(&world->gate, 0, "load");
    gate_release(&world->gate, 0, "load");
    gate_release(&world->gate, 0, "begin_upload");
    strcpy(world->store.uploads[0].key, "hidden"); /* not listed yet */
    gate_release(&world->gate, 0, "begin_upload");
    memcpy(world->store.uploads[0].key, media.object_key, sizeof media.object_key);
    assert_int_equal(world->store.uploads_n, 2);
    gate_release_all(&world->gate);
    assert_int_equal(first.fault.err, PR_OK);
    assert_int_equal(second.fault.err, PR_OK);
    assert_string_equal(first.urls[0], second.urls[0]);
    assert_int_equal(world->store.uploads_n, 1);
    assert_string_equal(world->store.uploads[0].id, row_of(world, &media)->upload_id);
    media_world_destroy(world);
}

static void test_deleted_meanwhile_is_not_found(void **state)
{
    (void)state;
    const int64_t one = 1;
    struct answer answer;
    struct media_answer deleted = {0};
    struct media_world *world = media_world_create();
    struct media media = media_world_add_in_parts(world, false);
    gate_hold(&world->gate, true);
    start_for(world, &world->owner, &media.id, &one, 1, &answer);
    gate_release(&world->gate, 0, "load");
    gate_hold(&world->gate, false);
    delete_media(&world->deps, &world->owner, &media.id, media_answered, &deleted);
    assert_int_equal(media_answer_once(&deleted), PR_OK);
    gate_release_all(&world->gate);
    assert_int_equal(answer.fault.err, PR_ERR_NOT_FOUND);
    assert_int_equal(world->repo.jobs_n, 2); /* the late one finds it by its key */
    media_world_destroy(world);
}

/* ---- every port call failing ---- */

static void *setup(void)
{
    struct media_world *world = media_world_create();
    world->media_id = media_world_add_in_parts(world, false).id;
    return world;
}

static void pass(void *arg, const struct pr_fault *fault, const struct sign_parts_cmd *cmd,
                 const struct signed_upload *uploads, int64_t expires_at_ms)
{
    struct pr_done done = *(struct pr_done *)arg;
    (void)cmd;
    (void)uploads;
    (void)expires_at_ms;
    free(arg);
    pr_done_call(done, fault->err);
}

static void start(void *arg, struct pr_done done)
{
    struct media_world *world = arg;
    struct sign_parts_cmd cmd = {
        .caller = world->owner, .media_id = world->media_id, .parts_n = 1, .parts = {{1, {0}}}};
    sign_parts(&world->deps, &cmd, pass, media_done_arg(done));
}

static void check(void *arg)
{
    struct media_world *world = arg;
    assert_int_equal(world->store.uploads_n, 1); /* never one too many */
    assert_string_equal(world->repo.rows[0].upload_id, world->store.uploads[0].id);
    assert_int_equal(world->repo.rows[0].version, 1);
}

static void test_every_failure(void **state)
{
    (void)state;
    for_each_failure(&(struct failure_case){
        .setup = setup,
        .teardown = media_world_destroy,
        .gate = media_world_gate,
        .start = start,
        .answer = PR_OK,
        .check = check,
    });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_part_begins_the_upload),
        cmocka_unit_test(test_urls_end_with_the_upload_and_within_the_hour),
        cmocka_unit_test(test_numbers_there_are_none_of),
        cmocka_unit_test(test_media_that_take_no_parts),
        cmocka_unit_test(test_an_upload_that_was_begun_and_not_kept_is_taken),
        cmocka_unit_test(test_two_at_once_keep_one_upload),
        cmocka_unit_test(test_deleted_meanwhile_is_not_found),
        cmocka_unit_test(test_every_failure),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
