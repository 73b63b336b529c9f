#include "services/media/domain/guest_photo.h"

#include "shared/base/alloc.h"
#include "tests/support/test.h"

#include <string.h>

static struct guest_photo photo(const char *type, const char *filename)
{
    return (struct guest_photo){.type = media_type_parse(pr_str(type)),
                                .filename = pr_str(filename),
                                .original = {.size_bytes = 1},
                                .large = {.size_bytes = 2}};
}

static void test_what_is_saved(void **state)
{
    struct guest_photo image = photo("image/heic", "a.heic"), video = photo("video/mp4", "a.mp4");
    (void)state;
    assert_int_equal(guest_photo_file(&image, true)->size_bytes, 1);
    assert_int_equal(guest_photo_file(&image, false)->size_bytes, 2);
    assert_int_equal(guest_photo_file(&video, true)->size_bytes, 1);
    assert_int_equal(guest_photo_file(&video, false)->size_bytes, 1);
}

static void assert_name(const char *type, const char *filename, bool originals,
                        const char *expected)
{
    struct guest_photo item = photo(type, filename);
    char name[MEDIA_FILENAME_MAX + 1];
    guest_photo_name(&item, originals, name);
    assert_string_equal(name, expected);
}

static void test_the_name_it_is_saved_under(void **state)
{
    (void)state;
    assert_name("image/heic", "beach.heic", true, "beach.heic");
    assert_name("image/heic", "beach.heic", false, "beach.jpg");
    assert_name("image/jpeg", "beach.JPEG", false, "beach.JPEG");
    assert_name("image/png", "beach", false, "beach.jpg");
    assert_name("image/png", ".png", false, ".png.jpg");
    assert_name("image/png", "a.b.png", false, "a.b.jpg");
    assert_name("video/mp4", "film.mp4", false, "film.mp4");
}

static void test_a_long_name_is_cut_between_characters(void **state)
{
    char filename[MEDIA_FILENAME_MAX + 1] = "", name[MEDIA_FILENAME_MAX + 1];
    (void)state;
    for (int i = 0; i < MEDIA_FILENAME_MAX / 2; i++)
        strcat(filename, "\xc3\xa9");
    struct guest_photo item = photo("image/png", filename);
    guest_photo_name(&item, false, name);
    assert_int_equal(strlen(name), 250 + 4);
    assert_string_equal(name + 248, "\xc3\xa9.jpg");
    memset(filename, 'a', MEDIA_FILENAME_MAX);
    item = photo("image/png", filename);
    guest_photo_name(&item, false, name);
    assert_int_equal(strlen(name), MEDIA_FILENAME_MAX);
    guest_photo_name(&item, true, name);
    assert_string_equal(name, filename);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_saved),
        cmocka_unit_test(test_the_name_it_is_saved_under),
        cmocka_unit_test(test_a_long_name_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
