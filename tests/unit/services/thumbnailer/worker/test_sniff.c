/* Types, sizes and frame counts from headers alone. */
#include "services/thumbnailer/worker/jpeg_header.h"
#include "services/thumbnailer/worker/sniff.h"

#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *name;
    enum content_type type;
    struct sniffed sniffed;
} samples[] = {
    {"orientation-1.jpg", CONTENT_JPEG, {640, 480, 1}},
    {"orientation-6.jpg", CONTENT_JPEG, {480, 640, 1}},
    {"progressive.jpg", CONTENT_JPEG, {640, 480, 1}},
    {"quarters.png", CONTENT_PNG, {640, 480, 1}},
    {"lossy.webp", CONTENT_WEBP, {640, 480, 1}},
    {"transparent.webp", CONTENT_WEBP, {640, 480, 1}},
    {"animated.webp", CONTENT_WEBP, {640, 480, 3}},
    {"animated.gif", CONTENT_GIF, {640, 480, 3}},
    {"quarters.heic", CONTENT_HEIC, {640, 480, 1}},
    {"quarters.avif", CONTENT_AVIF, {640, 480, 1}},
    {"sequence.avif", CONTENT_AVIF, {640, 480, 1}},
};

/* A copy with nothing behind it, so that a sanitizer sees any read past its end. */
static uint8_t *exact_copy(const void *data, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    assert_non_null(copy);
    memcpy(copy, data, size);
    return copy;
}

static enum content_type type_of(const void *data, size_t size)
{
    uint8_t *copy = exact_copy(data, size);
    enum content_type type = sniff_type(copy, size);
    free(copy);
    return type;
}

static void test_samples(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        size_t size;
        struct sniffed sniffed;
        uint8_t *data = rig_read_file(samples[i].name, &size);
        assert_int_equal(sniff_type(data, size), samples[i].type);
        assert_true(sniff_picture(data, size, samples[i].type, &sniffed));
        assert_memory_equal(&sniffed, &samples[i].sniffed, sizeof sniffed);
        free(data);
    }
}

/* Every beginning of every sample, and each as every type: an answer without a bad read. */
static void test_any_length_as_any_type(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        size_t size;
        struct sniffed sniffed;
        uint8_t *data = rig_read_file(samples[i].name, &size);
        for (size_t length = 0; length < size && length < 700; length++) {
            uint8_t *copy = exact_copy(data, length);
            enum content_type type = sniff_type(copy, length);
            assert_true(type == CONTENT_UNKNOWN || type == samples[i].type);
            for (type = CONTENT_UNKNOWN; type < CONTENT_TYPE_COUNT; type++)
                if (sniff_picture(copy, length, type, &sniffed))
                    assert_true(sniffed.width > 0 && sniffed.height > 0);
            free(copy);
        }
        free(data);
    }
}

static void test_brands(void **state)
{
    static const struct {
        const char *ftyp;
        enum content_type type;
    } cases[] = {
        {"ftypisom\0\0\2\0isomiso2", CONTENT_MP4},
        {"ftypmp42\0\0\0\0mp42qt  ", CONTENT_MP4},
        {"ftypqt  \0\0\2\0qt  \0\0\0\0", CONTENT_QUICKTIME},
        {"ftypzzzz\0\0\0\0isomzzzz", CONTENT_MP4},
        {"ftypmif1\0\0\0\0mif1heic", CONTENT_HEIC},
        {"ftypmif1\0\0\0\0mif1avif", CONTENT_AVIF},
        {"ftypmif1\0\0\0\0isommp42", CONTENT_UNKNOWN},
        {"ftypcrx \0\0\0\1crx isom", CONTENT_UNKNOWN},
        {"ftypavis\0\0\0\0msf1miaf", CONTENT_AVIF},
        {"ftypzzzz\0\0\0\0zzzzyyyy", CONTENT_UNKNOWN},
        {"moovzzzz\0\0\0\0zzzzyyyy", CONTENT_QUICKTIME},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t file[24] = {0, 0, 0, 24};
        memcpy(file + 4, cases[i].ftyp, 20);
        assert_int_equal(type_of(file, sizeof file), cases[i].type);
    }
}

static void test_webm_is_not_any_matroska(void **state)
{
    static const char webm[] = "\x1a\x45\xdf\xa3\x8b\x42\x86\x81\x01\x42\x82\x84webm";
    static const char matroska[] = "\x1a\x45\xdf\xa3\x8f\x42\x86\x81\x01\x42\x82\x88matroska";

    (void)state;
    assert_int_equal(type_of(webm, sizeof webm - 1), CONTENT_WEBM);
    assert_int_equal(type_of(matroska, sizeof matroska - 1), CONTENT_UNKNOWN);
}

static void test_what_is_not_ours(void **state)
{
    static const char *const others[] = {"<svg ",        "%PDF-1.7", "BM......",   "II*\0",
                                         "RIFF....WAVE", "\177ELF",  "PK\x03\x04", "8BPS",
                                         "#!/bin/sh",    ""};

    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_int_equal(type_of(others[i], strlen(others[i])), CONTENT_UNKNOWN);
}

static void test_families(void **state)
{
    (void)state;
    assert_true(sniff_type_matches(CONTENT_MP4, CONTENT_QUICKTIME));
    assert_true(sniff_type_matches(CONTENT_QUICKTIME, CONTENT_MP4));
    assert_true(sniff_type_matches(CONTENT_PNG, CONTENT_PNG));
    assert_false(sniff_type_matches(CONTENT_MP4, CONTENT_WEBM));
    assert_false(sniff_type_matches(CONTENT_HEIC, CONTENT_AVIF));
    assert_false(sniff_type_matches(CONTENT_UNKNOWN, CONTENT_UNKNOWN));
}

/* A frame that sticks out of a GIF's screen makes the picture larger. */
static void test_gif_frame_beyond_its_screen(void **state)
{
    static const uint8_t gif[] = "GIF89a\x02\x00\x02\x00\x00\x00\x00"
                                 "\x2c\x10\x00\x20\x00\xe8\x03\xd0\x07\x00\x02\x00\x3b";
    struct sniffed sniffed;

    (void)state;
    assert_true(sniff_picture(gif, sizeof gif - 1, CONTENT_GIF, &sniffed));
    assert_int_equal(sniffed.width, 1016);
    assert_int_equal(sniffed.height, 2032);
    assert_int_equal(sniffed.frames, 1);
}

/* The largest tile or picture counts, whatever the primary item is. */
static void test_heif_takes_the_largest_size(void **state)
{
    static const uint8_t heif[] = "\0\0\0\x10"
                                  "ftypheic\0\0\0\0"
                                  "\0\0\0\x44meta\0\0\0\0"
                                  "\0\0\0\x38iprp\0\0\0\x30ipco"
                                  "\0\0\0\x14ispe\0\0\0\0\0\0\x02\0\0\0\x75\x31"
                                  "\0\0\0\x14ispe\0\0\0\0\0\x01\0\0\0\0\0\x40";
    struct sniffed sniffed;

    (void)state;
    assert_true(sniff_picture(heif, sizeof heif - 1, CONTENT_HEIC, &sniffed));
    assert_int_equal(sniffed.width, 65536);
    assert_int_equal(sniffed.height, 30001);
}

static void test_jpeg_header(void **state)
{
    struct jpeg_header header;
    size_t size;

    (void)state;
    for (char orientation = '1'; orientation <= '8'; orientation++) {
        char name[] = "orientation-?.jpg";
        name[12] = orientation;
        uint8_t *data = rig_read_file(name, &size);
        assert_true(jpeg_header_read(data, size, &header));
        assert_int_equal(header.orientation, orientation - '0');
        assert_int_equal(header.icc_size, 0);
        free(data);
    }
    uint8_t *data = rig_read_file("display-p3.jpg", &size);
    assert_true(jpeg_header_read(data, size, &header));
    assert_int_equal(header.components, 3);
    assert_int_equal(header.precision, 8);
    uint8_t *profile = malloc(header.icc_size);
    jpeg_header_copy_icc(&header, profile);
    assert_memory_equal(profile + 36, "acsp", 4); /* ICC.1, 7.2.9 */
    free(profile);
    free(data);
}

/* Two chunks in the wrong order make a profile; one of them alone makes none. */
static void test_icc_chunks(void **state)
{
#define FRAME "\xff\xc0\x00\x0b\x08\x00\x10\x00\x20\x01\x01\x11\x00"
    static const uint8_t whole[] = "\xff\xd8"
                                   "\xff\xe2\x00\x13ICC_PROFILE\0\x02\x02"
                                   "def"
                                   "\xff\xe2\x00\x13ICC_PROFILE\0\x01\x02"
                                   "abc" FRAME;
    static const uint8_t half[] = "\xff\xd8"
                                  "\xff\xe2\x00\x13ICC_PROFILE\0\x02\x02"
                                  "def" FRAME;
    static const uint8_t quarrel[] = "\xff\xd8"
                                     "\xff\xe2\x00\x13ICC_PROFILE\0\x03\x03"
                                     "def"
                                     "\xff\xe2\x00\x13ICC_PROFILE\0\x01\x01"
                                     "abc" FRAME;
    struct jpeg_header header;
    uint8_t profile[6];

    (void)state;
    assert_true(jpeg_header_read(whole, sizeof whole - 1, &header));
    assert_int_equal(header.width, 32);
    assert_int_equal(header.height, 16);
    assert_int_equal(header.icc_size, 6);
    jpeg_header_copy_icc(&header, profile);
    assert_memory_equal(profile, "abcdef", 6);
    assert_true(jpeg_header_read(half, sizeof half - 1, &header));
    assert_int_equal(header.icc_size, 0);
    assert_true(jpeg_header_read(quarrel, sizeof quarrel - 1, &header));
    assert_int_equal(header.icc_size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples),
        cmocka_unit_test(test_any_length_as_any_type),
        cmocka_unit_test(test_brands),
        cmocka_unit_test(test_webm_is_not_any_matroska),
        cmocka_unit_test(test_what_is_not_ours),
        cmocka_unit_test(test_families),
        cmocka_unit_test(test_gif_frame_beyond_its_screen),
        cmocka_unit_test(test_heif_takes_the_largest_size),
        cmocka_unit_test(test_jpeg_header),
        cmocka_unit_test(test_icc_chunks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
