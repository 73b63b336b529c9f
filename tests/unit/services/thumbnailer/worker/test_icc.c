/* Profiles are judged by their numbers. */
#include "services/thumbnailer/worker/icc.h"

#include "services/thumbnailer/worker/jpeg_header.h"

#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint8_t *profile_of(const char *name, size_t *size)
{
    struct jpeg_header header;
    size_t file_size;
    uint8_t *data = rig_read_file(name, &file_size);

    assert_true(jpeg_header_read(data, file_size, &header));
    *size = header.icc_size;
    uint8_t *profile = malloc(*size);
    assert_non_null(profile);
    jpeg_header_copy_icc(&header, profile);
    free(data);
    return profile;
}

static void test_srgb_needs_no_transform(void **state)
{
    size_t size;
    uint8_t *profile = profile_of("camera.jpg", &size);

    (void)state;
    assert_true(size > 128);
    assert_false(icc_differs_from_srgb(profile, size));
    free(profile);
}

static void test_display_p3_becomes_more_vivid(void **state)
{
    uint8_t pixel[64] = {180, 90, 90};
    struct pixels rgb = {.width = 1, .height = 1, .bands = 3, .data = pixel};
    size_t size;
    uint8_t *profile = profile_of("display-p3.jpg", &size);

    (void)state;
    assert_true(icc_differs_from_srgb(profile, size));
    struct icc_transform *transform = icc_transform_create(profile, size);
    icc_transform_apply(transform, &rgb);
    assert_true(pixel[0] > 184 && pixel[1] < 88);
    icc_transform_destroy(transform);
    free(profile);
}

static void test_a_broken_profile_is_none(void **state)
{
    size_t size;
    uint8_t *profile = profile_of("display-p3.jpg", &size);

    (void)state;
    assert_null(icc_transform_create(profile, size / 3));
    assert_null(icc_transform_create(profile, 0));
    memset(profile + 16, 'x', 4); /* the colour space it says it is for */
    assert_null(icc_transform_create(profile, size));
    free(profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_srgb_needs_no_transform),
        cmocka_unit_test(test_display_p3_becomes_more_vivid),
        cmocka_unit_test(test_a_broken_profile_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
