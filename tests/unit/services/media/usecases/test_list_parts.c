#include "tests/support/failures.h"
#include "tests/support/logs.h"
#include "tests/support/media_world.h"
#include "tests/support/test.h"

#include <stdlib.h>

struct answer {
    unsigned calls;
    struct pr_fault fault;
    size_t n;
    struct stored_part parts[FAKE_PARTS];
};

static void answered(void *arg, const struct pr_fault *fault, const struct media *media,
                     const struct stored_parts *parts)
{
    struct answer *answer = arg;
    (void)media;
    answer->calls++;
    answer->fault = *fault;
    answer->n = parts->n;
    if (parts->n > 0)
        memcpy(answer->parts, parts->items, parts->n * sizeof *parts->items);
}

static struct answer list(struct media_world *world, const struct pr_uuid *caller,
                          const struct media *media)
{
    struct answer answer = {0};
    list_parts(&world->deps, caller, &media->id, answered, &answer);
    assert_int_equal(answer.calls, 1);
    return answer;
}

static void test_tells_what_came_so_far(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    struct media media = media_world_add_in_parts(world, true);
    assert_int_equal(list(world, &world->owner, &media).n, 0);
    media_world_put_part(world, &media, 3);
    media_world_put_part(world, &media, 1);
    struct answer answer = list(world, &world->owner, &media);
    assert_int_equal(answer.n, 2);
    assert_int_equal(answer.parts[0].number, 1);
    assert_int_equal(answer.parts[1].number, 3);
    assert_int_equal(answer.parts[1].size_bytes, 1);
    media_world_destroy(world);
}

static void test_an_upload_that_is_not_begun_has_none(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    struct media media = media_world_add_in_parts(world, false);
    struct answer answer = list(world, &world->owner, &media);
    assert_int_equal(answer.fault.err, PR_OK);
    assert_int_equal(answer.n, 0);
    assert_int_equal(world->store.uploads_n, 0); /* looking begins nothing */
    media_world_destroy(world);
}

static void test_media_that_take_no_parts(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    struct media plain = media_world_add(world, MEDIA_CREATED), unknown = {.id = pr_uuid_v7(5)};
    struct media media = media_world_add_in_parts(world, true);
    assert_int_equal(list(world, &world->owner, &plain).fault.err, PR_ERR_CONFLICT);
    assert_int_equal(list(world, &world->owner, &unknown).fault.err, PR_ERR_NOT_FOUND);
    assert_int_equal(list(world, &world->stranger, &media).fault.err, PR_ERR_NOT_FOUND);
    world->clock.now_ms = media.upload_expires_at_ms;
    assert_int_equal(list(world, &world->owner, &media).fault.err, PR_ERR_GONE);
    media_world_destroy(world);
}

/* A finalize was killed when the store was through, and before the row said so. */
static void test_parts_that_became_the_object_are_all_there(void **state)
{
    (void)state;
    static const uint8_t unknown[MEDIA_SHA256_BYTES];
    struct media_world *world = media_world_create();
    struct media media = media_world_add_in_parts(world, true);
    world->store.uploads_n = 0;
    assert_int_equal(list(world, &world->owner, &media).n, 0);
    fake_object_store_put(&world->store, media.object_key, media.size_bytes, unknown);
    struct answer answer = list(world, &world->owner, &media);
    assert_int_equal(answer.n, 3);
    assert_int_equal(answer.parts[2].number, 3);
    assert_int_equal(answer.parts[1].size_bytes, MEDIA_PART_MIN_BYTES);
    assert_int_equal(answer.parts[2].size_bytes, 1);
    fake_object_store_put(&world->store, media.object_key, 7, unknown);
    assert_int_equal(list(world, &world->owner, &media).n, 0);
    media_world_destroy(world);
}

static void *setup(void)
{
    struct media_world *world = media_world_create();
    struct media media = media_world_add_in_parts(world, true);
    media_world_put_part(world, &media, 1);
    world->media_id = media.id;
    return world;
}

static void pass(void *arg, const struct pr_fault *fault, const struct media *media,
                 const struct stored_parts *parts)
{
    struct pr_done done = *(struct pr_done *)arg;
    (void)media;
    (void)parts;
    free(arg);
    pr_done_call(done, fault->err);
}

static void start(void *arg, struct pr_done done)
{
    struct media_world *world = arg;
    list_parts(&world->deps, &world->owner, &world->media_id, pass, media_done_arg(done));
}

static void check(void *arg)
{
    struct media_world *world = arg;
    assert_int_equal(world->store.uploads[0].parts_n, 1);
}

/* Without parts, so that the object is looked for. */
static void *setup_object(void)
{
    static const uint8_t unknown[MEDIA_SHA256_BYTES];
    struct media_world *world = media_world_create();
    struct media media = media_world_add_in_parts(world, true);
    fake_object_store_put(&world->store, media.object_key, 7, unknown);
    media_world_put_part(world, &media, 1);
    world->store.uploads[0].parts_n = 0;
    world->media_id = media.id;
    return world;
}

static void check_nothing(void *arg)
{
    struct media_world *world = arg;
    assert_int_equal(world->store.objects_n, 1);
}

static void test_every_failure(void **state)
{
    (void)state;
    struct failure_case c = {
        .setup = setup,
        .teardown = media_world_destroy,
        .gate = media_world_gate,
        .start = start,
        .answer = PR_OK,
        .check = check,
    };
    for_each_failure(&c);
    c.setup = setup_object;
    c.check = check_nothing;
    for_each_failure(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tells_what_came_so_far),
        cmocka_unit_test(test_an_upload_that_is_not_begun_has_none),
        cmocka_unit_test(test_media_that_take_no_parts),
        cmocka_unit_test(test_parts_that_became_the_object_are_all_there),
        cmocka_unit_test(test_every_failure),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
