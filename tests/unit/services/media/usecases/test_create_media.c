#include "tests/support/failures.h"
#include "tests/support/logs.h"
#include "tests/support/media_world.h"
#include "tests/support/test.h"

#include <stdio.h>

#define SHA256 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static const struct media_announcement beach = {
    .filename = PR_STR("beach.jpg"),
    .content_type = PR_STR("image/jpeg"),
    .sha256_hex = PR_STR(SHA256),
    .size_bytes = 4321,
};

struct answer {
    unsigned calls;
    struct pr_fault fault;
    struct media media;
    char url[1024];
    size_t headers_n;
};

static void answered(void *arg, const struct pr_fault *fault, const struct media *media,
                     const struct signed_upload *upload)
{
    struct answer *answer = arg;
    answer->calls++;
    answer->fault = *fault;
    answer->media = *media;
    if (!fault->err) {
        assert_true(pr_str_copy(upload->url, answer->url, sizeof answer->url));
        answer->headers_n = upload->headers_n;
    }
}

static struct answer create(struct media_world *world,
                            const struct media_announcement *announcement)
{
    struct answer answer = {0};
    create_media(&world->deps, &(struct create_media_cmd){world->owner, *announcement}, answered,
                 &answer);
    assert_int_equal(answer.calls, 1);
    return answer;
}

static void test_announced_media_is_created_with_its_message_and_url(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    struct answer answer = create(world, &beach);
    assert_int_equal(answer.fault.err, PR_OK);

    const struct media *row = fake_media_repo_find(&world->repo, &answer.media.id);
    assert_non_null(row);
    assert_memory_equal(row, &answer.media, sizeof *row);
    assert_int_equal(row->state, MEDIA_CREATED);
    assert_int_equal(row->version, 1);
    assert_true(pr_uuid_eq(&row->owner_id, &world->owner));
    assert_int_equal(row->created_at_ms, MEDIA_WORLD_NOW_MS);
    assert_int_equal(row->upload_expires_at_ms, MEDIA_WORLD_NOW_MS + 3600000);
    assert_int_equal(row->finalized_at_ms, 0);
    assert_int_equal(fake_media_repo_sent(&world->repo, MESSAGE_MEDIA_CREATED, &row->id), 1);
    assert_int_equal(world->repo.outbox_n, 1);

    char expected[512];
    snprintf(expected, sizeof expected, "https://store.test/%s?expires=3600", row->object_key);
    assert_string_equal(answer.url, expected);
    assert_int_equal(answer.headers_n, 3);
    media_world_destroy(world);
}

static void test_two_announcements_of_one_file_are_two_media(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    struct answer first = create(world, &beach), second = create(world, &beach);
    assert_false(pr_uuid_eq(&first.media.id, &second.media.id));
    assert_string_not_equal(first.media.object_key, second.media.object_key);
    assert_int_equal(world->repo.rows_n, 2);
    media_world_destroy(world);
}

static void test_bad_announcement_names_the_field_and_leaves_nothing(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    struct media_announcement bad = beach;
    bad.size_bytes = 0;
    struct answer answer = create(world, &bad);
    assert_int_equal(answer.fault.err, PR_ERR_INVALID);
    assert_string_equal(answer.fault.field, "size");
    assert_int_equal(world->gate.passed, 0); /* no port was asked */
    media_world_destroy(world);
}

/* ---- every port call failing ---- */

static void pass_on(void *arg, const struct pr_fault *fault, const struct media *media,
                    const struct signed_upload *upload)
{
    (void)upload;
    media_done_pass(arg, fault, media, NULL);
}

static void start(void *arg, struct pr_done done)
{
    struct media_world *world = arg;
    create_media(&world->deps, &(struct create_media_cmd){world->owner, beach}, pass_on,
                 media_done_arg(done));
}

static void check_half(void *arg)
{
    struct media_world *world = arg;
    assert_true(world->repo.rows_n <= 1);
    assert_int_equal(world->repo.rows_n, world->repo.outbox_n);
}

/* Asked again, the client gets a media of its own: the first one, if it came to be, is reaped. */
static void check(void *arg)
{
    struct media_world *world = arg;
    assert_in_range(world->repo.rows_n, 1, 2);
    for (size_t i = 0; i < world->repo.rows_n; i++) {
        const struct media *row = &world->repo.rows[i];
        assert_int_equal(row->state, MEDIA_CREATED);
        assert_int_equal(fake_media_repo_sent(&world->repo, MESSAGE_MEDIA_CREATED, &row->id), 1);
    }
    assert_int_equal(world->repo.rows_n, world->repo.outbox_n);
}

static void test_every_failure(void **state)
{
    (void)state;
    for_each_failure(&(struct failure_case){
        .setup = media_world_create,
        .teardown = media_world_destroy,
        .gate = media_world_gate,
        .start = start,
        .answer = PR_OK,
        .check_half = check_half,
        .check = check,
    });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_announced_media_is_created_with_its_message_and_url),
        cmocka_unit_test(test_two_announcements_of_one_file_are_two_media),
        cmocka_unit_test(test_bad_announcement_names_the_field_and_leaves_nothing),
        cmocka_unit_test(test_every_failure),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
