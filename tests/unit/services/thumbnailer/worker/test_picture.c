/* Geometry and colour of the planes between decoder and encoder. */
#include "services/thumbnailer/worker/picture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void fill(const struct plane *plane, int seed)
{
    for (int y = 0; y < plane->height; y++)
        for (int x = 0; x < plane->width; x++)
            plane->data[y * plane->stride + x] = (uint8_t)(seed + 7 * x + 13 * y);
}

static uint8_t at(const struct plane *plane, int x, int y)
{
    return plane->data[y * plane->stride + x];
}

/* Where a sample of the upright picture lies in the stored one, as TIFF 6.0 words it. */
static void stored_position(int orientation, const struct plane *stored, int *x, int *y)
{
    int right = stored->width - 1, bottom = stored->height - 1;
    int up_x = *x, up_y = *y;
    const int positions[9][2] = {
        [1] = {up_x, up_y},
        [2] = {right - up_x, up_y},
        [3] = {right - up_x, bottom - up_y},
        [4] = {up_x, bottom - up_y},
        [5] = {up_y, up_x},
        [6] = {up_y, bottom - up_x},
        [7] = {right - up_y, bottom - up_x},
        [8] = {right - up_y, up_x},
    };
    *x = positions[orientation][0];
    *y = positions[orientation][1];
}

static void test_turn_by_every_orientation(void **state)
{
    (void)state;
    for (int orientation = 1; orientation <= 8; orientation++) {
        struct picture *stored = picture_create(75, 41);
        for (int i = 0; i < 3; i++)
            fill(&stored->plane[i], i);
        struct picture *upright = picture_turn(stored, orientation);
        assert_int_equal(upright->plane[0].width, orientation < 5 ? 75 : 41);
        assert_int_equal(upright->plane[0].height, orientation < 5 ? 41 : 75);
        for (int i = 0; i < 3; i++) {
            const struct plane *plane = &upright->plane[i];
            for (int y = 0; y < plane->height; y++) {
                for (int x = 0; x < plane->width; x++) {
                    int from_x = x, from_y = y;
                    stored_position(orientation, &stored->plane[i], &from_x, &from_y);
                    assert_int_equal(at(plane, x, y), at(&stored->plane[i], from_x, from_y));
                }
            }
        }
        picture_destroy(upright);
        picture_destroy(stored);
    }
}

static void test_scale_keeps_brightness_and_makes_420(void **state)
{
    (void)state;
    struct picture *full = picture_create_planes((int[]){300, 300, 300}, (int[]){200, 200, 200});
    for (int i = 0; i < 3; i++)
        for (int y = 0; y < 200; y++)
            memset(full->plane[i].data + y * full->plane[i].stride, 40 + 70 * i, 300);
    struct picture *small = picture_scale(full, 121, 81);
    assert_int_equal(small->plane[1].width, 61);
    assert_int_equal(small->plane[2].height, 41);
    for (int i = 0; i < 3; i++)
        for (int y = 0; y < small->plane[i].height; y++)
            for (int x = 0; x < small->plane[i].width; x++)
                assert_int_equal(at(&small->plane[i], x, y), 40 + 70 * i);
    picture_destroy(small);
    picture_destroy(full);
}

/* The levels of a ramp stay where they were: scaling does not shift the picture. */
static void test_scale_does_not_shift(void **state)
{
    (void)state;
    struct picture *ramp = picture_create(256, 256);
    for (int i = 0; i < 3; i++)
        for (int y = 0; y < ramp->plane[i].height; y++)
            for (int x = 0; x < ramp->plane[i].width; x++)
                ramp->plane[i].data[y * ramp->plane[i].stride + x] = (uint8_t)(i == 0 ? x : 2 * x);
    struct picture *small = picture_scale(ramp, 64, 64);
    for (int x = 4; x < 60; x++) {
        assert_in_range(at(&small->plane[0], x, 32), 4 * x, 4 * x + 3);
        if (x < 28)
            assert_in_range(at(&small->plane[1], x, 16), 8 * x, 8 * x + 6);
    }
    picture_destroy(small);
    picture_destroy(ramp);
}

static void test_rgb_survives_the_round_trip(void **state)
{
    static const uint8_t colors[][3] = {{255, 255, 255}, {0, 0, 0},    {255, 0, 0},
                                        {0, 255, 0},     {0, 0, 255},  {123, 45, 67},
                                        {16, 16, 16},    {240, 235, 5}};

    (void)state;
    for (size_t c = 0; c < sizeof colors / sizeof *colors; c++) {
        struct pixels rgb = pixels_create(33, 17, 3);
        for (int i = 0; i < 33 * 17; i++)
            memcpy(rgb.data + 3 * i, colors[c], 3);
        struct picture *picture = picture_from_rgb(&rgb);
        struct pixels back = picture_to_pixels(picture, 4);
        for (int i = 0; i < 33 * 17; i++) {
            for (int band = 0; band < 3; band++)
                assert_true(abs(back.data[4 * i + band] - colors[c][band]) <= 2);
            assert_int_equal(back.data[4 * i + 3], 255);
        }
        free(rgb.data);
        free(back.data);
        picture_destroy(picture);
    }
}

/* Full range, BT.601: what every JPEG decoder takes the planes for. */
static void test_the_matrix_is_that_of_jpeg(void **state)
{
    (void)state;
    struct pixels red = pixels_create(16, 16, 3);
    for (int i = 0; i < 16 * 16; i++)
        memcpy(red.data + 3 * i, (uint8_t[]){255, 0, 0}, 3);
    struct picture *picture = picture_from_rgb(&red);
    assert_true(abs(at(&picture->plane[0], 8, 8) - 76) <= 1);
    assert_true(abs(at(&picture->plane[1], 4, 4) - 85) <= 1);
    assert_true(at(&picture->plane[2], 4, 4) >= 254);
    free(red.data);
    picture_destroy(picture);
}

static void test_fit(void **state)
{
    static const int cases[][5] = {
        {4000, 3000, 1600, 1600, 1200}, {3000, 4000, 1600, 1200, 1600}, {100, 50, 320, 100, 50},
        {30000, 1, 320, 320, 1},        {1601, 1601, 1600, 1600, 1600}, {5, 30000, 1600, 1, 1600},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int width, height;
        picture_fit(cases[i][0], cases[i][1], cases[i][2], &width, &height);
        assert_int_equal(width, cases[i][3]);
        assert_int_equal(height, cases[i][4]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_turn_by_every_orientation),
        cmocka_unit_test(test_scale_keeps_brightness_and_makes_420),
        cmocka_unit_test(test_scale_does_not_shift),
        cmocka_unit_test(test_rgb_survives_the_round_trip),
        cmocka_unit_test(test_the_matrix_is_that_of_jpeg),
        cmocka_unit_test(test_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
