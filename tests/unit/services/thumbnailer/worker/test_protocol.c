/* Messages between thumbnailer and worker: descriptors travel, and only valid messages arrive. */
#include "services/thumbnailer/worker/protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct pair {
    int a, b;
};

static int setup(void **state)
{
    static struct pair pair;
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends) != 0)
        return -1;
    pair = (struct pair){.a = ends[0], .b = ends[1]};
    *state = &pair;
    return 0;
}

static int teardown(void **state)
{
    struct pair *pair = *state;

    close(pair->a);
    close(pair->b);
    return 0;
}

static struct render_request good_request(void)
{
    return (struct render_request){.version = RENDER_PROTOCOL_VERSION, .id = 7, .size_bytes = 3};
}

static struct render_reply good_reply(void)
{
    return (struct render_reply){.version = RENDER_PROTOCOL_VERSION,
                                 .id = 7,
                                 .width = 4000,
                                 .height = 3000,
                                 .placeholder_bytes = 21,
                                 .preview = {320, 240, 8000},
                                 .large = {1600, 1200, 150000}};
}

static int count_open_fds(void)
{
    int count = 0;
    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void test_request_carries_descriptors(void **state)
{
    struct pair *pair = *state;
    struct render_request sent = good_request(), got;
    int fds[RENDER_FD_COUNT], received[RENDER_FD_COUNT];
    char text[4] = "";

    for (int i = 0; i < RENDER_FD_COUNT; i++)
        fds[i] = memfd_create("test", 0);
    assert_int_equal(pwrite(fds[RENDER_FD_LARGE], "abc", 3, 0), 3);
    assert_int_equal(render_send_request(pair->a, &sent, fds), 1);
    assert_int_equal(render_recv_request(pair->b, &got, received), 1);
    assert_memory_equal(&got, &sent, sizeof got);
    assert_int_equal(pread(received[RENDER_FD_LARGE], text, 3, 0), 3);
    assert_string_equal(text, "abc");
    assert_int_equal(fcntl(received[RENDER_FD_INPUT], F_GETFD), FD_CLOEXEC);
    for (int i = 0; i < RENDER_FD_COUNT; i++) {
        close(fds[i]);
        close(received[i]);
    }
}

static void test_request_of_another_version_leaks_nothing(void **state)
{
    struct pair *pair = *state;
    struct render_request request = good_request();
    int fds[RENDER_FD_COUNT] = {0, 1, 2}, received[RENDER_FD_COUNT];
    int before = count_open_fds();

    request.version++;
    assert_int_equal(render_send_request(pair->a, &request, fds), 1);
    assert_int_equal(render_recv_request(pair->b, &request, received), -1);
    assert_int_equal(errno, EPROTO);
    assert_int_equal(count_open_fds(), before);
}

static void test_request_without_descriptors_is_refused(void **state)
{
    struct pair *pair = *state;
    struct render_request request = good_request();
    int received[RENDER_FD_COUNT];

    assert_int_equal(send(pair->a, &request, sizeof request, 0), sizeof request);
    assert_int_equal(render_recv_request(pair->b, &request, received), -1);
    assert_int_equal(errno, EPROTO);
    assert_int_equal(send(pair->a, &request, 5, 0), 5);
    assert_int_equal(render_recv_request(pair->b, &request, received), -1);
    assert_int_equal(errno, EPROTO);
}

static void test_hello_of_this_version_only(void **state)
{
    struct pair *pair = *state;
    struct render_hello other = {.version = RENDER_PROTOCOL_VERSION + 1};

    assert_int_equal(render_send_hello(pair->a), 1);
    assert_int_equal(render_recv_hello(pair->b), 1);
    assert_int_equal(send(pair->a, &other, sizeof other, 0), sizeof other);
    assert_int_equal(render_recv_hello(pair->b), -1);
    assert_int_equal(errno, EPROTO);
    assert_int_equal(send(pair->a, &other, 1, 0), 1);
    assert_int_equal(render_recv_hello(pair->b), -1);
    assert_int_equal(errno, EPROTO);
    assert_int_equal(render_recv_hello(pair->b), -1);
    assert_int_equal(errno, EAGAIN);
}

static void test_reply_round_trip(void **state)
{
    struct pair *pair = *state;
    struct render_reply sent = good_reply(), got;

    assert_int_equal(render_send_reply(pair->a, &sent), 1);
    assert_int_equal(render_recv_reply(pair->b, &got), 1);
    assert_memory_equal(&got, &sent, sizeof got);
}

static void test_nothing_yet_and_closed(void **state)
{
    struct pair *pair = *state;
    struct render_reply reply = good_reply();

    assert_int_equal(render_recv_reply(pair->b, &reply), -1);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(shutdown(pair->a, SHUT_RDWR), 0);
    assert_int_equal(render_recv_reply(pair->b, &reply), 0);
    assert_int_equal(render_send_reply(pair->b, &reply), 0);
}

/* Each spoils a good reply in one place. */
static void wrong_version(struct render_reply *reply)
{
    reply->version = 0;
}

static void unknown_status(struct render_reply *reply)
{
    reply->status = RENDER_STATUS_COUNT;
}

static void unknown_reason(struct render_reply *reply)
{
    reply->reason = REASON_COUNT;
}

static void ok_with_reason(struct render_reply *reply)
{
    reply->reason = REASON_CORRUPT;
}

static void rejected_without_reason(struct render_reply *reply)
{
    reply->status = RENDER_REJECTED;
}

static void endless_text(struct render_reply *reply)
{
    memset(reply->text, 'x', sizeof reply->text);
}

static void control_character(struct render_reply *reply)
{
    strcpy(reply->text, "two\nlines");
}

static void long_placeholder(struct render_reply *reply)
{
    reply->placeholder_bytes = RENDER_PLACEHOLDER_MAX + 1;
}

static void no_width(struct render_reply *reply)
{
    reply->width = 0;
}

static void huge_height(struct render_reply *reply)
{
    reply->height = UINT32_MAX;
}

static void negative_duration(struct render_reply *reply)
{
    reply->duration_ms = -1;
}

static void odd_flag(struct render_reply *reply)
{
    reply->degraded = 2;
}

static void wide_preview(struct render_reply *reply)
{
    reply->preview.width = RENDER_PREVIEW_SIDE + 1;
}

static void empty_large(struct render_reply *reply)
{
    reply->large.size_bytes = 0;
}

static void heavy_large(struct render_reply *reply)
{
    reply->large.size_bytes = RENDER_OUTPUT_MAX + 1;
}

static void test_a_reply_out_of_bounds_is_refused(void **state)
{
    static void (*const spoilers[])(struct render_reply *) = {
        wrong_version,     unknown_status, unknown_reason,
        ok_with_reason,    endless_text,   control_character,
        long_placeholder,  no_width,       huge_height,
        negative_duration, odd_flag,       wide_preview,
        empty_large,       heavy_large,    rejected_without_reason,
    };
    struct pair *pair = *state;

    for (size_t i = 0; i < sizeof spoilers / sizeof *spoilers; i++) {
        struct render_reply reply = good_reply();
        spoilers[i](&reply);
        assert_int_equal(render_send_reply(pair->a, &reply), 1);
        assert_int_equal(render_recv_reply(pair->b, &reply), -1);
        assert_int_equal(errno, EPROTO);
    }
}

static void test_names(void **state)
{
    (void)state;
    for (enum content_type type = CONTENT_UNKNOWN + 1; type < CONTENT_TYPE_COUNT; type++)
        assert_int_equal(content_type_from_mime(content_type_mime(type)), type);
    assert_int_equal(content_type_from_mime("image/svg+xml"), CONTENT_UNKNOWN);
    assert_true(content_type_is_video(CONTENT_WEBM));
    assert_false(content_type_is_video(CONTENT_GIF));
    assert_string_equal(render_reason_name(REASON_TOO_MANY_PIXELS), "too_many_pixels");
    assert_string_equal(render_reason_name(REASON_COUNT), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_request_carries_descriptors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_request_of_another_version_leaks_nothing, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_request_without_descriptors_is_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_hello_of_this_version_only, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reply_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_yet_and_closed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_reply_out_of_bounds_is_refused, setup, teardown),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
