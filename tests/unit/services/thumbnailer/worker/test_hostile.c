/* What a worker says to files that are not what they claim, and to a service that misbehaves: an
 * answer or a death, within seconds, and always the same one. */
#include "rig.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

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

static void assert_rejected(struct worker *worker, enum content_type type, const void *data,
                            size_t size, enum render_reason reason)
{
    struct rendered rendered;

    assert_int_equal(worker_render_bytes(worker, type, data, size, &rendered), 1);
    assert_int_equal(rendered.reply.status, RENDER_REJECTED);
    assert_string_equal(render_reason_name(rendered.reply.reason), render_reason_name(reason));
}

/* One 1 x 1 frame on a screen of 65,535 x 65,535: decoders allocate the screen. */
static void test_gif_bomb(void **state)
{
    static const uint8_t gif[109] =
        "GIF89a\xff\xff\xff\xff\x80\x00\x00\x00\x00\x00\xff\xff\xff"
        "\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00\x3b";

    assert_rejected(*state, CONTENT_GIF, gif, sizeof gif, REASON_TOO_MANY_PIXELS);
}

static void test_png_bomb(void **state)
{
    static const uint8_t png[] = "\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR"
                                 "\x00\x00\x75\x30\x00\x00\x75\x30\x10\x02\x00\x00\x00";

    assert_rejected(*state, CONTENT_PNG, png, sizeof png, REASON_TOO_MANY_PIXELS);
}

/* A long thin picture is refused for its side, whatever its area. */
static void test_thin_png(void **state)
{
    static const uint8_t png[] = "\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR"
                                 "\x7f\xff\xff\xff\x00\x00\x00\x01\x08\x00\x00\x00\x00";

    assert_rejected(*state, CONTENT_PNG, png, sizeof png, REASON_TOO_MANY_PIXELS);
}

static void test_gif_with_many_frames(void **state)
{
    static const char head[] = "GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff";
    static const char frame[] = "\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00";
    char gif[19 + 501 * 15];

    memcpy(gif, head, 19);
    for (int i = 0; i < 501; i++)
        memcpy(gif + 19 + 15 * i, frame, 15);
    assert_rejected(*state, CONTENT_GIF, gif, sizeof gif, REASON_TOO_MANY_FRAMES);
    struct rendered rendered;
    assert_int_equal(worker_render_bytes(*state, CONTENT_GIF, gif, sizeof gif - 15, &rendered), 1);
    assert_int_equal(rendered.reply.status, RENDER_OK);
    rendered_free(&rendered);
}

static void test_type_mismatch_and_unsupported(void **state)
{
    size_t size;
    uint8_t *png = rig_read_file("quarters.png", &size);

    assert_rejected(*state, CONTENT_JPEG, png, size, REASON_TYPE_MISMATCH);
    assert_rejected(*state, CONTENT_MP4, png, size, REASON_TYPE_MISMATCH);
    free(png);
    assert_rejected(*state, CONTENT_PNG, "<svg xmlns='http://www.w3.org/2000/svg'/>", 41,
                    REASON_UNSUPPORTED_FORMAT);
    assert_rejected(*state, CONTENT_PNG, "", 0, REASON_UNSUPPORTED_FORMAT);
}

static void test_a_film_without_pictures(void **state)
{
    size_t size;
    uint8_t *sound = rig_read_file("sound.mp4", &size);

    assert_rejected(*state, CONTENT_MP4, sound, size, REASON_NO_VIDEO_FRAME);
    free(sound);
}

/* Each sample cut at many places and with bytes changed: the worker may refuse, render what there
 * is, or die and be replaced; it answers every time. */
static void test_damaged_files(void **state)
{
    static const struct {
        const char *name;
        enum content_type type;
    } samples[] = {
        {"camera.jpg", CONTENT_JPEG},      {"cmyk.jpg", CONTENT_JPEG},
        {"progressive.jpg", CONTENT_JPEG}, {"transparent.png", CONTENT_PNG},
        {"animated.gif", CONTENT_GIF},     {"animated.webp", CONTENT_WEBP},
        {"quarters.heic", CONTENT_HEIC},   {"quarters.avif", CONTENT_AVIF},
        {"clip.mp4", CONTENT_MP4},         {"clip.webm", CONTENT_WEBM},
    };
    enum { ROUNDS = 12 };
    struct worker *worker = *state;
    unsigned random = 12345;

    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        for (int round = 0; round < ROUNDS; round++) {
            struct rendered rendered;
            size_t size;
            uint8_t *data = rig_read_file(samples[i].name, &size);
            size_t kept = round % 2 == 0 ? size : size * (size_t)round / ROUNDS;
            for (int change = 0; round % 2 == 0 && change <= round; change++) {
                random = random * 1103515245 + 12345;
                data[16 + random / 65536 % (size - 16)] ^= (uint8_t)(1 + random / 256 % 255);
            }
            if (worker_render_bytes(worker, samples[i].type, data, kept, &rendered) == 0) {
                worker_stop(worker);
                *worker = worker_start("1000");
            }
            rendered_free(&rendered);
            free(data);
        }
    }
    struct rendered rendered;
    assert_int_equal(worker_render_file(worker, CONTENT_PNG, "quarters.png", &rendered), 1);
    assert_int_equal(rendered.reply.status, RENDER_OK);
    rendered_free(&rendered);
}

static void test_right_magic_and_garbage(void **state)
{
    static const struct {
        enum content_type type;
        const char *magic;
        size_t size;
    } cases[] = {
        {CONTENT_JPEG, "\xff\xd8\xff\xe0", 4},
        {CONTENT_PNG, "\x89PNG\r\n\x1a\n", 8},
        {CONTENT_GIF, "GIF89a", 6},
        {CONTENT_WEBP, "RIFF\xf8\x03\0\0WEBP", 12},
        {CONTENT_AVIF,
         "\0\0\0\x18"
         "ftypavif\0\0\0\0avifmif1",
         24},
        {CONTENT_HEIC,
         "\0\0\0\x18"
         "ftypheic\0\0\0\0mif1heic",
         24},
        {CONTENT_MP4,
         "\0\0\0\x18"
         "ftypisom\0\0\0\0isommp42",
         24},
        {CONTENT_WEBM, "\x1a\x45\xdf\xa3\x87\x42\x82\x84webm", 12},
    };
    unsigned random = 99;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t data[1024];
        struct rendered rendered;
        for (size_t k = 0; k < sizeof data; k++) {
            random = random * 1103515245 + 12345;
            data[k] = (uint8_t)(random >> 16);
        }
        memcpy(data, cases[i].magic, cases[i].size);
        assert_int_equal(worker_render_bytes(*state, cases[i].type, data, sizeof data, &rendered),
                         1);
        assert_int_equal(rendered.reply.status, RENDER_REJECTED);
        assert_true(rendered.reply.reason == REASON_CORRUPT ||
                    rendered.reply.reason == REASON_NO_VIDEO_FRAME ||
                    rendered.reply.reason == REASON_TOO_MANY_PIXELS);
    }
}

static void test_trouble_that_is_not_the_files_fault(void **state)
{
    struct worker *worker = *state;
    int input = open("tests/support/images/quarters.png", O_RDONLY | O_CLOEXEC);
    struct render_request request = rig_request(CONTENT_PNG, 17); /* not its size */
    struct rendered rendered;

    assert_int_equal(worker_render(worker, &request, input, &rendered), 1);
    assert_int_equal(rendered.reply.status, RENDER_FAILED);
    assert_int_equal(rendered.reply.reason, REASON_INTERNAL);

    request.size_bytes = (uint64_t)lseek(input, 0, SEEK_END);
    const int fds[RENDER_FD_COUNT] = {input, input, input}; /* cannot be written */
    assert_int_equal(render_send_request(worker->sock, &request, fds), 1);
    assert_int_equal(render_recv_reply(worker->sock, &rendered.reply), 1);
    assert_int_equal(rendered.reply.status, RENDER_FAILED);
    assert_int_equal(rendered.reply.reason, REASON_INTERNAL);
    close(input);
}

static void test_limits_of_the_request(void **state)
{
    size_t size;
    uint8_t *png = rig_read_file("quarters.png", &size);
    int input = memfd_create("input", MFD_CLOEXEC);
    struct render_request request = rig_request(CONTENT_PNG, size);
    struct rendered rendered;

    assert_int_equal(write(input, png, size), size);
    request.max_pixels = 640 * 480 - 1;
    assert_int_equal(worker_render(*state, &request, input, &rendered), 1);
    assert_int_equal(rendered.reply.reason, REASON_TOO_MANY_PIXELS);
    request.max_pixels++;
    request.max_side = 639;
    assert_int_equal(worker_render(*state, &request, input, &rendered), 1);
    assert_int_equal(rendered.reply.reason, REASON_TOO_MANY_PIXELS);
    request.max_side++;
    assert_int_equal(worker_render(*state, &request, input, &rendered), 1);
    assert_int_equal(rendered.reply.status, RENDER_OK);
    rendered_free(&rendered);
    close(input);
    free(png);
}

static void test_quota_of_jobs(void **state)
{
    struct worker worker = worker_start("2");
    struct rendered rendered;

    (void)state;
    assert_int_equal(worker_render_file(&worker, CONTENT_GIF, "animated.gif", &rendered), 1);
    assert_int_equal(rendered.reply.jobs_left, 1);
    rendered_free(&rendered);
    assert_int_equal(worker_render_file(&worker, CONTENT_GIF, "animated.gif", &rendered), 1);
    assert_int_equal(rendered.reply.jobs_left, 0);
    rendered_free(&rendered);
    int status = worker_stop(&worker);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void test_a_bad_message_ends_it(void **state)
{
    struct worker worker = worker_start("2");

    (void)state;
    assert_int_equal(send(worker.sock, "?", 1, 0), 1);
    int status = worker_stop(&worker);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gif_bomb),
        cmocka_unit_test(test_png_bomb),
        cmocka_unit_test(test_thin_png),
        cmocka_unit_test(test_gif_with_many_frames),
        cmocka_unit_test(test_type_mismatch_and_unsupported),
        cmocka_unit_test(test_a_film_without_pictures),
        cmocka_unit_test(test_right_magic_and_garbage),
        cmocka_unit_test(test_damaged_files),
        cmocka_unit_test(test_trouble_that_is_not_the_files_fault),
        cmocka_unit_test(test_limits_of_the_request),
        cmocka_unit_test(test_quota_of_jobs),
        cmocka_unit_test(test_a_bad_message_ends_it),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
