#include "services/gateway/domain/updates.h"
#include "shared/base/alloc.h"
#include "tests/support/test.h"

#define MAX_EACH 3

struct listener {
    struct updates_listener super;
    struct updates *updates;
    unsigned told;
    struct update last;
    bool leaves;
};

static void tell(struct updates_listener *super, const struct update *update)
{
    struct listener *listener = PR_CONTAINER(super, struct listener, super);
    listener->told++;
    listener->last = *update;
    if (listener->leaves)
        updates_leave(listener->updates, super);
}

static struct pr_uuid account_id(unsigned n)
{
    struct pr_uuid id = {{0}};
    id.b[0] = (uint8_t)(n >> 8);
    id.b[1] = (uint8_t)n;
    id.b[15] = (uint8_t)(n % 4); /* many share a bucket */
    return id;
}

static bool join(struct updates *updates, struct listener *listener, unsigned account)
{
    struct pr_uuid id = account_id(account);
    listener->super.tell = tell;
    listener->updates = updates;
    return updates_join(updates, &listener->super, &id);
}

static void tell_account(struct updates *updates, unsigned account)
{
    updates_tell(updates, &(struct update){
                              {{1}}, account_id(account), UPDATE_REJECTED, PR_STR("too_large")});
}

static void test_each_account_hears_of_its_own(void **state)
{
    enum { ACCOUNTS = 500 };
    (void)state;
    struct updates *updates = updates_create(MAX_EACH);
    struct listener *listeners = pr_alloc(ACCOUNTS * sizeof *listeners);
    for (unsigned i = 0; i < ACCOUNTS; i++)
        assert_true(join(updates, &listeners[i], i));
    assert_int_equal(updates_count(updates), ACCOUNTS);
    for (unsigned i = 0; i < ACCOUNTS; i += 7)
        tell_account(updates, i);
    tell_account(updates, ACCOUNTS); /* nobody listens */
    for (unsigned i = 0; i < ACCOUNTS; i++)
        assert_int_equal(listeners[i].told, i % 7 == 0);
    assert_int_equal(listeners[7].last.state, UPDATE_REJECTED);
    assert_true(pr_str_is(listeners[7].last.reason, "too_large"));
    for (unsigned i = 0; i < ACCOUNTS; i++)
        updates_leave(updates, &listeners[(i + 250) % ACCOUNTS].super);
    assert_int_equal(updates_count(updates), 0);
    tell_account(updates, 7);
    assert_int_equal(listeners[7].told, 1);
    updates_destroy(updates);
    free(listeners);
}

static void test_so_many_of_an_account_and_no_more(void **state)
{
    (void)state;
    struct updates *updates = updates_create(MAX_EACH);
    struct listener some[MAX_EACH + 1] = {0}, other = {0};
    for (unsigned i = 0; i < MAX_EACH; i++)
        assert_true(join(updates, &some[i], 1));
    assert_false(join(updates, &some[MAX_EACH], 1));
    assert_true(join(updates, &other, 5)); /* of the same bucket */
    updates_leave(updates, &some[1].super);
    assert_true(join(updates, &some[MAX_EACH], 1));
    tell_account(updates, 1);
    for (unsigned i = 0; i <= MAX_EACH; i++)
        assert_int_equal(some[i].told, i != 1);
    assert_int_equal(other.told, 0);
    updates_leave(updates, &some[0].super);
    updates_leave(updates, &some[2].super);
    updates_leave(updates, &some[MAX_EACH].super);
    updates_leave(updates, &other.super);
    updates_destroy(updates);
}

/* Whoever is told may leave: each of them, and all. */
static void test_leaving_while_told(void **state)
{
    (void)state;
    for (unsigned who = 0; who < 1u << MAX_EACH; who++) {
        struct updates *updates = updates_create(MAX_EACH);
        struct listener some[MAX_EACH] = {0};
        for (unsigned i = 0; i < MAX_EACH; i++) {
            assert_true(join(updates, &some[i], 9));
            some[i].leaves = who >> i & 1;
        }
        tell_account(updates, 9);
        tell_account(updates, 9);
        for (unsigned i = 0; i < MAX_EACH; i++) {
            assert_int_equal(some[i].told, some[i].leaves ? 1 : 2);
            if (!some[i].leaves)
                updates_leave(updates, &some[i].super);
        }
        updates_destroy(updates);
    }
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(update_state_name(UPDATE_READY), "ready");
    assert_string_equal(update_state_name(UPDATE_REJECTED), "rejected");
    assert_string_equal(update_state_name(UPDATE_DELETED), "deleted");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_account_hears_of_its_own),
        cmocka_unit_test(test_so_many_of_an_account_and_no_more),
        cmocka_unit_test(test_leaving_while_told),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
