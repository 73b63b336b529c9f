#include "shared/base/alloc.h"
#include "shared/metrics/process.h"
#include "tests/integration/shared/http/harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define CLOSE "host: t\r\nconnection: close\r\n"

static struct harness h;

static int teardown(void **state)
{
    (void)state;
    harness_free(&h);
    return 0;
}

static void get_hello(void *arg, struct http_request *req)
{
    (void)arg;
    http_reply(req, 200, "text/plain", pr_str("hello"));
}

static void get_thing(void *arg, struct http_request *req)
{
    (void)arg;
    http_reply(req, 200, "text/plain", http_req_param(req, "id"));
}

static void post_small(void *arg, struct http_request *req)
{
    (void)arg;
    http_reply(req, 200, "text/plain", http_req_body(req));
}

static void get_late(void *arg, struct http_request *req)
{
    answer_late(arg, req, 300);
}

static const struct http_route routes[] = {
    {"GET", "/hello", get_hello, HTTP_PUBLIC, 0, NULL},
    {"GET", "/things/{id}", get_thing, HTTP_PUBLIC, 0, NULL},
    {"POST", "/things", post_small, HTTP_PUBLIC, 65536, NULL},
    {"POST", "/small", post_small, HTTP_PUBLIC, 10, NULL},
    {"GET", "/late", get_late, HTTP_PUBLIC, 0, NULL},
    {0},
};

static void run(void (*client)(struct harness *))
{
    harness_run(&h, routes, 64, client);
}

static struct answer_text get(struct harness *t, const char *path, const char *headers)
{
    char text[1024];
    snprintf(text, sizeof text, "GET %s HTTP/1.1\r\n" CLOSE "%s\r\n", path, headers);
    return talk(t->port, text);
}

static struct answer_text post(struct harness *t, const char *path, const char *type,
                               const char *body)
{
    char text[2048];
    snprintf(text, sizeof text,
             "POST %s HTTP/1.1\r\n" CLOSE "content-type: %s\r\ncontent-length: %zu\r\n\r\n%s", path,
             type, strlen(body), body);
    return talk(t->port, text);
}

static void send_too_much(struct harness *t)
{
    static char block[65536];
    t->answers[0] = post(t, "/small", "text/plain", "0123456789");
    t->answers[1] = post(t, "/small", "text/plain", "01234567890");
    memset(block, 'x', sizeof block);

    /* 100 MB announced, and sent as far as it is taken. */
    int fd = dial(t->port);
    send_text(fd, "POST /things HTTP/1.1\r\nhost: t\r\ncontent-type: application/json\r\n"
                  "content-length: 104857600\r\n\r\n");
    double before = process_stats_read().resident_bytes;
    for (unsigned i = 0; i < 200 && send_bytes(fd, block, sizeof block); i++)
        ;
    t->numbers[0] = (int64_t)(process_stats_read().resident_bytes - before);
    t->answers[2] = read_rest(fd, 5000);
    close(fd);

    /* Announced, and waiting for leave to send. */
    fd = dial(t->port);
    send_text(fd, "POST /things HTTP/1.1\r\nhost: t\r\nexpect: 100-continue\r\n"
                  "content-length: 104857600\r\n\r\n");
    t->answers[3] = read_rest(fd, 1000);
    close(fd);

    /* Without an end. */
    fd = dial(t->port);
    send_text(fd, "POST /things HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\n\r\n");
    bool taken = true;
    for (unsigned i = 0; i < 200 && taken; i++)
        taken = send_text(fd, "10000\r\n") && send_bytes(fd, block, sizeof block) &&
                send_text(fd, "\r\n");
    t->answers[4] = read_rest(fd, 5000);
    close(fd);

    t->answers[5] = talk(t->port, "POST /small HTTP/1.1\r\n" CLOSE "content-length: "
                                  "99999999999999999999999\r\n\r\n");
    t->answers[6] = talk(t->port, "POST /small HTTP/1.1\r\n" CLOSE
                                  "expect: 200-ok\r\ncontent-length: 2\r\n\r\nab");
    t->answers[7] = talk(t->port, "POST /small HTTP/1.1\r\n" CLOSE
                                  "expect: 100-continue\r\ncontent-length: 2\r\n\r\nab");
}

static void test_too_large_bodies(void **state)
{
    (void)state;
    run(send_too_much);
    assert_status(h.answers[0], 200);
    assert_status(h.answers[1], 413);
    assert_contains(h.answers[1], "\"field\":\"body\"");
    assert_status(h.answers[2], 413);
    assert_contains(h.answers[2], "application/problem+json");
    assert_contains(h.answers[2], "\"title\":\"too large\",\"status\":413,\"field\":\"body\",");
    assert_contains(h.answers[2], "\r\nx-request-id: ");
    assert_true(h.numbers[0] < 4 << 20);
    assert_status(h.answers[3], 413);
    assert_status(h.answers[4], 413);
    assert_status(h.answers[5], 400);
    assert_status(h.answers[6], 417);
    assert_contains(h.answers[6], "application/problem+json");
    assert_contains(h.answers[7], "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n");
    assert_non_null(strstr(h.log, "\"msg\":\"request\",\"method\":\"POST\",\"route\":\"none\","
                                  "\"path\":\"/things\",\"status\":413"));
}

/* As many headers as a client cares to send, and 100 heads at once that never end. */
static void send_endless_heads(struct harness *t)
{
    enum { HEADERS = 1000000, HEADS = 100, HEAD_BYTES = 400000 };
    static char block[HEAD_BYTES];
    int fds[HEADS];
    t->answers[0] = get(t, "/hello", "");
    double before = process_stats_read().resident_bytes;
    int fd = dial(t->port);
    bool taken = send_text(fd, "GET /hello HTTP/1.1\r\n" CLOSE);
    for (int i = 0; i < HEADERS && taken; i++)
        taken = send_text(fd, "x: y\r\n");
    t->answers[1] = read_rest(fd, 5000);
    close(fd);
    memset(block, 'y', sizeof block);
    for (int i = 0; i < HEADS; i++) {
        fds[i] = dial(t->port);
        send_text(fds[i], "GET /hello HTTP/1.1\r\nx: ");
        send_bytes(fds[i], block, sizeof block);
    }
    t->answers[2] = get(t, "/hello", "");
    t->numbers[0] = (int64_t)(process_stats_read().resident_bytes - before);
    for (int i = 0; i < HEADS; i++) {
        free(read_rest(fds[i], 5000).p);
        close(fds[i]);
    }
    t->answers[3] = get(t, "/hello", "");
    t->numbers[1] = (int64_t)(process_stats_read().resident_bytes - before);
}

static void test_endless_heads(void **state)
{
    (void)state;
    h.options.request_timeout_ms = 2000;
    harness_run(&h, routes, 1000, send_endless_heads);
    if (h.answers[1].n != SIZE_MAX && h.answers[1].n != 0) /* it may be reset before it is read */
        assert_status(h.answers[1], 400);
    assert_status(h.answers[2], 200);
    assert_status(h.answers[3], 200);
#ifndef PIERROT_SANITIZED /* which keeps what was freed */
    assert_true(h.numbers[0] < 128 << 20);
    assert_true(h.numbers[1] < 16 << 20);
#endif
}

static void send_large_heads(struct harness *t)
{
    struct pr_buf text;
    pr_buf_init(&text, 1 << 20);
    pr_buf_puts(&text, "GET /hello HTTP/1.1\r\n" CLOSE);
    for (int i = 0; i < 10000; i++)
        pr_buf_printf(&text, "x-%d: y\r\n", i);
    pr_buf_puts(&text, "\r\n");
    pr_buf_append(&text, pr_str_n("", 1));
    t->answers[0] = talk(t->port, text.p);

    pr_buf_clear(&text);
    pr_buf_puts(&text, "GET /hello HTTP/1.1\r\n" CLOSE "x-long: ");
    memset(pr_buf_reserve(&text, 17000), 'y', 17000);
    pr_buf_commit(&text, 17000);
    pr_buf_append(&text, pr_str_n("\r\n\r\n", 5));
    t->answers[1] = talk(t->port, text.p);

    pr_buf_clear(&text);
    pr_buf_puts(&text, "GET /hello?a=");
    memset(pr_buf_reserve(&text, 9000), 'y', 9000);
    pr_buf_commit(&text, 9000);
    pr_buf_puts(&text, " HTTP/1.1\r\n" CLOSE "\r\n");
    pr_buf_append(&text, pr_str_n("", 1));
    t->answers[2] = talk(t->port, text.p);

    pr_buf_clear(&text);
    memset(pr_buf_reserve(&text, 600000), 'y', 600000);
    pr_buf_commit(&text, 600000);
    pr_buf_append(&text, pr_str_n("", 1));
    t->answers[3] = talk(t->port, text.p); /* no head at all; reset or 400 */
    t->answers[4] = get(t, "/hello", "");
    pr_buf_fini(&text);
}

static void test_large_heads(void **state)
{
    (void)state;
    run(send_large_heads);
    assert_status(h.answers[0], 400);
    assert_status(h.answers[1], 431);
    assert_status(h.answers[2], 414);
    assert_status(h.answers[4], 200);
}

static void pipeline(struct harness *t)
{
    t->answers[0] = talk(t->port, "GET /things/1 HTTP/1.1\r\nhost: t\r\n\r\n"
                                  "GET /late HTTP/1.1\r\nhost: t\r\n\r\n"
                                  "GET /things/3 HTTP/1.1\r\n" CLOSE "\r\n");
    t->answers[1] =
        talk(t->port, "GET /things/1 HTTP/1.1\r\nhost: t\r\n\r\n\x01\x02garbage\r\n\r\n");
    t->answers[2] = talk(t->port, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    t->answers[3] =
        talk(t->port, "POST /small HTTP/1.1\r\nhost: t\r\ncontent-length: 3\r\n\r\nabcGET "
                      "/things/2 HTTP/1.1\r\n" CLOSE "\r\n");
}

static void test_pipelines(void **state)
{
    (void)state;
    run(pipeline);
    const char *one = strstr(h.answers[0].p, "\r\n\r\n1HTTP/1.1 200 OK");
    const char *late = strstr(h.answers[0].p, "\r\n\r\nlateHTTP/1.1 200 OK");
    assert_non_null(one);
    assert_non_null(late);
    assert_true(one < late);
    assert_contains(h.answers[0], "\r\n\r\n3");
    assert_status(h.answers[1], 200);
    assert_contains(h.answers[1], "HTTP/1.1 400 Bad Request");
    assert_status(h.answers[2], 400);
    assert_contains(h.answers[3], "\r\n\r\nabcHTTP/1.1 200 OK");
    assert_contains(h.answers[3], "\r\n\r\n2");
}

static void leave_early(struct harness *t)
{
    for (int i = 0; i < 20; i++) {
        int fd = dial(t->port);
        struct linger reset = {.l_onoff = i % 2, .l_linger = 0};
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        send_text(fd, "GET /late HTTP/1.1\r\nhost: t\r\n\r\nGET /late HTTP/1.1\r\nhost: t\r\n\r\n");
        usleep(2000);
        close(fd);
    }
    usleep(400000);
    t->answers[0] = get(t, "/hello", "");
}

static void test_clients_that_leave_while_the_handler_works(void **state)
{
    (void)state;
    run(leave_early);
    assert_status(h.answers[0], 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_too_large_bodies, teardown),
        cmocka_unit_test_teardown(test_large_heads, teardown),
        cmocka_unit_test_teardown(test_endless_heads, teardown),
        cmocka_unit_test_teardown(test_pipelines, teardown),
        cmocka_unit_test_teardown(test_clients_that_leave_while_the_handler_works, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
