#include "shared/base/alloc.h"
#include "tests/support/code_world.h"
#include "tests/support/failures.h"
#include "tests/support/logs.h"
#include "tests/support/test.h"

struct answer {
    unsigned calls;
    enum pr_err err;
    struct code_page page; /* kept */
};

static void answered(void *arg, enum pr_err err, struct code_page *page)
{
    struct answer *answer = arg;
    answer->calls++;
    answer->err = err;
    answer->page = *page;
    page->arena = (struct pr_arena){0};
}

static void *setup(void)
{
    struct code_world *world = code_world_create();
    code_world_add(world, "AAA222", "Anna");
    code_world_add(world, "BBB222", "Bert");
    code_world_add(world, "CCC222", "Carl");
    return world;
}

static struct answer list(struct code_world *world, const struct code_query *query)
{
    struct answer answer = {0};
    list_codes(&world->deps, query, answered, &answer);
    assert_int_equal(answer.calls, 1);
    return answer;
}

static void test_a_page_from_the_newest_or_all_from_the_oldest(void **state)
{
    (void)state;
    struct code_world *world = setup();
    struct code_query query = {world->owner, world->event_id, {{0}}, 2, false};
    struct answer answer = list(world, &query);
    assert_int_equal(answer.err, PR_OK);
    assert_int_equal(answer.page.items_n, 2);
    assert_true(answer.page.more);
    assert_string_equal(answer.page.items[0].label, "Carl"); /* whoever keeps it has it */
    pr_arena_fini(&answer.page.arena);
    query.limit = CODES_MAX;
    query.oldest_first = true;
    answer = list(world, &query);
    assert_int_equal(answer.page.items_n, 3);
    assert_string_equal(answer.page.items[0].label, "Anna");
    pr_arena_fini(&answer.page.arena);
    code_world_destroy(world);
}

static void test_strangers_find_nothing(void **state)
{
    (void)state;
    struct code_world *world = setup();
    struct code_query query = {world->stranger, world->event_id, {{0}}, 2, false};
    struct answer answer = list(world, &query);
    assert_int_equal(answer.err, PR_ERR_NOT_FOUND);
    pr_arena_fini(&answer.page.arena);
    code_world_destroy(world);
}

static void pass_on(void *arg, enum pr_err err, struct code_page *page)
{
    struct pr_done done = *(struct pr_done *)arg;
    if (!err)
        assert_int_equal(page->items_n, 3);
    free(arg);
    pr_done_call(done, err);
}

static void start(void *arg, struct pr_done done)
{
    struct code_world *world = arg;
    struct pr_done *copy = PR_NEW(struct pr_done);
    *copy = done;
    list_codes(&world->deps,
               &(struct code_query){world->owner, world->event_id, {{0}}, CODES_MAX, true}, pass_on,
               copy);
}

static void check(void *arg)
{
    struct code_world *world = arg;
    assert_int_equal(world->repo.codes_n, 3);
}

static void test_every_failure(void **state)
{
    (void)state;
    for_each_failure(&(struct failure_case){
        .setup = setup,
        .teardown = code_world_destroy,
        .gate = code_world_gate,
        .start = start,
        .answer = PR_OK,
        .check = check,
    });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_page_from_the_newest_or_all_from_the_oldest),
        cmocka_unit_test(test_strangers_find_nothing),
        cmocka_unit_test(test_every_failure),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
