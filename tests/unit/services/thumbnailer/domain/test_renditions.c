#include "services/thumbnailer/domain/renditions.h"
#include "tests/support/test.h"

#include <string.h>

static void assert_keys(const char *object_key, const char *preview, const char *large)
{
    char out[RENDITION_KEY_MAX];
    assert_true(rendition_key(pr_str(object_key), RENDITION_PREVIEW, out));
    assert_string_equal(out, preview);
    assert_true(rendition_key(pr_str(object_key), RENDITION_LARGE, out));
    assert_string_equal(out, large);
}

static void test_renditions_lie_beside_the_original(void **state)
{
    (void)state;
    assert_keys("owner/library/media/beach.jpg", "owner/library/media/.renditions/preview.webp",
                "owner/library/media/.renditions/large.jpg");
    assert_keys("o/e/m/no extension", "o/e/m/.renditions/preview.webp",
                "o/e/m/.renditions/large.jpg");
}

/* Only the folder counts: whatever the file is called, its renditions are where they were. */
static void test_filename_does_not_matter(void **state)
{
    static const char *const names[] = {"a",    "%s%n", "..", "preview.webp", "\xc3\xa9\xff",
                                        "a\nb", "\\"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char key[64] = "o/library/m/";
        strcat(key, names[i]);
        assert_keys(key, "o/library/m/.renditions/preview.webp",
                    "o/library/m/.renditions/large.jpg");
    }
}

static void test_key_of_a_folder_itself_is_its_own_place(void **state)
{
    (void)state;
    assert_keys("o/library/m/", "o/library/m/.renditions/preview.webp",
                "o/library/m/.renditions/large.jpg");
}

static void test_key_without_a_folder_is_refused(void **state)
{
    static const char *const keys[] = {"", "beach.jpg", "/", "/beach.jpg", "..", "."};
    char out[RENDITION_KEY_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        assert_false(rendition_key(pr_str(keys[i]), RENDITION_LARGE, out));
}

/* A view that does not end where its text does: nothing behind it is read. */
static void test_view_is_not_a_string(void **state)
{
    char out[RENDITION_KEY_MAX];
    (void)state;
    assert_true(rendition_key(pr_str_n("o/m/a.jpg/b/c", 9), RENDITION_LARGE, out));
    assert_string_equal(out, "o/m/.renditions/large.jpg");
    assert_false(rendition_key(pr_str_n("beach/x", 5), RENDITION_LARGE, out));
}

static void test_longest_folder(void **state)
{
    char key[2048], out[RENDITION_KEY_MAX];
    (void)state;
    memset(key, 'k', sizeof key);
    size_t folder = RENDITION_KEY_MAX - 64;
    key[folder - 1] = '/';
    for (enum rendition_name name = 0; name < RENDITIONS; name++) {
        assert_true(rendition_key(pr_str_n(key, sizeof key), name, out));
        assert_memory_equal(out, key, folder);
        assert_true(strlen(out) > folder + 1); /* not cut: the name is there, whole */
        assert_non_null(strstr(out + folder, rendition_text(name)));
        assert_non_null(strchr(out + folder, '.'));
    }
    key[folder - 1] = 'k';
    key[folder] = '/';
    for (enum rendition_name name = 0; name < RENDITIONS; name++)
        assert_false(rendition_key(pr_str_n(key, sizeof key), name, out));
}

static void test_names_and_types(void **state)
{
    (void)state;
    assert_string_equal(rendition_text(RENDITION_PREVIEW), "preview");
    assert_string_equal(rendition_text(RENDITION_LARGE), "large");
    assert_string_equal(rendition_content_type(RENDITION_PREVIEW), "image/webp");
    assert_string_equal(rendition_content_type(RENDITION_LARGE), "image/jpeg");
}

static void test_cache_key(void **state)
{
    char out[PREVIEW_CACHE_KEY];
    const struct pr_uuid id = {{0x01, 0x92, 0xf0, 0xc1, 0x7a, 0, 0x70, 0, 0x80, [15] = 2}};
    (void)state;
    assert_ptr_equal(preview_cache_key(&id, out), out);
    assert_string_equal(out, "preview:0192f0c1-7a00-7000-8000-000000000002");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_renditions_lie_beside_the_original),
        cmocka_unit_test(test_filename_does_not_matter),
        cmocka_unit_test(test_key_of_a_folder_itself_is_its_own_place),
        cmocka_unit_test(test_key_without_a_folder_is_refused),
        cmocka_unit_test(test_view_is_not_a_string),
        cmocka_unit_test(test_longest_folder),
        cmocka_unit_test(test_names_and_types),
        cmocka_unit_test(test_cache_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
