/* Every format through the worker program: size, uprightness, colours, and nothing but pixels in
 * the renditions. All pictures show four quarters (tests/support/images/make.py). */
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

enum { TOLERANCE = 12 }; /* of 255; P3 taken for sRGB, or BT.709 for BT.601, is off by more */

static const uint8_t quarters[4][3] = {{200, 40, 40}, {40, 160, 60}, {40, 60, 200}, {220, 200, 40}};

static int start(void **state)
{
    static struct worker worker;

    worker = worker_start("1000");
    *state = &worker;
    return 0;
}

static int stop(void **state)
{
    int status = worker_stop(*state);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

static const uint8_t *quarter_of(const struct pixels *pixels, int quarter)
{
    int x = pixels->width * (quarter % 2 == 0 ? 1 : 3) / 4;
    int y = pixels->height * (quarter < 2 ? 1 : 3) / 4;

    return pixels->data + 4 * (y * pixels->width + x);
}

static void assert_color(const uint8_t *got, const uint8_t *expected, const char *name, int quarter)
{
    for (int band = 0; band < 3; band++)
        if (abs(got[band] - expected[band]) > TOLERANCE)
            fail_msg("%s, quarter %d: %d %d %d", name, quarter, got[0], got[1], got[2]);
}

static void assert_quarters(const struct pixels *pixels, const char *name)
{
    for (int quarter = 0; quarter < 4; quarter++)
        assert_color(quarter_of(pixels, quarter), quarters[quarter], name, quarter);
}

static void assert_bare(const uint8_t *data, size_t size, const char *name)
{
    static const char *const marks[] = {"Exif",    "EXIF", "ICCP",   "ICC_PROFILE", "XMP",
                                        "xmpmeta", "VP8X", "secret", "Secret",      "Photoshop"};

    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (memmem(data, size, marks[i], strlen(marks[i])) != NULL)
            fail_msg("%s: a rendition contains %s", name, marks[i]);
}

struct sample {
    const char *name;
    enum content_type type;
    uint32_t width, height;
    int64_t duration_ms;
};

static const struct sample samples[] = {
    {"orientation-1.jpg", CONTENT_JPEG, 640, 480, 0},
    {"orientation-2.jpg", CONTENT_JPEG, 640, 480, 0},
    {"orientation-3.jpg", CONTENT_JPEG, 640, 480, 0},
    {"orientation-4.jpg", CONTENT_JPEG, 640, 480, 0},
    {"orientation-5.jpg", CONTENT_JPEG, 640, 480, 0},
    {"orientation-6.jpg", CONTENT_JPEG, 640, 480, 0},
    {"orientation-7.jpg", CONTENT_JPEG, 640, 480, 0},
    {"orientation-8.jpg", CONTENT_JPEG, 640, 480, 0},
    {"camera.jpg", CONTENT_JPEG, 640, 480, 0},
    {"full-chroma.jpg", CONTENT_JPEG, 640, 480, 0},
    {"wide-chroma.jpg", CONTENT_JPEG, 640, 480, 0},
    {"progressive.jpg", CONTENT_JPEG, 640, 480, 0},
    {"display-p3.jpg", CONTENT_JPEG, 640, 480, 0},
    {"display-p3.png", CONTENT_PNG, 640, 480, 0},
    {"quarters.png", CONTENT_PNG, 640, 480, 0},
    {"palette.png", CONTENT_PNG, 640, 480, 0},
    {"lossy.webp", CONTENT_WEBP, 640, 480, 0},
    {"animated.webp", CONTENT_WEBP, 640, 480, 0},
    {"animated.gif", CONTENT_GIF, 640, 480, 0},
    {"quarters.heic", CONTENT_HEIC, 640, 480, 0},
    {"quarters.avif", CONTENT_AVIF, 640, 480, 0},
    {"sequence.avif", CONTENT_AVIF, 640, 480, 0},
    {"clip.mp4", CONTENT_MP4, 320, 240, 2000},
    {"clip.mp4", CONTENT_QUICKTIME, 320, 240, 2000},
    {"rotated.mp4", CONTENT_MP4, 320, 240, 2000},
    {"clip.mov", CONTENT_QUICKTIME, 320, 240, 2000},
    {"clip.webm", CONTENT_WEBM, 320, 240, 2000},
};

static void check_sample(struct worker *worker, const struct sample *sample)
{
    struct rendered rendered;

    assert_int_equal(worker_render_file(worker, sample->type, sample->name, &rendered), 1);
    const struct render_reply *reply = &rendered.reply;
    if (reply->status != RENDER_OK)
        fail_msg("%s: %s, %s", sample->name, render_reason_name(reply->reason), reply->text);
    assert_int_equal(reply->width, sample->width);
    assert_int_equal(reply->height, sample->height);
    assert_int_equal(reply->duration_ms, sample->duration_ms);
    assert_int_equal(reply->degraded, 0);
    assert_in_range(reply->placeholder_bytes, 10, RENDER_PLACEHOLDER_MAX);
    assert_int_equal(reply->preview.width, 320);
    assert_int_equal(reply->preview.height, 240);
    assert_int_equal(reply->large.width, sample->width); /* never enlarged */
    assert_int_equal(reply->large.height, sample->height);

    struct pixels preview = decode_webp_file(rendered.preview, reply->preview.size_bytes);
    struct pixels large = decode_jpeg_file(rendered.large, reply->large.size_bytes);
    assert_int_equal(preview.width, reply->preview.width);
    assert_int_equal(large.height, reply->large.height);
    assert_quarters(&preview, sample->name);
    assert_quarters(&large, sample->name);
    assert_bare(rendered.preview, reply->preview.size_bytes, sample->name);
    assert_bare(rendered.large, reply->large.size_bytes, sample->name);
    free(preview.data);
    free(large.data);
    rendered_free(&rendered);
}

static void test_every_format(void **state)
{
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
        check_sample(*state, &samples[i]);
}

/* Brightness, and hue: a CMYK file without a profile has no exact colours. */
static void test_gray_and_cmyk(void **state)
{
    static const uint8_t luma[4] = {88, 113, 70, 188};
    struct rendered rendered;

    assert_int_equal(worker_render_file(*state, CONTENT_JPEG, "gray.jpg", &rendered), 1);
    struct pixels preview = decode_webp_file(rendered.preview, rendered.reply.preview.size_bytes);
    for (int quarter = 0; quarter < 4; quarter++) {
        const uint8_t gray[3] = {luma[quarter], luma[quarter], luma[quarter]};
        assert_color(quarter_of(&preview, quarter), gray, "gray.jpg", quarter);
    }
    free(preview.data);
    rendered_free(&rendered);

    assert_int_equal(worker_render_file(*state, CONTENT_JPEG, "cmyk.jpg", &rendered), 1);
    assert_int_equal(rendered.reply.width, 640);
    struct pixels large = decode_jpeg_file(rendered.large, rendered.reply.large.size_bytes);
    const uint8_t *red = quarter_of(&large, 0), *green = quarter_of(&large, 1);
    const uint8_t *blue = quarter_of(&large, 2), *yellow = quarter_of(&large, 3);
    assert_true(red[0] > red[1] + 60 && red[0] > red[2] + 60);
    assert_true(green[1] > green[0] + 40 && green[1] > green[2] + 20);
    assert_true(blue[2] > blue[0] + 40 && blue[2] > blue[1] + 20);
    assert_true(yellow[0] > yellow[2] + 80 && yellow[1] > yellow[2] + 80);
    free(large.data);
    rendered_free(&rendered);
}

static void test_sixteen_bits(void **state)
{
    struct rendered rendered;

    assert_int_equal(worker_render_file(*state, CONTENT_PNG, "gray16.png", &rendered), 1);
    assert_int_equal(rendered.reply.preview.width, 64);
    struct pixels large = decode_jpeg_file(rendered.large, rendered.reply.large.size_bytes);
    for (int x = 2; x < 62; x++)
        assert_true(abs(large.data[4 * (20 * 64 + x)] - x * 255 / 63) <= 6);
    free(large.data);
    rendered_free(&rendered);
}

static void check_transparent(struct worker *worker, enum content_type type, const char *name)
{
    static const uint8_t white[3] = {255, 255, 255};
    struct rendered rendered;

    assert_int_equal(worker_render_file(worker, type, name, &rendered), 1);
    assert_int_equal(rendered.reply.status, RENDER_OK);
    struct pixels preview = decode_webp_file(rendered.preview, rendered.reply.preview.size_bytes);
    struct pixels large = decode_jpeg_file(rendered.large, rendered.reply.large.size_bytes);
    assert_int_equal(quarter_of(&preview, 0)[3], 0);
    assert_color(quarter_of(&large, 0), white, name, 0);
    for (int quarter = 1; quarter < 4; quarter++) {
        assert_int_equal(quarter_of(&preview, quarter)[3], 255);
        assert_color(quarter_of(&preview, quarter), quarters[quarter], name, quarter);
        assert_color(quarter_of(&large, quarter), quarters[quarter], name, quarter);
    }
    /* The alpha flag of the ThumbHash. */
    assert_int_equal(rendered.reply.placeholder[2] & 0x80, 0x80);
    assert_null(memmem(rendered.preview, rendered.reply.preview.size_bytes, "EXIF", 4));
    free(preview.data);
    free(large.data);
    rendered_free(&rendered);
}

static void test_transparency(void **state)
{
    check_transparent(*state, CONTENT_PNG, "transparent.png");
    check_transparent(*state, CONTENT_WEBP, "transparent.webp");
}

static void test_a_file_cut_short_is_degraded(void **state)
{
    static const struct sample cut[] = {{"truncated.jpg", CONTENT_JPEG, 320, 240, 0},
                                        {"truncated.png", CONTENT_PNG, 80, 60, 0}};

    for (size_t i = 0; i < sizeof cut / sizeof *cut; i++) {
        struct rendered rendered;
        assert_int_equal(worker_render_file(*state, cut[i].type, cut[i].name, &rendered), 1);
        assert_int_equal(rendered.reply.status, RENDER_OK);
        assert_int_equal(rendered.reply.degraded, 1);
        assert_int_equal(rendered.reply.width, cut[i].width);
        rendered_free(&rendered);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_format),
        cmocka_unit_test(test_gray_and_cmyk),
        cmocka_unit_test(test_sixteen_bits),
        cmocka_unit_test(test_transparency),
        cmocka_unit_test(test_a_file_cut_short_is_degraded),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
