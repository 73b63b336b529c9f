/* Clients that are slow, idle or many: they are closed in time, and others are served meanwhile. */
#include "shared/base/alloc.h"
#include "shared/base/time.h"
#include "shared/metrics/process.h"
#include "tests/integration/shared/http/harness.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define CLOSE "host: t\r\nconnection: close\r\n"
#define TIMEOUT_MS 500

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

static void get_late(void *arg, struct http_request *req)
{
    answer_late(arg, req, 400);
}

static const struct http_route routes[] = {
    {"GET", "/hello", get_hello, HTTP_PUBLIC, 0, NULL},
    {"GET", "/late", get_late, HTTP_PUBLIC, 0, NULL},
    {"POST", "/hello", get_hello, HTTP_PUBLIC, 1000, NULL},
    {0},
};

static struct answer_text get_from(struct harness *t, const char *address)
{
    int fd = dial_from(address, t->port);
    send_text(fd, "GET /hello HTTP/1.1\r\n" CLOSE "\r\n");
    struct answer_text answer = read_rest(fd, 5000);
    close(fd);
    return answer;
}

static struct answer_text get_hello_from_here(struct harness *t)
{
    return get_from(t, "127.0.0.1");
}

/* How many of these are still open. */
static unsigned count_open(const int *fds, unsigned n)
{
    unsigned open = 0;
    char byte;
    for (unsigned i = 0; i < n; i++)
        open += fds[i] >= 0 && recv(fds[i], &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
    return open;
}

static void close_all(const int *fds, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
}

#define PLACES 5

/* All of them wait for an answer. */
static void come_while_all_are_at_work(struct harness *t)
{
    int fds[PLACES];
    for (int i = 0; i < PLACES; i++) {
        fds[i] = dial(t->port);
        send_text(fds[i], "GET /late HTTP/1.1\r\nhost: t\r\n\r\n");
    }
    usleep(100000);
    t->answers[0] = get_hello_from_here(t);
    for (int i = 0; i < PLACES; i++) {
        t->answers[1 + i] = read_rest(fds[i], 1000);
        close(fds[i]);
    }
    usleep(50000);
    t->answers[1 + PLACES] = get_hello_from_here(t);
}

static void test_no_more_are_served_at_once(void **state)
{
    (void)state;
    harness_run(&h, routes, PLACES, come_while_all_are_at_work);
    assert_lacks(h.answers[0], "HTTP");
    for (int i = 0; i <= PLACES; i++)
        assert_status(h.answers[1 + i], 200);
}

/* Each has been answered, or has begun a head, and says no more; the oldest has gone at the end. */
static void come_while_all_are_idle(struct harness *t)
{
    int fds[PLACES];
    for (int i = 0; i < PLACES; i++) {
        fds[i] = dial(t->port);
        send_text(fds[i],
                  i % 2 ? "GET /hello HTTP/1.1\r\nho" : "GET /hello HTTP/1.1\r\nhost: t\r\n\r\n");
        free(read_rest(fds[i], 100).p);
    }
    t->answers[0] = get_hello_from_here(t);
    usleep(50000);
    t->numbers[0] = count_open(fds, 1);
    t->numbers[1] = count_open(fds + 1, PLACES - 1);
    close_all(fds, PLACES);
}

static void test_who_idles_gives_way(void **state)
{
    (void)state;
    harness_run(&h, routes, PLACES, come_while_all_are_idle);
    assert_status(h.answers[0], 200);
    assert_int_equal(h.numbers[0], 0);
    assert_int_equal(h.numbers[1], PLACES - 1);
}

/* Sends a byte now and then until it is closed; after how many milliseconds that was. */
static int64_t trickle(struct harness *t, const char *start)
{
    int64_t start_ns = pr_monotonic_ns();
    int fd = dial(t->port);
    send_text(fd, start);
    for (struct pollfd closed = {.fd = fd, .events = POLLIN}; poll(&closed, 1, 50) == 0;)
        send_text(fd, "x");
    int64_t took_ms = (pr_monotonic_ns() - start_ns) / 1000000;
    close(fd);
    return took_ms;
}

static void be_slow(struct harness *t)
{
    t->numbers[0] = trickle(t, "G");
    t->numbers[1] = trickle(t, "GET /hello HTTP/1.1\r\nhost: t\r\nx: ");
    t->numbers[2] = trickle(t, "POST /hello HTTP/1.1\r\nhost: t\r\ncontent-length: 1000\r\n\r\n");
    t->numbers[3] =
        trickle(t, "POST /hello HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\n\r\n1;");
}

static void test_slow_requests_are_closed(void **state)
{
    (void)state;
    h.options.request_timeout_ms = TIMEOUT_MS;
    harness_run(&h, routes, 64, be_slow);
    for (unsigned i = 0; i < 4; i++)
        assert_in_range(h.numbers[i], TIMEOUT_MS - 100, TIMEOUT_MS + 2000);
    assert_null(strstr(h.log, "\"msg\":\"request\",\"method\":\"POST\",\"route\":\"/hello\""));
}

#define IDLE 2500

static void idle_from_one_address(struct harness *t)
{
    static int fds[IDLE];
    for (unsigned i = 0; i < IDLE; i++)
        fds[i] = dial_from("127.0.0.1", t->port);
    t->answers[0] = get_from(t, "127.0.0.2");
    t->numbers[0] = count_open(fds, IDLE);
    usleep((TIMEOUT_MS + 500) * 1000);
    t->numbers[1] = count_open(fds, IDLE);
    t->answers[1] = get_from(t, "127.0.0.1");
    close_all(fds, IDLE);
}

static void test_one_address_cannot_crowd_out_another(void **state)
{
    (void)state;
    h.options.request_timeout_ms = TIMEOUT_MS;
    h.options.max_connections_per_address = 100;
    harness_run(&h, routes, 200, idle_from_one_address);
    assert_status(h.answers[0], 200);
    assert_in_range(h.numbers[0], 1, 100);
    assert_int_equal(h.numbers[1], 0);
    assert_status(h.answers[1], 200);
}

static void idle_from_many_addresses(struct harness *t)
{
    static int fds[IDLE];
    t->answers[0] = get_hello_from_here(t);
    double before = process_stats_read().resident_bytes;
    for (unsigned i = 0; i < IDLE; i++) {
        char address[16];
        snprintf(address, sizeof address, "127.0.%u.%u", 1 + i / 250, 1 + i % 250);
        fds[i] = dial_from(address, t->port);
    }
    usleep(100000);
    t->numbers[0] = count_open(fds, IDLE);
    usleep((TIMEOUT_MS + 500) * 1000);
    t->numbers[1] = count_open(fds, IDLE);
    t->answers[1] = get_hello_from_here(t);
    t->numbers[2] = (int64_t)(process_stats_read().resident_bytes - before);
    close_all(fds, IDLE);
}

static void test_more_idle_connections_than_there_may_be(void **state)
{
    (void)state;
    h.options.request_timeout_ms = TIMEOUT_MS;
    h.options.max_connections_per_address = 100;
    harness_run(&h, routes, 1000, idle_from_many_addresses);
    assert_in_range(h.numbers[0], 1, 1000);
    assert_int_equal(h.numbers[1], 0);
    assert_status(h.answers[1], 200);
#ifndef PIERROT_SANITIZED /* which keeps what was freed */
    assert_true(h.numbers[2] < 8 << 20);
#endif
}

/* Both ends of every connection are ours. */
static int allow_open_files(void **state)
{
    struct rlimit limit;
    (void)state;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return -1;
    limit.rlim_cur = limit.rlim_max < 8192 ? limit.rlim_max : 8192;
    return setrlimit(RLIMIT_NOFILE, &limit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_no_more_are_served_at_once, teardown),
        cmocka_unit_test_teardown(test_who_idles_gives_way, teardown),
        cmocka_unit_test_teardown(test_slow_requests_are_closed, teardown),
        cmocka_unit_test_teardown(test_one_address_cannot_crowd_out_another, teardown),
        cmocka_unit_test_teardown(test_more_idle_connections_than_there_may_be, teardown),
    };
    return cmocka_run_group_tests(tests, allow_open_files, NULL);
}
