#include "shared/base/arena.h"

#include "tests/support/test.h"

static void test_memory_is_zeroed_aligned_and_apart(void **state)
{
    (void)state;
    struct pr_arena arena = {0};
    unsigned char *before[200];
    for (size_t i = 0; i < 200; i++) {
        size_t n = i * 7 % 301;
        before[i] = pr_arena_alloc(&arena, n);
        assert_int_equal((uintptr_t)before[i] % _Alignof(max_align_t), 0);
        for (size_t k = 0; k < n; k++)
            assert_int_equal(before[i][k], 0);
        memset(before[i], (int)i, n);
    }
    for (size_t i = 0; i < 200; i++) { /* nobody wrote into anybody's */
        for (size_t k = 0; k < i * 7 % 301; k++)
            assert_int_equal(before[i][k], (unsigned char)i);
    }
    pr_arena_fini(&arena);
}

static void test_large_pieces_get_their_own_room(void **state)
{
    (void)state;
    struct pr_arena arena = {0};
    char *small = pr_arena_alloc(&arena, 10), *large = pr_arena_alloc(&arena, 1000000);
    memset(large, 'x', 1000000);
    small[9] = 'y';
    assert_int_equal(large[999999], 'x');
    pr_arena_fini(&arena);
}

static void test_copies_are_terminated(void **state)
{
    (void)state;
    struct pr_arena arena = {0};
    struct pr_str copy = pr_arena_copy(&arena, pr_str_n("abcdef", 3));
    assert_true(pr_str_is(copy, "abc"));
    assert_int_equal(copy.p[3], 0);
    copy = pr_arena_copy(&arena, pr_str_n(NULL, 0));
    assert_int_equal(copy.n, 0);
    assert_string_equal(copy.p, "");
    pr_arena_fini(&arena);
}

static void test_printf_of_any_length(void **state)
{
    (void)state;
    struct pr_arena arena = {0};
    char *text = pr_arena_printf(&arena, "%s-%05d", "a", 42);
    assert_string_equal(text, "a-00042");
    char *large = pr_arena_printf(&arena, "%*s", 10000, "end");
    assert_int_equal(strlen(large), 10000);
    assert_string_equal(large + 9997, "end");
    assert_string_equal(text, "a-00042");
    pr_arena_fini(&arena);
}

static void test_may_be_used_again(void **state)
{
    (void)state;
    struct pr_arena arena = {0};
    pr_arena_fini(&arena);
    assert_non_null(pr_arena_alloc(&arena, 0));
    pr_arena_fini(&arena);
    assert_non_null(pr_arena_alloc(&arena, 1));
    pr_arena_fini(&arena);
    assert_null(arena.chunks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_is_zeroed_aligned_and_apart),
        cmocka_unit_test(test_large_pieces_get_their_own_room),
        cmocka_unit_test(test_copies_are_terminated),
        cmocka_unit_test(test_printf_of_any_length),
        cmocka_unit_test(test_may_be_used_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
