/* media.rendered, media.rejected and account.changed, applied. */
#include "tests/support/await.h"
#include "tests/support/failures.h"
#include "tests/support/logs.h"
#include "tests/support/media_world.h"
#include "tests/support/test.h"

static struct message_origin origin(int64_t offset)
{
    return (struct message_origin){
        .id = pr_uuid_v7(7), .topic = PR_STR("media.rendered"), .offset = offset};
}

static struct media_rendered_msg rendered_msg(const struct pr_uuid *id)
{
    return (struct media_rendered_msg){
        .media_id = *id,
        .version = 2,
        .width = 4032,
        .height = 3024,
        .placeholder = PR_STR("\x01\x02\x00\xff"),
        .renditions = {{.name = PR_STR("preview"),
                        .object_key = PR_STR("o/library/m/.renditions/preview.webp"),
                        .content_type = PR_STR("image/webp"),
                        .width = 320,
                        .height = 240,
                        .size_bytes = 9120}},
        .renditions_count = 1,
    };
}

static struct media_rejected_msg rejected_msg(const struct pr_uuid *id)
{
    return (struct media_rejected_msg){
        .media_id = *id, .version = 2, .reason = PR_STR("checksum_mismatch")};
}

static enum pr_err rendered(struct media_world *world, const struct message_origin *from,
                            const struct pr_uuid *id)
{
    struct await await;
    struct media_rendered_msg msg = rendered_msg(id);
    apply_rendered(&world->deps, from, &msg, await_done(&await));
    return await_once(&await);
}

static enum pr_err rejected(struct media_world *world, const struct message_origin *from,
                            const struct pr_uuid *id)
{
    struct await await;
    struct media_rejected_msg msg = rejected_msg(id);
    apply_rejected(&world->deps, from, &msg, await_done(&await));
    return await_once(&await);
}

static void test_rendered_media_is_ready(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    struct media media = media_world_add(world, MEDIA_FINALIZED);
    struct message_origin from = origin(1);
    assert_int_equal(rendered(world, &from, &media.id), PR_OK);
    const struct media *row = fake_media_repo_find(&world->repo, &media.id);
    assert_int_equal(row->state, MEDIA_READY);
    assert_int_equal(row->version, 3);
    assert_int_equal(row->width, 4032);
    assert_int_equal(row->renditions_n, 1);
    assert_string_equal(row->renditions[0].name, "preview");
    media_world_destroy(world);
}

static void test_rejected_media_tells_why(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    struct media media = media_world_add(world, MEDIA_FINALIZED);
    struct message_origin from = origin(1);
    assert_int_equal(rejected(world, &from, &media.id), PR_OK);
    const struct media *row = fake_media_repo_find(&world->repo, &media.id);
    assert_int_equal(row->state, MEDIA_REJECTED);
    assert_string_equal(row->reject_reason, "checksum_mismatch");
    media_world_destroy(world);
}

static void test_repeated_message_changes_nothing(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    struct media media = media_world_add(world, MEDIA_FINALIZED);
    struct message_origin from = origin(1);
    assert_int_equal(rendered(world, &from, &media.id), PR_OK);
    struct media after = *fake_media_repo_find(&world->repo, &media.id);
    assert_int_equal(rendered(world, &from, &media.id), PR_OK);
    assert_memory_equal(fake_media_repo_find(&world->repo, &media.id), &after, sizeof after);
    assert_int_equal(world->repo.inbox_n, 1);
    media_world_destroy(world);
}

static void test_a_second_verdict_changes_nothing(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    struct media media = media_world_add(world, MEDIA_FINALIZED);
    struct message_origin first = origin(1), second = origin(2);
    assert_int_equal(rendered(world, &first, &media.id), PR_OK);
    struct media after = *fake_media_repo_find(&world->repo, &media.id);
    assert_int_equal(rejected(world, &second, &media.id), PR_OK);
    assert_memory_equal(fake_media_repo_find(&world->repo, &media.id), &after, sizeof after);
    media_world_destroy(world);
}

static void test_gone_media_is_no_error(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    struct pr_uuid gone = pr_uuid_v7(5);
    struct message_origin first = origin(1), second = origin(2);
    assert_int_equal(rendered(world, &first, &gone), PR_OK);
    assert_int_equal(rejected(world, &second, &gone), PR_OK);
    assert_int_equal(world->repo.rows_n, 0);
    media_world_destroy(world);
}

static enum pr_err changed(struct media_world *world, const struct message_origin *from,
                           const struct account_changed_msg *msg)
{
    struct await await;
    apply_account(&world->deps, from, msg, await_done(&await));
    return await_once(&await);
}

static void test_account_that_is_deleted_queues_two_purges_once(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    struct message_origin from = origin(1);
    struct account_changed_msg msg = {.account_id = world->owner, .version = 5, .deleted = true};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(changed(world, &from, &msg), PR_OK);
        assert_int_equal(world->repo.inbox_n, 1);
        assert_int_equal(world->repo.jobs_n, 2);
    }
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(world->repo.jobs[i].kind, "purge_library");
        assert_true(pr_uuid_eq(&world->repo.jobs[i].subject, &world->owner));
    }
    media_world_destroy(world);
}

static void test_account_that_lives_loses_nothing(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    struct message_origin from = origin(1);
    struct account_changed_msg msg = {.account_id = world->owner, .version = 4, .disabled = true};
    assert_int_equal(changed(world, &from, &msg), PR_OK);
    assert_int_equal(world->repo.jobs_n, 0);
    media_world_destroy(world);
}

/* The catalogue allows longer texts than a media has room for. */
static void test_rendition_without_room_is_a_permanent_error(void **state)
{
    (void)state;
    char text[1024];
    memset(text, 'x', sizeof text);
    for (int field = 0; field < 3; field++) {
        struct await await;
        struct media_world *world = media_world_create();
        struct media media = media_world_add(world, MEDIA_FINALIZED);
        struct message_origin from = origin(1);
        struct media_rendered_msg msg = rendered_msg(&media.id);
        struct rendition_msg *rendition = &msg.renditions[0];
        *(field == 0   ? &rendition->name
          : field == 1 ? &rendition->object_key
                       : &rendition->content_type) =
            pr_str_n(text, field == 0   ? 16
                           : field == 1 ? MEDIA_OBJECT_KEY_MAX + 1
                                        : 64);
        apply_rendered(&world->deps, &from, &msg, await_done(&await));
        assert_int_equal(pr_err_class(await_once(&await)), PR_CLASS_PERMANENT);
        assert_int_equal(fake_media_repo_find(&world->repo, &media.id)->state, MEDIA_FINALIZED);
        media_world_destroy(world);
    }
}

/* ---- every port call failing ---- */

static const struct pr_uuid message_id = {{1}};

static void *setup(void)
{
    struct media_world *world = media_world_create();
    world->media_id = media_world_add(world, MEDIA_FINALIZED).id;
    return world;
}

/* The message is lent to the usecase until it is done, as the consumer does. */
static void start_rendered(void *arg, struct pr_done done)
{
    static struct message_origin from;
    static struct media_rendered_msg msg;
    struct media_world *world = arg;
    from = (struct message_origin){.id = message_id};
    msg = rendered_msg(&world->media_id);
    apply_rendered(&world->deps, &from, &msg, done);
}

static void start_rejected(void *arg, struct pr_done done)
{
    static struct message_origin from;
    static struct media_rejected_msg msg;
    struct media_world *world = arg;
    from = (struct message_origin){.id = message_id};
    msg = rejected_msg(&world->media_id);
    apply_rejected(&world->deps, &from, &msg, done);
}

static void start_deleted(void *arg, struct pr_done done)
{
    static struct message_origin from;
    static struct account_changed_msg msg;
    struct media_world *world = arg;
    from = (struct message_origin){.id = message_id};
    msg = (struct account_changed_msg){.account_id = world->owner, .deleted = true};
    apply_account(&world->deps, &from, &msg, done);
}

static void check_half(void *arg)
{
    struct media_world *world = arg;
    const struct media *row = &world->repo.rows[0];
    assert_int_equal(row->version, row->state == MEDIA_FINALIZED ? 2 : 3);
    assert_int_equal(world->repo.inbox_n, row->state == MEDIA_FINALIZED ? 0 : 1);
}

static void check_ready(void *arg)
{
    check_half(arg);
    assert_int_equal(((struct media_world *)arg)->repo.rows[0].state, MEDIA_READY);
}

static void check_rejected(void *arg)
{
    check_half(arg);
    assert_int_equal(((struct media_world *)arg)->repo.rows[0].state, MEDIA_REJECTED);
}

static void check_half_queued(void *arg)
{
    struct media_world *world = arg;
    assert_int_equal(world->repo.jobs_n, 2 * world->repo.inbox_n);
}

static void check_queued(void *arg)
{
    struct media_world *world = arg;
    assert_int_equal(world->repo.inbox_n, 1);
    assert_int_equal(world->repo.jobs_n, 2);
}

static void test_every_failure(void **state)
{
    (void)state;
    struct failure_case c = {
        .setup = setup,
        .teardown = media_world_destroy,
        .gate = media_world_gate,
        .start = start_rendered,
        .answer = PR_OK,
        .check_half = check_half,
        .check = check_ready,
    };
    for_each_failure(&c);
    c.start = start_rejected;
    c.check = check_rejected;
    for_each_failure(&c);
    c.start = start_deleted;
    c.check_half = check_half_queued;
    c.check = check_queued;
    for_each_failure(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rendered_media_is_ready),
        cmocka_unit_test(test_rejected_media_tells_why),
        cmocka_unit_test(test_repeated_message_changes_nothing),
        cmocka_unit_test(test_a_second_verdict_changes_nothing),
        cmocka_unit_test(test_gone_media_is_no_error),
        cmocka_unit_test(test_account_that_is_deleted_queues_two_purges_once),
        cmocka_unit_test(test_account_that_lives_loses_nothing),
        cmocka_unit_test(test_rendition_without_room_is_a_permanent_error),
        cmocka_unit_test(test_every_failure),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
