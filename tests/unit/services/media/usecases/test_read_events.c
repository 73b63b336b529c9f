/* get_event, list_events, list_event_media. */
#include "services/media/usecases/event_usecases.h"
#include "shared/base/alloc.h"
#include "tests/support/failures.h"
#include "tests/support/logs.h"
#include "tests/support/media_world.h"
#include "tests/support/test.h"

struct answer {
    unsigned calls;
    enum pr_err err;
    struct event event;
    struct pr_uuid ids[8];
    size_t n;
    bool more;
};

static void got(void *arg, const struct pr_fault *fault, const struct event *event)
{
    *(struct answer *)arg = (struct answer){
        .calls = ((struct answer *)arg)->calls + 1, .err = fault->err, .event = *event};
}

static void listed(void *arg, enum pr_err err, const struct event_page *page)
{
    struct answer *answer = arg;
    *answer = (struct answer){.calls = answer->calls + 1, .err = err, .more = page->more};
    for (size_t i = 0; !err && i < page->items_n; i++)
        answer->ids[answer->n++] = page->items[i].id;
}

static void listed_media(void *arg, enum pr_err err, const struct media_page *page)
{
    struct answer *answer = arg;
    *answer = (struct answer){.calls = answer->calls + 1, .err = err, .more = page->more};
    for (size_t i = 0; !err && i < page->items_n; i++)
        answer->ids[answer->n++] = page->items[i].id;
}

static void test_get(void **state)
{
    (void)state;
    struct answer answer = {0};
    struct media_world *world = media_world_create();
    struct event event = media_world_add_event(world, "Wedding");
    media_world_add_to_event(world, &event.id);
    get_event(&world->deps, &world->owner, &event.id, got, &answer);
    assert_int_equal(answer.calls, 1);
    assert_int_equal(answer.err, PR_OK);
    assert_string_equal(answer.event.name, "Wedding");
    assert_int_equal(answer.event.photos_n, 1);
    get_event(&world->deps, &world->stranger, &event.id, got, &answer);
    assert_int_equal(answer.err, PR_ERR_NOT_FOUND);
    fake_event_repo_find(&world->events, &event.id)->deleting = true;
    get_event(&world->deps, &world->owner, &event.id, got, &answer);
    assert_int_equal(answer.err, PR_ERR_NOT_FOUND);
    media_world_destroy(world);
}

static void test_list(void **state)
{
    (void)state;
    struct answer answer = {0};
    struct media_world *world = media_world_create();
    struct event first = media_world_add_event(world, "First");
    struct event second = media_world_add_event(world, "Second");
    struct event_query query = {.owner_id = world->owner, .limit = 1};
    list_events(&world->deps, &query, listed, &answer);
    assert_int_equal(answer.n, 1);
    assert_true(pr_uuid_eq(&answer.ids[0], &second.id) && answer.more);
    query.before_id = second.id;
    list_events(&world->deps, &query, listed, &answer);
    assert_int_equal(answer.n, 1);
    assert_true(pr_uuid_eq(&answer.ids[0], &first.id) && !answer.more);
    assert_int_equal(answer.calls, 2);
    media_world_destroy(world);
}

static void test_list_media(void **state)
{
    (void)state;
    struct answer answer = {0};
    struct media_world *world = media_world_create();
    struct event event = media_world_add_event(world, "Wedding");
    struct media older = media_world_add_to_event(world, &event.id);
    struct media newer = media_world_add_to_event(world, &event.id);
    struct event_media_query query = {.event_id = event.id, .state = -1, .limit = 5};
    media_world_add(world, MEDIA_READY);
    list_event_media(&world->deps, &world->owner, &query, listed_media, &answer);
    assert_int_equal(answer.err, PR_OK);
    assert_int_equal(answer.n, 2);
    assert_true(pr_uuid_eq(&answer.ids[0], &newer.id) && pr_uuid_eq(&answer.ids[1], &older.id));
    unsigned before = world->gate.passed;
    list_event_media(&world->deps, &world->stranger, &query, listed_media, &answer);
    assert_int_equal(answer.err, PR_ERR_NOT_FOUND);
    assert_int_equal(world->gate.passed - before, 1); /* nothing is listed for a stranger */
    media_world_destroy(world);
}

/* ---- every port call failing ---- */

static void *setup(void)
{
    struct media_world *world = media_world_create();
    world->event_id = media_world_add_event(world, "Wedding").id;
    return world;
}

static void pass_event(void *arg, const struct pr_fault *fault, const struct event *event)
{
    struct pr_done done = *(struct pr_done *)arg;
    (void)event;
    free(arg);
    pr_done_call(done, fault->err);
}

static void pass_events(void *arg, enum pr_err err, const struct event_page *page)
{
    struct pr_done done = *(struct pr_done *)arg;
    (void)page;
    free(arg);
    pr_done_call(done, err);
}

static void pass_media(void *arg, enum pr_err err, const struct media_page *page)
{
    struct pr_done done = *(struct pr_done *)arg;
    (void)page;
    free(arg);
    pr_done_call(done, err);
}

static void start_get(void *arg, struct pr_done done)
{
    struct media_world *world = arg;
    get_event(&world->deps, &world->owner, &world->event_id, pass_event, media_done_arg(done));
}

static void start_list(void *arg, struct pr_done done)
{
    struct media_world *world = arg;
    list_events(&world->deps, &(struct event_query){.owner_id = world->owner, .limit = 5},
                pass_events, media_done_arg(done));
}

static void start_list_media(void *arg, struct pr_done done)
{
    struct media_world *world = arg;
    struct event_media_query query = {.event_id = world->event_id, .state = -1, .limit = 5};
    list_event_media(&world->deps, &world->owner, &query, pass_media, media_done_arg(done));
}

static void check(void *arg)
{
    (void)arg;
}

static void test_every_failure(void **state)
{
    (void)state;
    void (*const starts[])(void *, struct pr_done) = {start_get, start_list, start_list_media};
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++)
        for_each_failure(&(struct failure_case){
            .setup = setup,
            .teardown = media_world_destroy,
            .gate = media_world_gate,
            .start = starts[i],
            .answer = PR_OK,
            .check = check,
        });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_get),
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_list_media),
        cmocka_unit_test(test_every_failure),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
