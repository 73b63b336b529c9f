/* The expected hashes were made by the npm package thumbhash 0.1.1 (rgbaToThumbHash) from the same
 * formulas. */
#include "services/thumbnailer/worker/thumbhash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef void (*paint_fn)(int x, int y, uint8_t rgba[4]);

static void paint(uint8_t rgba[4], int red, int green, int blue, int alpha)
{
    rgba[0] = (uint8_t)red;
    rgba[1] = (uint8_t)green;
    rgba[2] = (uint8_t)blue;
    rgba[3] = (uint8_t)alpha;
}

static void opaque(int x, int y, uint8_t rgba[4])
{
    paint(rgba, x * 5 + y, y * 7, x * y, 255);
}

static void transparent(int x, int y, uint8_t rgba[4])
{
    paint(rgba, x * 3, y * 2, 200, x * x + y * 4);
}

static void flat(int x, int y, uint8_t rgba[4])
{
    (void)x;
    (void)y;
    paint(rgba, 120, 30, 220, 255);
}

static void clear(int x, int y, uint8_t rgba[4])
{
    (void)x;
    (void)y;
    paint(rgba, 0, 0, 0, 0);
}

static void hash_of(paint_fn painter, int width, int height, char hex[2 * THUMBHASH_MAX + 1])
{
    uint8_t *rgba = malloc((size_t)width * (size_t)height * 4);
    uint8_t hash[THUMBHASH_MAX];

    assert_non_null(rgba);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            painter(x, y, rgba + 4 * (y * width + x));
    size_t size = thumbhash_encode(rgba, width, height, hash);
    for (size_t i = 0; i < size; i++)
        sprintf(hex + 2 * i, "%02x", hash[i]);
    free(rgba);
}

static void test_equals_the_published_encoder(void **state)
{
    static const struct {
        paint_fn painter;
        int width, height;
        const char *hash;
    } cases[] = {
        {opaque, 100, 75, "1f080a158a7533796357897687087776c7704af886"},
        {opaque, 40, 100, "5f2806130e405339687573b19064047595"},
        {opaque, 64, 64, "dc070a1f1206878564977673781777a88777b4705807690b"},
        {opaque, 100, 3, "4fe80a398a70807aa18788777a4f089687"},
        {transparent, 60, 90, "9f04861308078080887888808008f887534477770232a4"},
        {transparent, 100, 50, "5e7486138807013d838888018318d07876751012742789"},
        {clear, 8, 8, "00088205000000000000000000000000000000000000000000"},
    };
    char hex[2 * THUMBHASH_MAX + 1];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hash_of(cases[i].painter, cases[i].width, cases[i].height, hex);
        assert_string_equal(hex, cases[i].hash);
    }
}

/* Of one colour: the coefficients are rounding noise, times a scale of zero. */
static void test_one_colour(void **state)
{
    char hex[2 * THUMBHASH_MAX + 1];

    (void)state;
    hash_of(flat, 32, 32, hex);
    assert_memory_equal(hex, "9eb3020700", 10);
    assert_int_equal(strlen(hex), 2 * 24);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equals_the_published_encoder),
        cmocka_unit_test(test_one_colour),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
