#include "services/media/domain/zip_name.h"

#include "shared/base/alloc.h"
#include "tests/support/test.h"

#include <stdio.h>

static void assert_clean(const char *name, const char *expected)
{
    char out[ZIP_NAME_MAX + 1];
    zip_name_clean(pr_str(name), out);
    assert_string_equal(out, expected);
}

static void test_plain_names_stay(void **state)
{
    (void)state;
    assert_clean("IMG_0412.jpg", "IMG_0412.jpg");
    assert_clean("Été à Sète 🏖.jpg", "Été à Sète 🏖.jpg");
    assert_clean("a", "a");
    assert_clean("archive.tar.gz", "archive.tar.gz");
    assert_clean("console.jpg", "console.jpg");
    assert_clean("com10.jpg", "com10.jpg");
    assert_clean("نسخة.jpg", "نسخة.jpg");
}

static void test_no_path_and_nothing_that_is_forbidden(void **state)
{
    (void)state;
    assert_clean("../../etc/passwd", "_._.._etc_passwd");
    assert_clean("C:\\a<b>c|d?e*f\"g.jpg", "C__a_b_c_d_e_f_g.jpg");
    assert_clean("a\x01\x7f\n\xc2\x85.jpg", "a____.jpg");
    assert_clean("photo\xe2\x80\xaegpj.exe", "photo_gpj.exe");
    assert_clean("\xef\xbb\xbfx\xe2\x80\xa8y", "_x_y");
    assert_clean("broken\xff\xc3.jpg", "broken__.jpg");
    assert_clean("x.j\xffg", "x.j_g");
}

static void test_no_dot_first_none_and_no_blank_last(void **state)
{
    (void)state;
    assert_clean(".htaccess", "_htaccess");
    assert_clean("..", "file");
    assert_clean("", "file");
    assert_clean("  photo.jpg . ", "photo.jpg");
    assert_clean(" ", "file");
}

static void test_no_device(void **state)
{
    (void)state;
    assert_clean("con", "_con");
    assert_clean("NUL.tar.gz", "_NUL.tar.gz");
    assert_clean("Com1.jpg", "_Com1.jpg");
    assert_clean("LPT² .jpg", "_LPT² .jpg");
    assert_clean("CONIN$", "_CONIN$");
    assert_clean("aux ", "_aux");
}

static void test_long_names_keep_their_extension(void **state)
{
    char name[400], out[ZIP_NAME_MAX + 1];
    (void)state;
    memset(name, 'a', sizeof name);
    strcpy(name + 300, ".jpeg");
    zip_name_clean(pr_str(name), out);
    assert_int_equal(strlen(out), ZIP_NAME_MAX);
    assert_string_equal(out + ZIP_NAME_MAX - 6, "a.jpeg");
    /* Characters are whole: 72 of two bytes, and one byte is left. */
    for (size_t i = 0; i < 300; i += 2)
        memcpy(name + i, "é", 2);
    zip_name_clean(pr_str(name), out);
    assert_int_equal(strlen(out), ZIP_NAME_MAX - 1);
    /* A dot far from the end is none before an extension. */
    memset(name, 'b', 399);
    name[399] = 0;
    name[10] = '.';
    zip_name_clean(pr_str(name), out);
    assert_int_equal(strlen(out), ZIP_NAME_MAX);
    /* The cut lays a blank bare. */
    memset(name, ' ', 399);
    name[0] = name[398] = 'x';
    zip_name_clean(pr_str(name), out);
    assert_string_equal(out, "x");
}

struct fixture {
    struct pr_arena arena;
    struct zip_names names;
};

static struct fixture *setup(void)
{
    struct fixture *f = PR_NEW(struct fixture);
    zip_names_init(&f->names, &f->arena);
    return f;
}

static void teardown(struct fixture *f)
{
    zip_names_fini(&f->names);
    pr_arena_fini(&f->arena);
    free(f);
}

static void assert_added(struct fixture *f, const char *name, const char *expected)
{
    struct pr_str given = zip_names_add(&f->names, pr_str(name));
    assert_string_equal(given.p, expected);
    assert_int_equal(given.n, strlen(expected));
}

static void test_names_are_unique(void **state)
{
    struct fixture *f = setup();
    (void)state;
    assert_added(f, "beach.jpg", "beach.jpg");
    assert_added(f, "beach.jpg", "beach (2).jpg");
    assert_added(f, "BEACH.JPG", "BEACH (3).JPG");
    assert_added(f, "beach (4).jpg", "beach (4).jpg");
    assert_added(f, "beach.jpg", "beach (5).jpg");
    assert_added(f, "beach (2).jpg", "beach (2) (2).jpg");
    assert_added(f, "con", "_con");
    assert_added(f, "_con", "_con (2)");
    assert_added(f, "a/b", "a_b");
    assert_added(f, "a:b", "a_b (2)");
    assert_added(f, "\xc3\x89t\xc3\xa9.jpg", "\xc3\x89t\xc3\xa9.jpg");
    assert_added(f, "\xc3\xa9t\xc3\xa9.jpg", "\xc3\xa9t\xc3\xa9 (2).jpg"); /* small */
    assert_added(f, "E\xcc\x81t\xc3\xa9.jpg",
                 "E\xcc\x81t\xc3\xa9 (3).jpg"); /* composed otherwise */
    assert_added(f, "Ete.jpg", "Ete.jpg");
    teardown(f);
}

static void test_long_names_have_room_for_their_number(void **state)
{
    struct fixture *f = setup();
    char name[300];
    (void)state;
    memset(name, 'a', sizeof name);
    strcpy(name + 290, ".jpeg");
    zip_names_add(&f->names, pr_str(name));
    struct pr_str second = zip_names_add(&f->names, pr_str(name));
    assert_true(second.n <= ZIP_NAME_MAX);
    assert_true(pr_str_has_suffix(second, pr_str("aaa (2).jpeg")));
    teardown(f);
}

/* Also where each number is taken already, and where all names are cut to the same. */
static void test_many_of_one_name_take_no_time(void **state)
{
    struct fixture *f = setup();
    char name[300];
    (void)state;
    for (int i = 0; i < 10000; i++) {
        snprintf(name, sizeof name, "IMG (%d).jpg", i);
        assert_added(f, name, name);
    }
    assert_added(f, "IMG.jpg", "IMG.jpg");
    assert_added(f, "IMG.jpg", "IMG (10000).jpg");
    for (int i = 10001; i < 20000; i++) {
        snprintf(name, sizeof name, "IMG (%d).jpg", i);
        assert_added(f, "IMG.jpg", name);
    }
    for (int i = 0; i < 10000; i++) {
        memset(name, 'a', ZIP_NAME_MAX);
        snprintf(name + ZIP_NAME_MAX - 4, 5, "%04d", i / 2);
        struct pr_str given = zip_names_add(&f->names, pr_str(name));
        assert_true(given.n <= ZIP_NAME_MAX);
    }
    teardown(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_names_stay),
        cmocka_unit_test(test_no_path_and_nothing_that_is_forbidden),
        cmocka_unit_test(test_no_dot_first_none_and_no_blank_last),
        cmocka_unit_test(test_no_device),
        cmocka_unit_test(test_long_names_keep_their_extension),
        cmocka_unit_test(test_names_are_unique),
        cmocka_unit_test(test_long_names_have_room_for_their_number),
        cmocka_unit_test(test_many_of_one_name_take_no_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
