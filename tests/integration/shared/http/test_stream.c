#include "shared/base/alloc.h"
#include "shared/base/time.h"
#include "shared/metrics/process.h"
#include "tests/integration/shared/http/harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define CLOSE "host: t\r\nconnection: close\r\n"
#define PIECE ((size_t)65536)

static struct harness h;

static int teardown(void **state)
{
    (void)state;
    harness_free(&h);
    return 0;
}

/* Streams as many pieces as the path says. */
struct stream {
    struct http_request *req;
    int64_t left;
    bool abort_at_end;
};

static atomic_int streams_ended, streams_left; /* left: by the client */

static void on_sent(void *arg, enum pr_err err);

static void next_piece(struct stream *stream)
{
    static char piece[PIECE];
    if (stream->left == 0 && stream->abort_at_end) {
        http_reply_abort(stream->req);
        free(stream);
        streams_ended++;
        return;
    }
    memset(piece, 'a' + (int)(stream->left % 26), sizeof piece);
    stream->left--;
    bool last = stream->left == 0 && !stream->abort_at_end;
    http_reply_write(stream->req, pr_str_n(piece, sizeof piece), last,
                     (struct pr_done){on_sent, stream});
}

static void on_sent(void *arg, enum pr_err err)
{
    struct stream *stream = arg;
    if (err) {
        streams_left++;
        free(stream);
    } else if (stream->left == 0 && !stream->abort_at_end) {
        streams_ended++;
        free(stream);
    } else {
        next_piece(stream);
    }
}

/* /stream/<status>/<pieces>/<"length", "chunks" or "short">?abort */
static void get_stream(void *arg, struct http_request *req)
{
    struct stream *stream = PR_NEW(struct stream);
    int64_t status = 0, length = -1;
    struct pr_str none, kind = http_req_param(req, "kind");
    (void)arg;
    stream->req = req;
    pr_str_to_int(http_req_param(req, "status"), 100, 999, &status);
    pr_str_to_int(http_req_param(req, "pieces"), 1, 1 << 20, &stream->left);
    stream->abort_at_end = http_req_query(req, "abort", &none);
    if (pr_str_is(kind, "length"))
        length = stream->left * (int64_t)PIECE;
    else if (pr_str_is(kind, "short"))
        length = stream->left * (int64_t)PIECE + 1;
    http_reply_start(req, (int)status, length);
    next_piece(stream);
}

static void get_abort(void *arg, struct http_request *req)
{
    (void)arg;
    http_reply_abort(req);
}

static const struct http_route routes[] = {
    {"GET", "/stream/{status}/{pieces}/{kind}", get_stream, HTTP_PUBLIC, 0, NULL},
    {"GET", "/abort", get_abort, HTTP_PUBLIC, 0, NULL},
    {0},
};

static void run(void (*client)(struct harness *))
{
    streams_ended = streams_left = 0;
    harness_run(&h, routes, 16, client);
}

static size_t head_size(struct answer_text answer)
{
    const char *end = strstr(answer.p, "\r\n\r\n");
    assert_non_null(end);
    return (size_t)(end - answer.p) + 4;
}

static void ask_streams(struct harness *t)
{
    t->answers[0] = talk(t->port, "GET /stream/200/3/length HTTP/1.1\r\n" CLOSE "\r\n");
    t->answers[1] = talk(t->port, "GET /stream/200/2/chunks HTTP/1.1\r\nhost: t\r\n\r\n"
                                  "GET /stream/404/1/chunks HTTP/1.1\r\nhost: t\r\n\r\n"
                                  "GET /stream/200/1/length HTTP/1.1\r\n" CLOSE "\r\n");
    t->answers[2] = talk(t->port, "HEAD /stream/200/3/length HTTP/1.1\r\nhost: t\r\n\r\n"
                                  "HEAD /stream/200/3/chunks HTTP/1.1\r\nhost: t\r\n\r\n"
                                  "GET /stream/204/1/chunks HTTP/1.1\r\n" CLOSE "\r\n");
    t->answers[3] = talk(t->port, "GET /stream/200/2/chunks HTTP/1.0\r\n\r\n");
}

static void test_streams(void **state)
{
    (void)state;
    run(ask_streams);
    assert_status(h.answers[0], 200);
    assert_contains(h.answers[0], "\r\nContent-Length: 196608\r\n");
    assert_int_equal(h.answers[0].n, head_size(h.answers[0]) + 3 * PIECE);
    assert_contains(h.answers[1], "\r\ntransfer-encoding: chunked\r\n\r\n10000\r\ncccc");
    assert_contains(h.answers[1], "cc\r\n10000\r\nbbbb");
    assert_contains(h.answers[1], "bb\r\n0\r\n\r\nHTTP/1.1 404 Not Found\r\n");
    assert_contains(h.answers[1], "bb\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n");
    assert_contains(h.answers[2], "\r\nContent-Length: 196608\r\n");
    assert_contains(h.answers[2], "HTTP/1.1 204 No Content\r\n");
    assert_true(h.answers[2].n < 1024);
    assert_status(h.answers[3], 200);
    assert_lacks(h.answers[3], "chunked");
    assert_int_equal(h.answers[3].n, head_size(h.answers[3]) + 2 * PIECE);
}

static void ask_broken_streams(struct harness *t)
{
    t->answers[0] = talk(t->port, "GET /stream/200/2/length?abort HTTP/1.1\r\nhost: t\r\n\r\n");
    t->answers[1] = talk(t->port, "GET /stream/200/2/chunks?abort HTTP/1.1\r\nhost: t\r\n\r\n");
    t->answers[2] = talk(t->port, "GET /stream/200/2/chunks?abort HTTP/1.0\r\n\r\n");
    t->answers[3] = talk(t->port, "GET /stream/200/2/short HTTP/1.1\r\nhost: t\r\n\r\n");
    t->answers[4] = talk(t->port, "GET /abort HTTP/1.1\r\nhost: t\r\n\r\n");
}

static void test_aborts_are_seen(void **state)
{
    (void)state;
    run(ask_broken_streams);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(h.answers[i].n, SIZE_MAX); /* reset */
    assert_lacks(h.answers[1], "\r\n0\r\n\r\n");
    assert_lacks(h.answers[4], "200 OK");
}

/* 100 MB to a reader that begins after a while. */
static void read_slowly(struct harness *t)
{
    int fd = dial(t->port), size = 65536;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    double before = process_stats_read().resident_bytes;
    send_text(fd, "GET /stream/200/1600/length HTTP/1.1\r\n" CLOSE "\r\n");
    usleep(500000);
    t->numbers[0] = (int64_t)(process_stats_read().resident_bytes - before);
    static char part[65536];
    for (ssize_t n; (n = recv(fd, part, sizeof part, 0)) > 0;)
        t->numbers[1] += n;
    t->numbers[2] = (int64_t)(process_stats_read().resident_bytes - before);
    close(fd);
}

static void test_slow_readers_cost_no_memory(void **state)
{
    (void)state;
    run(read_slowly);
    assert_true(h.numbers[0] < 4 << 20);
    assert_true(h.numbers[1] > 1600 * (int64_t)PIECE);
    assert_true(h.numbers[2] < 4 << 20);
    assert_int_equal(streams_ended, 1);
}

static void leave_amid(struct harness *t)
{
    for (int i = 0; i < 10; i++) {
        char part[1000];
        int fd = dial(t->port);
        send_text(fd, "GET /stream/200/100000/chunks HTTP/1.1\r\nhost: t\r\n\r\n");
        recv(fd, part, sizeof part, 0);
        close(fd);
    }
    usleep(100000);
}

static void test_clients_that_leave_end_their_streams(void **state)
{
    (void)state;
    run(leave_amid);
    assert_int_equal(streams_left, 10);
    assert_int_equal(streams_ended, 0);
}

/* One reads nothing of its answer, one never ends its request. */
static void stop_reading(struct harness *t)
{
    int64_t start_ns = pr_monotonic_ns();
    int stopped = dial(t->port), slow = dial(t->port);
    send_text(stopped, "GET /stream/200/100000/length HTTP/1.1\r\n" CLOSE "\r\n");
    send_text(slow, "GET /stream/200/1/length HTTP/1.1\r\nhost:");
    t->answers[0] = read_rest(slow, 20000);
    t->numbers[0] = (pr_monotonic_ns() - start_ns) / 1000000;
    while (atomic_load(&streams_left) == 0 && pr_monotonic_ns() - start_ns < 40000000000)
        usleep(50000);
    t->numbers[1] = (pr_monotonic_ns() - start_ns) / 1000000;
    close(stopped);
    close(slow);
}

static void test_who_stops_is_cut_off(void **state)
{
    (void)state;
    run(stop_reading);
    assert_int_equal(h.answers[0].n, 0);
    assert_in_range(h.numbers[0], 9000, 12000);
    assert_int_equal(streams_left, 1);
    assert_in_range(h.numbers[1], 14000, 35000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_streams, teardown),
        cmocka_unit_test_teardown(test_aborts_are_seen, teardown),
        cmocka_unit_test_teardown(test_slow_readers_cost_no_memory, teardown),
        cmocka_unit_test_teardown(test_clients_that_leave_end_their_streams, teardown),
        cmocka_unit_test_teardown(test_who_stops_is_cut_off, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
