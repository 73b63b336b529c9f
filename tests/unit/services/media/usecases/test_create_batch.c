#include "services/media/domain/event.h"
#include "shared/base/alloc.h"
#include "tests/support/failures.h"
#include "tests/support/logs.h"
#include "tests/support/media_world.h"
#include "tests/support/test.h"

#include <stdio.h>

#define ITEMS 4

struct answer {
    unsigned calls;
    struct pr_fault fault;
    size_t n;
    struct {
        struct pr_fault fault;
        struct media media;
        bool waits;
        char url[1024]; /* "" without an upload */
    } results[ITEMS];
};

static void answered(void *arg, const struct pr_fault *fault, const struct batch_result *results,
                     size_t n)
{
    struct answer *answer = arg;
    answer->calls++;
    answer->fault = *fault;
    answer->n = n;
    assert_true(n <= ITEMS);
    for (size_t i = 0; i < n && !fault->err; i++) {
        answer->results[i].fault = results[i].fault;
        if (results[i].fault.err)
            continue;
        answer->results[i].media = *results[i].media;
        answer->results[i].waits = results[i].waits;
        if (results[i].waits && !results[i].media->part_size_bytes)
            assert_true(pr_str_copy(results[i].upload->url, answer->results[i].url,
                                    sizeof answer->results[i].url));
    }
}

static struct media_announcement file(const char *name, char bytes)
{
    static char texts[256][2 * MEDIA_SHA256_BYTES];
    memset(texts[(uint8_t)bytes], bytes, sizeof texts[0]);
    return (struct media_announcement){
        .filename = pr_str(name),
        .content_type = pr_str("image/jpeg"),
        .sha256_hex = pr_str_n(texts[(uint8_t)bytes], sizeof texts[0]),
        .size_bytes = 4321,
    };
}

static struct answer create(struct media_world *world, const struct pr_uuid *event_id,
                            const struct media_announcement *items, size_t n)
{
    struct answer answer = {0};
    create_batch(&world->deps,
                 &(struct create_batch_cmd){
                     .caller = world->owner, .event_id = *event_id, .items = items, .items_n = n},
                 answered, &answer);
    assert_int_equal(answer.calls, 1);
    return answer;
}

static const struct pr_uuid library;

static void test_each_gets_its_media_and_url(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    const struct media_announcement items[] = {file("a.jpg", 'a'), file("b.jpg", 'b')};
    struct answer answer = create(world, &library, items, 2);
    assert_int_equal(answer.fault.err, PR_OK);
    assert_int_equal(answer.n, 2);
    for (size_t i = 0; i < 2; i++) {
        const struct media *row = fake_media_repo_find(&world->repo, &answer.results[i].media.id);
        char expected[512];
        assert_non_null(row);
        assert_memory_equal(row, &answer.results[i].media, sizeof *row);
        assert_int_equal(row->state, MEDIA_CREATED);
        assert_int_equal(row->upload_expires_at_ms, MEDIA_WORLD_NOW_MS + 3600000);
        assert_true(answer.results[i].waits);
        snprintf(expected, sizeof expected, "https://store.test/%s?expires=3600", row->object_key);
        assert_string_equal(answer.results[i].url, expected);
        assert_int_equal(fake_media_repo_sent(&world->repo, MESSAGE_MEDIA_CREATED, &row->id), 1);
    }
    assert_string_equal(answer.results[1].media.filename, "b.jpg");
    media_world_destroy(world);
}

static void test_what_cannot_be_is_told_and_the_rest_goes_on(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    struct media_announcement items[] = {file("a/b.jpg", 'a'), file("b.jpg", 'b'),
                                         file("c.jpg", 'c'), file("d.jpg", 'd')};
    items[2].size_bytes = 0;
    struct answer answer = create(world, &library, items, 4);
    assert_int_equal(answer.fault.err, PR_OK);
    assert_string_equal(answer.results[0].fault.field, "filename");
    assert_int_equal(answer.results[1].fault.err, PR_OK);
    assert_string_equal(answer.results[1].media.filename, "b.jpg");
    assert_non_null(strstr(answer.results[1].url, "b.jpg"));
    assert_string_equal(answer.results[2].fault.field, "size");
    assert_string_equal(answer.results[3].media.filename, "d.jpg");
    assert_non_null(strstr(answer.results[3].url, "d.jpg"));
    assert_int_equal(world->repo.rows_n, 2);
    media_world_destroy(world);
}

static void test_nothing_good_asks_nobody(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    const struct media_announcement items[] = {file("", 'a'), file("..", 'b')};
    struct answer answer = create(world, &library, items, 2);
    assert_int_equal(answer.fault.err, PR_OK);
    assert_string_equal(answer.results[0].fault.field, "filename");
    assert_string_equal(answer.results[1].fault.field, "filename");
    assert_int_equal(world->gate.passed, 0);
    media_world_destroy(world);
}

static void test_asked_again_the_rest_of_the_time(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    const struct media_announcement items[] = {file("a.jpg", 'a'), file("a again.jpg", 'a'),
                                               file("b.jpg", 'b')};
    struct answer first = create(world, &library, items, 3);
    assert_true(first.results[0].waits);
    assert_false(first.results[1].waits); /* comes with the first one */
    assert_true(pr_uuid_eq(&first.results[1].media.id, &first.results[0].media.id));
    fake_media_repo_find(&world->repo, &first.results[2].media.id)->state = MEDIA_READY;
    test_clock_move(&world->clock, 600000);
    struct answer second = create(world, &library, items, 3);
    assert_true(pr_uuid_eq(&second.results[0].media.id, &first.results[0].media.id));
    assert_true(second.results[0].waits);
    assert_non_null(strstr(second.results[0].url, "?expires=3000"));
    assert_true(pr_uuid_eq(&second.results[2].media.id, &first.results[2].media.id));
    assert_false(second.results[2].waits);
    assert_int_equal(second.results[2].media.state, MEDIA_READY);
    assert_int_equal(world->repo.rows_n, 2);
    assert_int_equal(world->repo.outbox_n, 2);
    test_clock_move(&world->clock, 3000000 - 60000); /* a minute is too short */
    struct answer third = create(world, &library, items, 1);
    assert_false(pr_uuid_eq(&third.results[0].media.id, &first.results[0].media.id));
    assert_non_null(strstr(third.results[0].url, "?expires=3600"));
    media_world_destroy(world);
}

static void test_in_parts(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    struct media_announcement item = file("a.jpg", 'a');
    world->deps.limits.max_bytes[MEDIA_VIDEO] = (int64_t)1 << 30;
    item.multipart = 1;
    item.size_bytes = MEDIA_MULTIPART_MIN_BYTES;
    item.content_type = pr_str("video/mp4");
    struct answer answer = create(world, &library, &item, 1);
    assert_int_equal(answer.results[0].fault.err, PR_OK);
    assert_true(answer.results[0].waits);
    assert_true(answer.results[0].media.part_size_bytes > 0);
    assert_int_equal(answer.results[0].media.upload_expires_at_ms,
                     MEDIA_WORLD_NOW_MS + (int64_t)MEDIA_MULTIPART_TTL_S * 1000);
    media_world_destroy(world);
}

static void test_event(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    const struct media_announcement item = file("a.jpg", 'a');
    struct event event = media_world_add_event(world, "Event");
    struct answer answer = create(world, &event.id, &item, 1);
    assert_int_equal(answer.fault.err, PR_OK);
    assert_true(pr_uuid_eq(&answer.results[0].media.event_id, &event.id));
    answer = create(world, &world->stranger, &item, 1);
    assert_int_equal(answer.fault.err, PR_ERR_NOT_FOUND);
    assert_string_equal(answer.fault.field, "event_id");
    assert_int_equal(world->repo.rows_n, 1);
    for (int i = 1; i < EVENT_PHOTOS_MAX; i++)
        fake_event_repo_add_link(&world->events, &event.id, &world->owner);
    answer = create(world, &event.id, &item, 1); /* is there */
    assert_int_equal(answer.fault.err, PR_OK);
    const struct media_announcement another = file("b.jpg", 'b');
    answer = create(world, &event.id, &another, 1);
    assert_int_equal(answer.fault.err, PR_ERR_CONFLICT);
    assert_string_equal(answer.fault.field, "event_id");
    media_world_destroy(world);
}

/* ---- every port call failing ---- */

static struct media_announcement all[3];

static void pass_on(void *arg, const struct pr_fault *fault, const struct batch_result *results,
                    size_t n)
{
    (void)results;
    (void)n;
    media_done_pass(arg, fault, NULL, NULL);
}

static void start(void *arg, struct pr_done done)
{
    struct media_world *world = arg;
    all[0] = file("a.jpg", 'a');
    all[1] = file("", 'x');
    all[2] = file("b.jpg", 'b');
    create_batch(
        &world->deps,
        &(struct create_batch_cmd){.caller = world->owner, .items = all, .items_n = PR_COUNT(all)},
        pass_on, media_done_arg(done));
}

/* All or nothing. */
static void check_half(void *arg)
{
    struct media_world *world = arg;
    assert_true(world->repo.rows_n == 0 || world->repo.rows_n == 2);
    assert_int_equal(world->repo.outbox_n, world->repo.rows_n);
}

/* However often it is asked. */
static void check(void *arg)
{
    struct media_world *world = arg;
    assert_int_equal(world->repo.rows_n, 2);
    assert_int_equal(world->repo.outbox_n, 2);
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
        cmocka_unit_test(test_each_gets_its_media_and_url),
        cmocka_unit_test(test_what_cannot_be_is_told_and_the_rest_goes_on),
        cmocka_unit_test(test_nothing_good_asks_nobody),
        cmocka_unit_test(test_asked_again_the_rest_of_the_time),
        cmocka_unit_test(test_in_parts),
        cmocka_unit_test(test_event),
        cmocka_unit_test(test_every_failure),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
