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
    bool replayed;
    char url[1024]; /* "" without an upload */
    size_t headers_n;
};

static void answered(void *arg, const struct pr_fault *fault, const struct media *media,
                     const struct signed_upload *upload, bool replayed)
{
    struct answer *answer = arg;
    answer->calls++;
    answer->fault = *fault;
    answer->media = *media;
    answer->replayed = replayed;
    if (!fault->err && upload) {
        assert_true(pr_str_copy(upload->url, answer->url, sizeof answer->url));
        answer->headers_n = upload->headers_n;
    }
}

static struct answer create_keyed(struct media_world *world, const struct pr_uuid *caller,
                                  const struct media_announcement *announcement,
                                  const struct idempotency *idempotency)
{
    struct answer answer = {0};
    create_media(&world->deps,
                 &(struct create_media_cmd){
                     .caller = *caller, .announcement = *announcement, .idempotency = *idempotency},
                 answered, &answer);
    assert_int_equal(answer.calls, 1);
    return answer;
}

static struct answer create(struct media_world *world,
                            const struct media_announcement *announcement)
{
    return create_keyed(world, &world->owner, announcement, &(struct idempotency){.given = false});
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
    assert_false(answer.replayed);
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

/* ---- to an event ---- */

static struct answer create_in(struct media_world *world, const struct pr_uuid *caller,
                               const struct pr_uuid *event_id)
{
    struct answer answer = {0};
    create_media(
        &world->deps,
        &(struct create_media_cmd){.caller = *caller, .event_id = *event_id, .announcement = beach},
        answered, &answer);
    assert_int_equal(answer.calls, 1);
    return answer;
}

static void test_upload_to_an_event(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    struct event event = media_world_add_event(world, "Wedding");
    char owner[PR_UUID_TEXT], id[PR_UUID_TEXT], media[PR_UUID_TEXT], key[256];
    struct answer answer = create_in(world, &world->owner, &event.id);
    assert_int_equal(answer.fault.err, PR_OK);
    assert_true(pr_uuid_eq(&answer.media.event_id, &event.id));
    assert_true(fake_event_repo_has(&world->events, &event.id, &answer.media.id));
    snprintf(key, sizeof key, "%s/%s/%s/beach.jpg", pr_uuid_format(&world->owner, owner),
             pr_uuid_format(&event.id, id), pr_uuid_format(&answer.media.id, media));
    assert_string_equal(answer.media.object_key, key);
    media_world_destroy(world);
}

static void test_upload_to_what_takes_none(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    struct event event = media_world_add_event(world, "Wedding");
    struct answer answer = create_in(world, &world->stranger, &event.id);
    assert_int_equal(answer.fault.err, PR_ERR_NOT_FOUND);
    assert_string_equal(answer.fault.field, "event_id");
    for (int i = 0; i < EVENT_PHOTOS_MAX; i++)
        fake_event_repo_add_link(&world->events, &event.id, &event.id);
    answer = create_in(world, &world->owner, &event.id);
    assert_int_equal(answer.fault.err, PR_ERR_CONFLICT);
    assert_string_equal(answer.fault.field, "event_id");
    fake_event_repo_find(&world->events, &event.id)->deleting = true;
    answer = create_in(world, &world->owner, &event.id);
    assert_int_equal(answer.fault.err, PR_ERR_NOT_FOUND);
    assert_int_equal(world->repo.rows_n, 0);
    media_world_destroy(world);
}

/* ---- in parts ---- */

static const struct media_announcement film = {
    .filename = PR_STR("film.mp4"),
    .content_type = PR_STR("video/mp4"),
    .sha256_hex = PR_STR(SHA256),
    .size_bytes = INT64_C(100) << 20,
    .multipart = 1,
};

static struct media_world *world_of_films(void)
{
    struct media_world *world = media_world_create();
    world->deps.limits.max_bytes[MEDIA_VIDEO] = INT64_C(50) << 30;
    return world;
}

static void test_in_parts_there_is_a_week_and_no_url_yet(void **state)
{
    (void)state;
    struct media_world *world = world_of_films();
    struct answer answer = create(world, &film);
    assert_int_equal(answer.fault.err, PR_OK);
    assert_string_equal(answer.url, "");
    assert_int_equal(answer.media.part_size_bytes, MEDIA_PART_MIN_BYTES);
    assert_int_equal(answer.media.upload_expires_at_ms,
                     MEDIA_WORLD_NOW_MS + (int64_t)MEDIA_MULTIPART_TTL_S * 1000);
    assert_string_equal(answer.media.upload_id, "");
    assert_int_equal(world->gate.passed, 1); /* the store is not asked */
    media_world_destroy(world);
}

static void test_in_parts_again_with_its_key(void **state)
{
    (void)state;
    static const struct idempotency once = {true, {1}, {1}};
    struct media_world *world = world_of_films();
    struct answer first = create_keyed(world, &world->owner, &film, &once);
    test_clock_move(&world->clock, (int64_t)MEDIA_MULTIPART_TTL_S * 1000 - 1000);
    struct answer again = create_keyed(world, &world->owner, &film, &once);
    assert_int_equal(again.fault.err, PR_OK);
    assert_true(again.replayed);
    assert_string_equal(again.url, "");
    assert_memory_equal(&again.media, &first.media, sizeof first.media);
    test_clock_move(&world->clock, 1);
    again = create_keyed(world, &world->owner, &film, &once);
    assert_int_equal(again.fault.err, PR_ERR_GONE);
    media_world_destroy(world);
}

/* ---- the same request again ---- */

static const struct idempotency key = {true, {1}, {1}}, same_key_other_request = {true, {1}, {2}};

static struct answer repeat(struct media_world *world)
{
    return create_keyed(world, &world->owner, &beach, &key);
}

static void assert_refused(const struct answer *answer, enum pr_err err)
{
    assert_string_equal(pr_err_name(answer->fault.err), pr_err_name(err));
    assert_string_equal(answer->fault.field, "idempotency-key");
}

static void test_repeated_request_gets_its_media_and_a_new_url(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    struct answer first = repeat(world);
    assert_false(first.replayed);
    test_clock_move(&world->clock, 600000);
    struct answer second = repeat(world);
    assert_int_equal(second.fault.err, PR_OK);
    assert_true(second.replayed);
    assert_memory_equal(&second.media, &first.media, sizeof first.media);
    assert_non_null(strstr(second.url, first.media.object_key));
    assert_non_null(strstr(second.url, "?expires=3000")); /* no longer than the first one */
    assert_int_equal(world->repo.rows_n, 1);
    assert_int_equal(world->repo.outbox_n, 1);
    media_world_destroy(world);
}

static void test_repeated_request_sees_how_far_its_media_is(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    struct answer first = repeat(world);
    world->repo.rows[0].state = MEDIA_READY;
    world->repo.rows[0].version = 3;
    test_clock_move(&world->clock, 7200000);
    struct answer second = repeat(world);
    assert_int_equal(second.fault.err, PR_OK);
    assert_true(second.replayed);
    assert_true(pr_uuid_eq(&second.media.id, &first.media.id));
    assert_int_equal(second.media.state, MEDIA_READY);
    assert_string_equal(second.url, "");
    media_world_destroy(world);
}

static void test_repeated_request_too_late_for_its_upload_is_gone(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    struct answer answer = repeat(world);
    test_clock_move(&world->clock, 3599000);
    answer = repeat(world);
    assert_int_equal(answer.fault.err, PR_OK);
    assert_non_null(strstr(answer.url, "?expires=1"));
    test_clock_move(&world->clock, 1);
    answer = repeat(world);
    assert_refused(&answer, PR_ERR_GONE);
    world->repo.rows_n = 0; /* reaped, or deleted */
    answer = repeat(world);
    assert_refused(&answer, PR_ERR_GONE);
    assert_int_equal(world->repo.rows_n, 0);
    media_world_destroy(world);
}

static void test_key_that_is_busy_or_of_another_request_is_refused(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    repeat(world);
    struct answer answer = create_keyed(world, &world->owner, &beach, &same_key_other_request);
    assert_refused(&answer, PR_ERR_UNPROCESSABLE);
    world->repo.keys_busy = true;
    answer = repeat(world);
    assert_refused(&answer, PR_ERR_CONFLICT);
    assert_int_equal(world->repo.rows_n, 1);
    assert_int_equal(world->repo.outbox_n, 1);
    media_world_destroy(world);
}

static void test_key_of_another_account_is_another_key(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    struct answer mine = repeat(world);
    struct answer theirs = create_keyed(world, &world->stranger, &beach, &key);
    assert_int_equal(theirs.fault.err, PR_OK);
    assert_false(theirs.replayed);
    assert_false(pr_uuid_eq(&mine.media.id, &theirs.media.id));
    media_world_destroy(world);
}

static void test_key_of_a_bad_announcement_is_not_used_up(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    struct media_announcement bad = beach;
    bad.size_bytes = 0;
    struct answer answer = create_keyed(world, &world->owner, &bad, &same_key_other_request);
    assert_int_equal(answer.fault.err, PR_ERR_INVALID);
    answer = repeat(world);
    assert_int_equal(answer.fault.err, PR_OK);
    assert_false(answer.replayed);
    media_world_destroy(world);
}

/* ---- every port call failing ---- */

static void pass_on(void *arg, const struct pr_fault *fault, const struct media *media,
                    const struct signed_upload *upload, bool replayed)
{
    (void)upload;
    (void)replayed;
    media_done_pass(arg, fault, media, NULL);
}

static void start(void *arg, struct pr_done done)
{
    struct media_world *world = arg;
    create_media(&world->deps,
                 &(struct create_media_cmd){.caller = world->owner, .announcement = beach}, pass_on,
                 media_done_arg(done));
}

static void start_keyed(void *arg, struct pr_done done)
{
    struct media_world *world = arg;
    create_media(&world->deps,
                 &(struct create_media_cmd){
                     .caller = world->owner, .announcement = beach, .idempotency = key},
                 pass_on, media_done_arg(done));
}

/* Its media is there from an earlier request. */
static void *setup_repeated(void)
{
    struct media_world *world = media_world_create();
    assert_int_equal(repeat(world).fault.err, PR_OK);
    return world;
}

/* However often it is asked, there is one. */
static void check_one(void *arg)
{
    struct media_world *world = arg;
    assert_int_equal(world->repo.rows_n, 1);
    assert_int_equal(world->repo.outbox_n, 1);
    assert_int_equal(world->repo.keys_n, 1);
}

static void check_half(void *arg)
{
    struct media_world *world = arg;
    assert_true(world->repo.rows_n <= 1);
    assert_int_equal(world->repo.rows_n, world->repo.outbox_n);
    assert_in_range(world->repo.keys_n, 0, world->repo.rows_n);
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
    struct failure_case c = {
        .setup = media_world_create,
        .teardown = media_world_destroy,
        .gate = media_world_gate,
        .start = start,
        .answer = PR_OK,
        .check_half = check_half,
        .check = check,
    };
    for_each_failure(&c);
    c.start = start_keyed;
    c.check = check_one;
    for_each_failure(&c);
    c.setup = setup_repeated;
    c.check_half = check_one;
    for_each_failure(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_upload_to_an_event),
        cmocka_unit_test(test_upload_to_what_takes_none),
        cmocka_unit_test(test_announced_media_is_created_with_its_message_and_url),
        cmocka_unit_test(test_two_announcements_of_one_file_are_two_media),
        cmocka_unit_test(test_bad_announcement_names_the_field_and_leaves_nothing),
        cmocka_unit_test(test_repeated_request_gets_its_media_and_a_new_url),
        cmocka_unit_test(test_repeated_request_sees_how_far_its_media_is),
        cmocka_unit_test(test_repeated_request_too_late_for_its_upload_is_gone),
        cmocka_unit_test(test_key_that_is_busy_or_of_another_request_is_refused),
        cmocka_unit_test(test_key_of_another_account_is_another_key),
        cmocka_unit_test(test_key_of_a_bad_announcement_is_not_used_up),
        cmocka_unit_test(test_every_failure),
        cmocka_unit_test(test_in_parts_there_is_a_week_and_no_url_yet),
        cmocka_unit_test(test_in_parts_again_with_its_key),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
