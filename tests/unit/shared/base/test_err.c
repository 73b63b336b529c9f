#include "shared/base/err.h"

#include "tests/support/test.h"

#include <stdbool.h>
#include <string.h>

static void test_class_and_status_agree(void **state)
{
    (void)state;
    assert_int_equal(pr_err_status(PR_OK), 200);
    assert_int_equal(pr_err_class(PR_OK), PR_CLASS_NONE);
    for (int i = PR_OK + 1; i < PR_ERR_COUNT; i++) {
        enum pr_err err = (enum pr_err)i;
        bool caller = pr_err_class(err) == PR_CLASS_CALLER;
        assert_int_not_equal(pr_err_class(err), PR_CLASS_NONE);
        assert_in_range(pr_err_status(err), caller ? 400 : 500, caller ? 499 : 599);
        assert_memory_equal(pr_err_name(err), "PR_ERR_", 7);
        assert_true(pr_err_text(err)[0]);
    }
}

static void test_fault_is_filled_and_bounded(void **state)
{
    (void)state;
    struct pr_fault fault;
    char field[100], detail[400];
    assert_int_equal(pr_fault_set(&fault, PR_ERR_INVALID, "size", "must be %d", 3), PR_ERR_INVALID);
    assert_int_equal(fault.err, PR_ERR_INVALID);
    assert_string_equal(fault.field, "size");
    assert_string_equal(fault.detail, "must be 3");

    memset(field, 'f', sizeof field);
    memset(detail, 'd', sizeof detail);
    field[sizeof field - 1] = detail[sizeof detail - 1] = 0;
    pr_fault_set(&fault, PR_ERR_INVALID, field, "%s", detail);
    assert_int_equal(strlen(fault.field), sizeof fault.field - 1);
    assert_int_equal(strlen(fault.detail), sizeof fault.detail - 1);

    pr_fault_set(&fault, PR_ERR_CONFLICT, NULL, "taken");
    assert_string_equal(fault.field, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_class_and_status_agree),
        cmocka_unit_test(test_fault_is_filled_and_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
