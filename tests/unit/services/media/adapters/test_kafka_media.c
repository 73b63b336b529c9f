#include "services/media/adapters/kafka_media.h"

#include "tests/support/await.h"
#include "tests/support/logs.h"
#include "tests/support/media_world.h"
#include "tests/support/test.h"

static struct pr_buf body;

static int before(void **state)
{
    (void)state;
    pr_buf_init(&body, MESSAGE_MAX_BYTES);
    return 0;
}

static int after(void **state)
{
    (void)state;
    pr_buf_fini(&body);
    return 0;
}

static void encode_rendered(const struct pr_uuid *id)
{
    const struct media_rendered_msg msg = {
        .media_id = *id,
        .owner_id = {{1}},
        .version = 2,
        .width = 4032,
        .height = 3024,
        .sha256 = PR_STR("0123456789abcdef0123456789abcdef"),
        .renditions = {{PR_STR("preview"), PR_STR("k"), PR_STR("image/webp"), 320, 240, 9120, false,
                        0}},
        .renditions_count = 1,
    };
    assert_int_equal(media_rendered_encode(&msg, &body), PR_OK);
}

static void encode_rejected(const struct pr_uuid *id)
{
    const struct media_rejected_msg msg = {
        .media_id = *id, .owner_id = {{1}}, .version = 2, .reason = PR_STR("unreadable")};
    assert_int_equal(media_rejected_encode(&msg, &body), PR_OK);
}

static void encode_deleted_account(const struct pr_uuid *id)
{
    const struct account_changed_msg msg = {
        .account_id = *id,
        .version = 5,
        .name = PR_STR("anna-photo"),
        .tier = PR_STR("premium"),
        .role = PR_STR("user"),
        .deleted = true,
    };
    assert_int_equal(account_changed_encode(&msg, &body), PR_OK);
}

static struct kafka_message message(enum message_kind kind)
{
    return (struct kafka_message){
        .id = pr_uuid_v7(3),
        .type = pr_str(message_infos[kind].type),
        .topic = pr_str(message_infos[kind].topic),
        .value = pr_buf_str(&body),
    };
}

static enum pr_err handle(struct media_world *world, const struct kafka_message *msg)
{
    struct await await;
    kafka_media_handle(&world->deps, msg, await_done(&await));
    return await_once(&await);
}

static void test_rendered_makes_it_ready(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    struct media media = media_world_add(world, MEDIA_FINALIZED);
    encode_rendered(&media.id);
    struct kafka_message msg = message(MESSAGE_MEDIA_RENDERED);
    assert_int_equal(handle(world, &msg), PR_OK);
    assert_int_equal(world->repo.rows[0].state, MEDIA_READY);
    assert_true(pr_uuid_eq(&world->repo.inbox[0], &msg.id));
    media_world_destroy(world);
}

static void test_rejected_makes_it_rejected(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    struct media media = media_world_add(world, MEDIA_FINALIZED);
    encode_rejected(&media.id);
    struct kafka_message msg = message(MESSAGE_MEDIA_REJECTED);
    assert_int_equal(handle(world, &msg), PR_OK);
    assert_int_equal(world->repo.rows[0].state, MEDIA_REJECTED);
    media_world_destroy(world);
}

static void test_account_that_is_deleted_queues_its_purge(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    encode_deleted_account(&world->owner);
    struct kafka_message msg = message(MESSAGE_ACCOUNT_CHANGED);
    assert_int_equal(handle(world, &msg), PR_OK);
    assert_int_equal(world->repo.jobs_n, 2);
    assert_true(pr_uuid_eq(&world->repo.jobs[0].subject, &world->owner));
    assert_true(pr_uuid_eq(&world->repo.inbox[0], &msg.id));
    media_world_destroy(world);
}

static void test_it_is_done_when_the_repo_is(void **state)
{
    (void)state;
    struct await await;
    struct media_world *world = media_world_create();
    struct media media = media_world_add(world, MEDIA_FINALIZED);
    encode_rendered(&media.id);
    struct kafka_message msg = message(MESSAGE_MEDIA_RENDERED);
    gate_hold(&world->gate, true);
    gate_fail(&world->gate, 1, PR_ERR_UNAVAILABLE, false);
    kafka_media_handle(&world->deps, &msg, await_done(&await));
    assert_int_equal(await.calls, 0);
    gate_release_all(&world->gate);
    assert_int_equal(await_once(&await), PR_ERR_UNAVAILABLE);
    gate_hold(&world->gate, false);
    assert_int_equal(handle(world, &msg), PR_OK); /* the consumer tries again */
    assert_int_equal(world->repo.rows[0].state, MEDIA_READY);
    media_world_destroy(world);
}

static void test_what_is_broken_or_not_for_us_is_a_permanent_error(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    struct media media = media_world_add(world, MEDIA_FINALIZED);
    encode_rendered(&media.id);
    struct kafka_message cut = message(MESSAGE_MEDIA_RENDERED), strange = cut, own = cut,
                         mixed = cut;
    cut.value.n--;
    strange.type = pr_str("pierrot.media.rendered.v2");
    own.type = pr_str(message_infos[MESSAGE_MEDIA_CREATED].type);
    mixed.type = pr_str(message_infos[MESSAGE_MEDIA_REJECTED].type);
    const struct kafka_message *const bad[] = {&cut, &strange, &own, &mixed};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        logs_catch();
        assert_int_equal(pr_err_class(handle(world, bad[i])), PR_CLASS_PERMANENT);
        assert_true(logs_hold("\"msg\":\"message refused\""));
    }
    assert_int_equal(world->gate.passed, 0);
    media_world_destroy(world);
}

static void test_topics_are_those_of_the_messages(void **state)
{
    (void)state;
    size_t n = 0;
    for (; kafka_media_topics[n]; n++)
        continue;
    assert_int_equal(n, 3);
    assert_string_equal(kafka_media_topics[0], message_infos[MESSAGE_MEDIA_RENDERED].topic);
    assert_string_equal(kafka_media_topics[1], message_infos[MESSAGE_MEDIA_REJECTED].topic);
    assert_string_equal(kafka_media_topics[2], message_infos[MESSAGE_ACCOUNT_CHANGED].topic);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, before, after)
    const struct CMUnitTest tests[] = {
        TEST(test_rendered_makes_it_ready),
        TEST(test_rejected_makes_it_rejected),
        TEST(test_account_that_is_deleted_queues_its_purge),
        TEST(test_it_is_done_when_the_repo_is),
        TEST(test_what_is_broken_or_not_for_us_is_a_permanent_error),
        TEST(test_topics_are_those_of_the_messages),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
