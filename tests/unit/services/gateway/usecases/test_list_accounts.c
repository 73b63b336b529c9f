/* And get_account, list_credentials, list_invites: what is only read. */
#include "tests/support/failures.h"
#include "tests/support/gateway_world.h"
#include "tests/support/logs.h"
#include "tests/support/test.h"

struct listed {
    size_t items_n;
    bool more;
    struct pr_uuid first_id;
};

static struct account anna, ben;
static struct listed listed;

/* ben came a second later than anna, his token a second after his session. */
static void *setup(void)
{
    struct gateway_world *world = gateway_world_create();
    char text[SECRET_TEXT];
    anna = gateway_world_add_account(world, "anna", ROLE_ADMIN);
    test_clock_move(&world->clock, 1000);
    ben = gateway_world_add_account(world, "ben", ROLE_USER);
    gateway_world_add_credential(world, &ben.id, CREDENTIAL_SESSION, text);
    test_clock_move(&world->clock, 1000);
    gateway_world_add_credential(world, &ben.id, CREDENTIAL_TOKEN, text);
    gateway_world_add_invite(world, TIER_FREE, ROLE_USER, text);
    return world;
}

static void begin(struct gateway_world *world, struct pr_done next)
{
    world->answer = (struct gateway_answer){.next = next};
    listed = (struct listed){0};
}

static void accounts_listed(void *arg, enum pr_err err, const struct account_page *page)
{
    listed.items_n = page->items_n;
    listed.more = page->more;
    if (page->items_n > 0)
        listed.first_id = page->items[0].id;
    gateway_answered(arg, err);
}

static void credentials_listed(void *arg, enum pr_err err, const struct credential_list *list)
{
    listed.items_n = list->items_n;
    if (list->items_n > 0)
        listed.first_id = list->items[0].account_id;
    gateway_answered(arg, err);
}

static void invites_listed(void *arg, enum pr_err err, const struct invite_list *list)
{
    listed.items_n = list->items_n;
    gateway_answered(arg, err);
}

static void search(struct gateway_world *world, struct pr_str text, size_t limit)
{
    begin(world, (struct pr_done){0});
    list_accounts(&world->deps, &(struct account_query){.search = text, .limit = limit},
                  accounts_listed, &world->answer);
}

static void test_accounts_come_in_pages_newest_first(void **state)
{
    (void)state;
    struct gateway_world *world = setup();
    search(world, pr_str(""), 1);
    gateway_expect(&world->answer, PR_OK, "");
    assert_int_equal(listed.items_n, 1);
    assert_true(listed.more);
    assert_true(pr_uuid_eq(&listed.first_id, &ben.id));
    search(world, pr_str("ANNA@"), 10);
    assert_int_equal(listed.items_n, 1);
    assert_false(listed.more);
    assert_true(pr_uuid_eq(&listed.first_id, &anna.id));
    gateway_world_destroy(world);
}

static void test_what_is_no_text_is_not_searched_for(void **state)
{
    (void)state;
    static const struct pr_str bad[] = {PR_STR("\xff"), PR_STR("a\0b"), PR_STR("a\nb")};
    struct gateway_world *world = setup();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        search(world, bad[i], 10);
        gateway_expect(&world->answer, PR_ERR_INVALID, "");
    }
    assert_int_equal(world->gate.passed, 0);
    gateway_world_destroy(world);
}

static void list_bens(struct gateway_world *world, enum credential_kind kind)
{
    begin(world, (struct pr_done){0});
    list_credentials(&world->deps, &ben.id, kind, credentials_listed, &world->answer);
    gateway_expect(&world->answer, PR_OK, "");
}

static void test_credentials_are_those_of_one_account_that_live(void **state)
{
    (void)state;
    struct gateway_world *world = setup();
    char text[SECRET_TEXT];
    gateway_world_add_credential(world, &anna.id, CREDENTIAL_SESSION, text);
    list_bens(world, CREDENTIAL_SESSION);
    assert_int_equal(listed.items_n, 1);
    assert_true(pr_uuid_eq(&listed.first_id, &ben.id));
    list_bens(world, CREDENTIAL_TOKEN);
    assert_int_equal(listed.items_n, 1);
    test_clock_move(&world->clock, 86400000 - 1000);
    list_bens(world, CREDENTIAL_SESSION);
    assert_int_equal(listed.items_n, 0);
    list_bens(world, CREDENTIAL_TOKEN);
    assert_int_equal(listed.items_n, 1);
    gateway_world_destroy(world);
}

static void test_nobody_has_such_an_account(void **state)
{
    (void)state;
    struct gateway_world *world = setup();
    struct pr_uuid unknown = pr_uuid_v7(1);
    begin(world, (struct pr_done){0});
    get_account(&world->deps, &unknown, gateway_answered_account, &world->answer);
    gateway_expect(&world->answer, PR_ERR_NOT_FOUND, "");
    gateway_world_destroy(world);
}

/* ---- every failure ---- */

static void start_list_accounts(void *arg, struct pr_done done)
{
    struct gateway_world *world = arg;
    begin(world, done);
    list_accounts(&world->deps, &(struct account_query){.limit = 10}, accounts_listed,
                  &world->answer);
}

static void start_list_tokens(void *arg, struct pr_done done)
{
    struct gateway_world *world = arg;
    begin(world, done);
    list_credentials(&world->deps, &ben.id, CREDENTIAL_TOKEN, credentials_listed, &world->answer);
}

static void start_list_invites(void *arg, struct pr_done done)
{
    struct gateway_world *world = arg;
    begin(world, done);
    list_invites(&world->deps, invites_listed, &world->answer);
}

static void start_get(void *arg, struct pr_done done)
{
    struct gateway_world *world = arg;
    begin(world, done);
    get_account(&world->deps, &ben.id, gateway_answered_account, &world->answer);
}

static void check_two(void *world)
{
    (void)world;
    assert_int_equal(listed.items_n, 2);
}

static void check_one(void *world)
{
    (void)world;
    assert_int_equal(listed.items_n, 1);
}

static void check_ben(void *arg)
{
    struct gateway_world *world = arg;
    assert_memory_equal(&world->answer.account, &ben, sizeof ben);
}

static void test_every_failure(void **state)
{
    (void)state;
    const struct failure_case cases[] = {
        {.start = start_list_accounts, .check = check_two},
        {.start = start_list_tokens, .check = check_one},
        {.start = start_list_invites, .check = check_one},
        {.start = start_get, .check = check_ben},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct failure_case c = cases[i];
        c.setup = setup;
        c.teardown = gateway_world_destroy;
        c.gate = gateway_world_gate;
        for_each_failure(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accounts_come_in_pages_newest_first),
        cmocka_unit_test(test_what_is_no_text_is_not_searched_for),
        cmocka_unit_test(test_credentials_are_those_of_one_account_that_live),
        cmocka_unit_test(test_nobody_has_such_an_account),
        cmocka_unit_test(test_every_failure),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
