#include "services/thumbnailer/adapters/kafka_render.h"
#include "tests/support/logs.h"
#include "tests/support/test.h"
#include "tests/support/thumbnailer_world.h"

static struct kafka_message message(const char *type, const char *topic, struct pr_str value)
{
    return (struct kafka_message){
        .type = pr_str(type),
        .topic = pr_str(topic),
        .id = pr_uuid_v7(7),
        .partition = 2,
        .offset = 41,
        .value = value,
    };
}

static struct kafka_message finalized(const struct thumbnailer_world *world)
{
    return message("pierrot.media.finalized.v1", "media.finalized",
                   pr_buf_str(&world->finalized_value));
}

static struct kafka_message deleted(const struct thumbnailer_world *world)
{
    return message("pierrot.media.deleted.v1", "media.deleted", pr_buf_str(&world->deleted_value));
}

static enum pr_err handle(struct thumbnailer_world *world, const struct kafka_message *msg)
{
    struct await await;
    kafka_render_handle(&world->deps, msg, await_done(&await));
    return await_once(&await);
}

static void test_each_message_to_its_usecase(void **state)
{
    (void)state;
    struct thumbnailer_world *world = thumbnailer_world_create();
    struct kafka_message first = finalized(world), second = deleted(world);
    assert_int_equal(handle(world, &first), PR_OK);
    assert_string_equal(thumbnailer_world_state(world), "queued");
    assert_string_equal(thumbnailer_world_job_state(world, "render"), "ready");
    assert_true(pr_uuid_eq(&world->repo.inbox[0], &first.id));
    assert_int_equal(handle(world, &second), PR_OK);
    assert_string_equal(thumbnailer_world_state(world), "deleted");
    thumbnailer_world_destroy(world);
}

/* What the usecase borrows is there until it is done. */
static void test_answered_later(void **state)
{
    (void)state;
    struct await awaits[2];
    struct thumbnailer_world *world = thumbnailer_world_create();
    struct kafka_message first = finalized(world), second = deleted(world);
    gate_hold(&world->gate, true);
    kafka_render_handle(&world->deps, &first, await_done(&awaits[0]));
    kafka_render_handle(&world->deps, &second, await_done(&awaits[1]));
    assert_int_equal(awaits[0].calls + awaits[1].calls, 0);
    gate_release_all(&world->gate);
    assert_int_equal(await_once(&awaits[0]), PR_OK);
    assert_int_equal(await_once(&awaits[1]), PR_OK);
    assert_string_equal(thumbnailer_world_state(world), "deleted");
    thumbnailer_world_destroy(world);
}

static void test_error_of_the_usecase_is_told(void **state)
{
    (void)state;
    struct thumbnailer_world *world = thumbnailer_world_create();
    struct kafka_message msg = finalized(world);
    gate_fail(&world->gate, 1, PR_ERR_UNAVAILABLE, false);
    assert_int_equal(handle(world, &msg), PR_ERR_UNAVAILABLE);
    assert_int_equal(handle(world, &msg), PR_OK);
    thumbnailer_world_destroy(world);
}

/* Permanent errors: such a message goes to the dead letters. */
static void test_message_that_is_none_of_ours(void **state)
{
    (void)state;
    struct thumbnailer_world *world = thumbnailer_world_create();
    struct pr_str value = pr_buf_str(&world->finalized_value);
    const struct kafka_message wrong[] = {
        message("pierrot.media.finalized.v1", "media.finalized", pr_str("?")),
        message("pierrot.media.finalized.v1", "media.finalized", pr_str_n(value.p, value.n - 1)),
        message("pierrot.media.finalized.v1", "media.finalized", pr_str_n(NULL, 0)),
        message("pierrot.media.deleted.v1", "media.deleted", pr_str("")),
        message("pierrot.media.created.v1", "media.finalized", value),
        message("pierrot.media.finalized.v2", "media.finalized", value),
        message("", "media.finalized", value),
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        logs_catch();
        assert_int_equal(pr_err_class(handle(world, &wrong[i])), PR_CLASS_PERMANENT);
        assert_int_equal(logs_count(), 1);
        assert_true(logs_hold("message refused"));
    }
    assert_int_equal(world->repo.inbox_n, 0);
    thumbnailer_world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_message_to_its_usecase),
        cmocka_unit_test(test_answered_later),
        cmocka_unit_test(test_error_of_the_usecase_is_told),
        cmocka_unit_test(test_message_that_is_none_of_ours),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
