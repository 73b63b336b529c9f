#include "tests/support/failures.h"
#include "tests/support/logs.h"
#include "tests/support/media_world.h"
#include "tests/support/test.h"

#include <stdlib.h>

struct answer {
    unsigned calls;
    enum pr_err err;
    struct pr_uuid ids[FAKE_ROWS];
    size_t ids_n;
    bool more;
};

static void answered(void *arg, enum pr_err err, const struct media_page *page)
{
    struct answer *answer = arg;
    answer->calls++;
    answer->err = err;
    answer->ids_n = page->items_n;
    answer->more = page->more;
    for (size_t i = 0; i < page->items_n; i++)
        answer->ids[i] = page->items[i].id;
}

static struct answer list(struct media_world *world, struct media_query query)
{
    struct answer answer = {0};
    query.owner_id = world->owner;
    list_media(&world->deps, &query, answered, &answer);
    assert_int_equal(answer.calls, 1);
    assert_int_equal(answer.err, PR_OK);
    return answer;
}

static void assert_same(const struct pr_uuid *a, const struct pr_uuid *b)
{
    assert_memory_equal(a->b, b->b, sizeof a->b);
}

static void test_pages_go_from_the_newest_to_the_oldest(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    struct media media[5];
    for (size_t i = 0; i < 5; i++)
        media[i] = media_world_add(world, MEDIA_READY);
    struct media_query query = {.state = -1, .kind = -1, .limit = 2};

    struct answer page = list(world, query);
    assert_int_equal(page.ids_n, 2);
    assert_true(page.more);
    assert_same(&page.ids[0], &media[4].id);
    assert_same(&page.ids[1], &media[3].id);

    query.before_id = page.ids[1];
    page = list(world, query);
    assert_same(&page.ids[0], &media[2].id);
    assert_same(&page.ids[1], &media[1].id);
    assert_true(page.more);

    query.before_id = page.ids[1];
    page = list(world, query);
    assert_int_equal(page.ids_n, 1);
    assert_same(&page.ids[0], &media[0].id);
    assert_false(page.more);
    media_world_destroy(world);
}

static void test_nothing_is_an_empty_page(void **state)
{
    (void)state;
    struct media_world *world = media_world_create();
    struct answer page = list(world, (struct media_query){.state = -1, .kind = -1, .limit = 100});
    assert_int_equal(page.ids_n, 0);
    assert_false(page.more);
    media_world_destroy(world);
}

/* The caller's query need not live until the answer comes. */
static void test_the_query_is_copied(void **state)
{
    (void)state;
    struct answer answer = {0};
    struct media_world *world = media_world_create();
    media_world_add(world, MEDIA_READY);
    struct media_query *query = calloc(1, sizeof *query);
    *query = (struct media_query){.owner_id = world->owner, .state = -1, .kind = -1, .limit = 1};
    gate_hold(&world->gate, true);
    list_media(&world->deps, query, answered, &answer);
    free(query);
    gate_release_all(&world->gate);
    assert_int_equal(answer.calls, 1);
    assert_int_equal(answer.ids_n, 1);
    media_world_destroy(world);
}

static void *setup(void)
{
    struct media_world *world = media_world_create();
    media_world_add(world, MEDIA_READY);
    return world;
}

static void pass_on(void *arg, enum pr_err err, const struct media_page *page)
{
    if (!err)
        assert_int_equal(page->items_n, 1);
    media_done_pass(arg, &(struct pr_fault){.err = err}, NULL, NULL);
}

static void start(void *arg, struct pr_done done)
{
    struct media_world *world = arg;
    struct media_query query = {.owner_id = world->owner, .state = -1, .kind = -1, .limit = 10};
    list_media(&world->deps, &query, pass_on, media_done_arg(done));
}

static void check(void *arg)
{
    struct media_world *world = arg;
    assert_int_equal(world->repo.rows_n, 1);
    assert_int_equal(world->repo.outbox_n, 0);
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
        cmocka_unit_test(test_pages_go_from_the_newest_to_the_oldest),
        cmocka_unit_test(test_nothing_is_an_empty_page),
        cmocka_unit_test(test_the_query_is_copied),
        cmocka_unit_test(test_every_failure),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
