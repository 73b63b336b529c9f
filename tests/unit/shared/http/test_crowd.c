#include "shared/http/crowd.h"

#include "shared/base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_each_network_has_its_own_count(void **state)
{
    static const struct address one = {{1}}, other = {{2}};
    struct crowd *crowd = crowd_create(2);
    (void)state;
    struct crowd_group *group = crowd_enter(crowd, &one);
    assert_non_null(group);
    assert_ptr_equal(crowd_enter(crowd, &one), group);
    assert_null(crowd_enter(crowd, &one));
    struct crowd_group *second = crowd_enter(crowd, &other);
    assert_non_null(second);
    crowd_leave(crowd, group);
    assert_ptr_equal(crowd_enter(crowd, &one), group);
    assert_null(crowd_enter(crowd, &one));
    crowd_leave(crowd, group);
    crowd_leave(crowd, group);
    crowd_leave(crowd, second);
    crowd_destroy(crowd); /* asserts that it is empty */
}

/* More than there are buckets. */
static void test_many_networks(void **state)
{
    enum { NETWORKS = 5000 };
    static struct crowd_group *groups[NETWORKS];
    struct crowd *crowd = crowd_create(1);
    (void)state;
    for (unsigned i = 0; i < NETWORKS; i++) {
        struct address network = {{0}};
        memcpy(network.bytes, &i, sizeof i);
        groups[i] = crowd_enter(crowd, &network);
        assert_non_null(groups[i]);
        assert_null(crowd_enter(crowd, &network));
    }
    for (unsigned i = 0; i < NETWORKS; i++)
        crowd_leave(crowd, groups[i]);
    crowd_destroy(crowd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_network_has_its_own_count),
        cmocka_unit_test(test_many_networks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
