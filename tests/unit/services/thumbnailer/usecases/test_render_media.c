#include "shared/base/alloc.h"
#include "shared/crypto/crypto.h"
#include "tests/support/failures.h"
#include "tests/support/logs.h"
#include "tests/support/test.h"
#include "tests/support/thumbnailer_world.h"

#include <string.h>

static const char photo[] = "the bytes of a photo";

/* The photo waits to be rendered. */
static void *setup(void)
{
    struct await await;
    struct thumbnailer_world *world = thumbnailer_world_create();
    thumbnailer_world_queue(world, await_done(&await));
    assert_int_equal(await_once(&await), PR_OK);
    return world;
}

static enum pr_err render(struct thumbnailer_world *world)
{
    struct await await;
    thumbnailer_world_render(world, false, await_done(&await));
    return await_once(&await);
}

static enum pr_err forget(struct thumbnailer_world *world)
{
    struct await await;
    thumbnailer_world_forget(world, await_done(&await));
    return await_once(&await);
}

static void assert_object(struct world_objects *objects, const char *key, const char *content_type,
                          const char *bytes)
{
    struct world_object *object = world_object_find(objects, key);
    assert_non_null(object);
    assert_string_equal(object->content_type, content_type);
    assert_int_equal(object->n, strlen(bytes));
    assert_memory_equal(object->bytes, bytes, object->n);
}

static void assert_renditions_are_there(struct thumbnailer_world *world)
{
    char key[PREVIEW_CACHE_KEY];
    assert_int_equal(world->objects.n, 3);
    assert_object(&world->objects, WORLD_OBJECT_KEY, "image/jpeg", photo);
    assert_object(&world->objects, WORLD_PREVIEW_KEY, "image/webp",
                  "preview of image/jpeg the bytes of a photo");
    assert_object(&world->objects, WORLD_LARGE_KEY, "image/jpeg",
                  "large of image/jpeg the bytes of a photo");
    assert_int_equal(world->cached.n, 1);
    assert_object(&world->cached, preview_cache_key(&world->finalized.media_id, key), "",
                  "preview of image/jpeg the bytes of a photo");
}

static void check_rendered(void *arg)
{
    struct thumbnailer_world *world = arg;
    assert_renditions_are_there(world);
    assert_string_equal(thumbnailer_world_state(world), "rendered");
    assert_string_equal(thumbnailer_world_job_state(world, "render"), "done");
    assert_int_equal(world->repo.outbox_n, 1);
    assert_int_equal(thumbnailer_world_sent(world, MESSAGE_MEDIA_RENDERED), 1);
}

/* What the message says is in sent->body; its texts are views of that. */
static struct media_rendered_msg rendered_message(const struct thumbnailer_world *world)
{
    struct media_rendered_msg msg;
    struct pr_fault fault;
    const struct fake_render_message *sent = &world->repo.outbox[0];
    assert_int_equal(sent->kind, MESSAGE_MEDIA_RENDERED);
    assert_int_equal(media_rendered_decode(pr_str_n(sent->body, sent->body_n), &msg, &fault),
                     PR_OK);
    return msg;
}

static void assert_text(struct pr_str text, const char *expected)
{
    assert_true(pr_str_eq(text, pr_str(expected)));
}

static void test_photo_is_rendered(void **state)
{
    (void)state;
    struct thumbnailer_world *world = setup();
    assert_int_equal(render(world), PR_OK);
    check_rendered(world);
    struct media_rendered_msg msg = rendered_message(world);
    assert_true(pr_uuid_eq(&msg.media_id, &world->finalized.media_id));
    assert_true(pr_uuid_eq(&msg.owner_id, &world->finalized.owner_id));
    assert_int_equal(msg.version, world->finalized.version);
    assert_int_equal(msg.width, 4032);
    assert_int_equal(msg.height, 3024);
    assert_false(msg.has_duration_ms);
    assert_false(msg.degraded);
    assert_true(pr_str_eq(msg.sha256, world->finalized.sha256));
    assert_int_equal(msg.crc32, crc32_update(0, pr_str(photo)));
    assert_true(pr_str_eq(msg.placeholder, pr_str("\1\2\3")));
    assert_int_equal(msg.rendered_at_ms, world->clock.now_ms);
    thumbnailer_world_destroy(world);
}

static void assert_crc32_of(const struct rendition_msg *rendition, const struct world_object *of)
{
    assert_true(rendition->has_crc32);
    assert_int_equal(rendition->crc32, crc32_update(0, pr_str_n(of->bytes, of->n)));
}

static void test_message_lists_the_renditions(void **state)
{
    (void)state;
    struct thumbnailer_world *world = setup();
    assert_int_equal(render(world), PR_OK);
    struct media_rendered_msg msg = rendered_message(world);
    assert_int_equal(msg.renditions_count, 2);
    assert_text(msg.renditions[0].name, "preview");
    assert_text(msg.renditions[0].object_key, WORLD_PREVIEW_KEY);
    assert_text(msg.renditions[0].content_type, "image/webp");
    assert_int_equal(msg.renditions[0].width, 320);
    assert_int_equal(msg.renditions[0].height, 240);
    assert_int_equal(msg.renditions[0].size_bytes,
                     world_object_find(&world->objects, WORLD_PREVIEW_KEY)->n);
    assert_text(msg.renditions[1].name, "large");
    assert_text(msg.renditions[1].object_key, WORLD_LARGE_KEY);
    assert_text(msg.renditions[1].content_type, "image/jpeg");
    assert_int_equal(msg.renditions[1].width, 1600);
    assert_crc32_of(&msg.renditions[0], world_object_find(&world->objects, WORLD_PREVIEW_KEY));
    assert_crc32_of(&msg.renditions[1], world_object_find(&world->objects, WORLD_LARGE_KEY));
    thumbnailer_world_destroy(world);
}

static void test_video_tells_its_duration(void **state)
{
    (void)state;
    struct thumbnailer_world *world = setup();
    world->answer.duration_ms = 12480;
    world->answer.degraded = true;
    assert_int_equal(render(world), PR_OK);
    struct media_rendered_msg msg = rendered_message(world);
    assert_true(msg.has_duration_ms);
    assert_int_equal(msg.duration_ms, 12480);
    assert_true(msg.degraded);
    thumbnailer_world_destroy(world);
}

/* ---- verdicts ---- */

static void assert_rejected(struct thumbnailer_world *world, const char *reason,
                            unsigned renderings)
{
    struct media_rejected_msg msg;
    struct pr_fault fault;
    const struct fake_render_message *sent = &world->repo.outbox[0];
    assert_string_equal(thumbnailer_world_state(world), "rejected");
    assert_string_equal(world->repo.sets[0].reason, reason);
    assert_string_equal(thumbnailer_world_job_state(world, "render"), "done");
    assert_int_equal(world->renderings, renderings);
    assert_int_equal(world->cached.n, 0);
    assert_null(world_object_find(&world->objects, WORLD_PREVIEW_KEY));
    assert_int_equal(world->repo.outbox_n, 1);
    assert_int_equal(sent->kind, MESSAGE_MEDIA_REJECTED);
    assert_int_equal(media_rejected_decode(pr_str_n(sent->body, sent->body_n), &msg, &fault),
                     PR_OK);
    assert_text(msg.reason, reason);
    assert_true(msg.detail.n > 0);
    assert_int_equal(msg.version, world->finalized.version);
    assert_true(pr_uuid_eq(&msg.owner_id, &world->finalized.owner_id));
    assert_int_equal(msg.rejected_at_ms, world->clock.now_ms);
}

static void test_object_that_is_gone(void **state)
{
    (void)state;
    struct thumbnailer_world *world = setup();
    world->objects.n = 0;
    assert_int_equal(render(world), PR_OK);
    assert_rejected(world, "object_missing", 0);
    thumbnailer_world_destroy(world);
}

static void test_object_of_another_size(void **state)
{
    static const char *const bytes[] = {"the bytes of a phot", "the bytes of a photo!", ""};
    (void)state;
    for (size_t i = 0; i < PR_COUNT(bytes); i++) {
        struct thumbnailer_world *world = setup();
        world_object_put(&world->objects, WORLD_OBJECT_KEY, "image/jpeg", pr_str(bytes[i]));
        assert_int_equal(render(world), PR_OK);
        assert_rejected(world, "size_mismatch", 0);
        thumbnailer_world_destroy(world);
    }
}

static void test_object_of_the_right_size_and_other_bytes(void **state)
{
    (void)state;
    struct thumbnailer_world *world = setup();
    world_object_put(&world->objects, WORLD_OBJECT_KEY, "image/jpeg",
                     pr_str("THE bytes of a photo"));
    assert_int_equal(render(world), PR_OK);
    assert_rejected(world, "checksum_mismatch", 0);
    thumbnailer_world_destroy(world);
}

static void test_refused_by_the_renderer(void **state)
{
    (void)state;
    struct thumbnailer_world *world = setup();
    world->answer = (struct render_outcome){
        .verdict = RENDER_REFUSED, .reason = "corrupt", .detail = "no picture in it"};
    assert_int_equal(render(world), PR_OK);
    assert_rejected(world, "corrupt", 1);
    assert_true(logs_hold("no picture in it"));
    thumbnailer_world_destroy(world);
}

/* Nothing is known of the file: the job stays for its next attempt. */
static void test_lost_worker_leaves_the_job(void **state)
{
    (void)state;
    struct thumbnailer_world *world = setup();
    world->answer.verdict = RENDER_LOST;
    assert_int_equal(render(world), PR_ERR_UPSTREAM);
    assert_int_equal(pr_err_class(PR_ERR_UPSTREAM), PR_CLASS_TEMPORARY);
    assert_string_equal(thumbnailer_world_state(world), "queued");
    assert_int_equal(world->repo.outbox_n, 0);
    assert_int_equal(world->objects.n, 1);
    world->answer.verdict = RENDER_DONE;
    assert_int_equal(render(world), PR_OK);
    check_rendered(world);
    thumbnailer_world_destroy(world);
}

/* It may be what kills the process: it is not touched again, only concluded. */
static void test_exhausted_job_is_rejected_untouched(void **state)
{
    (void)state;
    struct await await;
    struct thumbnailer_world *world = setup();
    unsigned before = world->gate.passed;
    thumbnailer_world_render(world, true, await_done(&await));
    assert_int_equal(await_once(&await), PR_OK);
    assert_int_equal(world->gate.passed - before, 1);
    assert_rejected(world, "worker_died", 0);
    thumbnailer_world_destroy(world);
}

static enum pr_err render_args(struct thumbnailer_world *world, struct pr_str args)
{
    struct await await;
    render_media(&world->deps, &(struct job_claim){.id = 1}, false, args, await_done(&await));
    return await_once(&await);
}

static void test_args_that_are_none_of_ours_are_a_permanent_error(void **state)
{
    (void)state;
    struct thumbnailer_world *world = setup();
    struct pr_buf value;
    unsigned before = world->gate.passed;
    assert_int_equal(render_args(world, pr_str("?")), PR_ERR_DECODE);
    pr_buf_init(&value, MESSAGE_MAX_BYTES);
    world->finalized.object_key = pr_str("no-folder");
    assert_int_equal(media_finalized_encode(&world->finalized, &value), PR_OK);
    assert_int_equal(render_args(world, pr_buf_str(&value)), PR_ERR_DECODE);
    pr_buf_fini(&value);
    assert_int_equal(world->gate.passed, before);
    thumbnailer_world_destroy(world);
}

/* ---- somebody else was quicker ---- */

static const char *const calls[] = {"fetch", "render", "put", "put", "cache_put", "save_rendered"};

static void release(struct thumbnailer_world *world, size_t n)
{
    for (size_t i = 0; i < n; i++)
        gate_release(&world->gate, 0, calls[i]);
}

/* Whenever it is deleted, nothing is said of it, and the purge comes after the last write. */
static void test_deleted_while_it_is_rendered(void **state)
{
    (void)state;
    for (size_t before = 0; before < PR_COUNT(calls); before++) {
        struct await await;
        struct thumbnailer_world *world = setup();
        gate_hold(&world->gate, true);
        thumbnailer_world_render(world, false, await_done(&await));
        release(world, before);
        gate_hold(&world->gate, false);
        assert_int_equal(forget(world), PR_OK);
        gate_release_all(&world->gate);
        assert_int_equal(await_once(&await), PR_OK);
        assert_string_equal(thumbnailer_world_state(world), "deleted");
        assert_int_equal(world->repo.outbox_n, 0);
        assert_false(thumbnailer_world_claim(world, "purge_renditions")); /* not yet due */
        test_clock_move(&world->clock, THUMBNAILER_WORLD_LEASE_MS + 60000);
        thumbnailer_world_purge(world, await_done(&await));
        assert_int_equal(await_once(&await), PR_OK);
        assert_int_equal(world->objects.n, 1);
        assert_int_equal(world->cached.n, 0);
        thumbnailer_world_destroy(world);
    }
}

static void test_deleted_after_it_was_rendered(void **state)
{
    (void)state;
    struct await await;
    struct thumbnailer_world *world = setup();
    assert_int_equal(render(world), PR_OK);
    assert_int_equal(forget(world), PR_OK);
    assert_string_equal(thumbnailer_world_state(world), "deleted");
    assert_int_equal(thumbnailer_world_sent(world, MESSAGE_MEDIA_RENDERED), 1);
    thumbnailer_world_purge(world, await_done(&await));
    assert_int_equal(await_once(&await), PR_OK);
    assert_int_equal(world->objects.n, 1);
    thumbnailer_world_destroy(world);
}

/* The lease ended meanwhile and another runner renders the same: one message, the same objects. */
static void test_two_runners_of_one_job(void **state)
{
    (void)state;
    for (size_t before = 0; before < PR_COUNT(calls); before++) {
        struct await slow;
        struct thumbnailer_world *world = setup();
        gate_hold(&world->gate, true);
        thumbnailer_world_render(world, false, await_done(&slow));
        release(world, before);
        gate_hold(&world->gate, false);
        test_clock_move(&world->clock, THUMBNAILER_WORLD_LEASE_MS + 1);
        assert_int_equal(render(world), PR_OK);
        gate_release_all(&world->gate);
        assert_int_equal(await_once(&slow), PR_OK);
        check_rendered(world);
        thumbnailer_world_destroy(world);
    }
}

static void test_lost_lease_commits_nothing(void **state)
{
    (void)state;
    struct await await;
    struct thumbnailer_world *world = setup();
    gate_hold(&world->gate, true);
    thumbnailer_world_render(world, false, await_done(&await));
    assert_true(thumbnailer_world_claim(world, "render")); /* another runner, still at it */
    gate_release_all(&world->gate);
    assert_int_equal(await_once(&await), PR_OK);
    assert_string_equal(thumbnailer_world_state(world), "queued");
    assert_string_equal(thumbnailer_world_job_state(world, "render"), "leased");
    assert_int_equal(world->repo.outbox_n, 0);
    thumbnailer_world_destroy(world);
}

/* ---- every port call failing ---- */

static void start(void *world, struct pr_done done)
{
    thumbnailer_world_render(world, false, done);
}

static void start_exhausted(void *world, struct pr_done done)
{
    thumbnailer_world_render(world, true, done);
}

/* The verdict, its message and the end of the job are there together or not at all. */
static void check_half(void *arg)
{
    struct thumbnailer_world *world = arg;
    bool queued = strcmp(thumbnailer_world_state(world), "queued") == 0;
    assert_int_equal(world->repo.outbox_n, queued ? 0 : 1);
    assert_string_equal(thumbnailer_world_job_state(world, "render"), queued ? "leased" : "done");
    if (strcmp(thumbnailer_world_state(world), "rendered") == 0)
        assert_renditions_are_there(world);
}

static void check_corrupt(void *world)
{
    assert_rejected(world, "checksum_mismatch", 0);
}

static void check_exhausted(void *world)
{
    assert_rejected(world, "worker_died", 0);
}

static void *setup_corrupt(void)
{
    struct thumbnailer_world *world = setup();
    world_object_put(&world->objects, WORLD_OBJECT_KEY, "image/jpeg",
                     pr_str("THE bytes of a photo"));
    return world;
}

/* An outage costs the job no attempt (shared/pg/jobs.h), whatever it looks like. */
static enum pr_err tell_away(enum pr_err err)
{
    return pr_err_class(err) == PR_CLASS_TEMPORARY ? PR_ERR_UNAVAILABLE : err;
}

static void test_every_failure(void **state)
{
    (void)state;
    struct failure_case c = {
        .setup = setup,
        .teardown = thumbnailer_world_destroy,
        .gate = thumbnailer_world_gate,
        .start = start,
        .answer = PR_OK,
        .told = tell_away,
        .check_half = check_half,
        .check = check_rendered,
    };
    for_each_failure(&c);
    c.setup = setup_corrupt;
    c.check = check_corrupt;
    for_each_failure(&c);
    c.setup = setup;
    c.start = start_exhausted;
    c.check = check_exhausted;
    for_each_failure(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_photo_is_rendered),
        cmocka_unit_test(test_message_lists_the_renditions),
        cmocka_unit_test(test_video_tells_its_duration),
        cmocka_unit_test(test_object_that_is_gone),
        cmocka_unit_test(test_object_of_another_size),
        cmocka_unit_test(test_object_of_the_right_size_and_other_bytes),
        cmocka_unit_test(test_refused_by_the_renderer),
        cmocka_unit_test(test_lost_worker_leaves_the_job),
        cmocka_unit_test(test_exhausted_job_is_rejected_untouched),
        cmocka_unit_test(test_args_that_are_none_of_ours_are_a_permanent_error),
        cmocka_unit_test(test_deleted_while_it_is_rendered),
        cmocka_unit_test(test_deleted_after_it_was_rendered),
        cmocka_unit_test(test_two_runners_of_one_job),
        cmocka_unit_test(test_lost_lease_commits_nothing),
        cmocka_unit_test(test_every_failure),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
