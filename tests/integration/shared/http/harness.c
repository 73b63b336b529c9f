#include "tests/integration/shared/http/harness.h"

#include "shared/base/alloc.h"
#include "shared/base/time.h"
#include "shared/metrics/metrics.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static void keep_line(void *arg, struct pr_str line)
{
    struct harness *harness = arg;
    if (harness->log_n + line.n >= sizeof harness->log)
        return;
    memcpy(harness->log + harness->log_n, line.p, line.n);
    harness->log_n += line.n;
    harness->log[harness->log_n] = 0;
}

static void on_server_closed(void *arg)
{
    struct harness *harness = arg;
    harness->server = NULL;
}

static void on_finished(uv_async_t *async)
{
    struct harness *harness = async->data;
    harness->stopping = true;
    uv_close((uv_handle_t *)async, NULL);
    if (harness->on_stop)
        harness->on_stop(harness);
    else
        http_server_close(harness->server, on_server_closed, harness);
}

static void run_client(void *arg)
{
    struct harness *harness = arg;
    harness->client(harness);
    uv_async_send(&harness->finished);
}

void harness_start(struct harness *harness, const struct http_route *routes,
                   unsigned max_connections)
{
    harness->options.listen = "127.0.0.1:0";
    harness->options.routes = routes;
    harness->options.arg = harness;
    harness->options.identity_secret = pr_str(HARNESS_SECRET);
    harness->options.clock = &pr_clock_system;
    harness->options.max_connections = max_connections;
    log_set_sink(keep_line, harness);
    assert_int_equal(uv_loop_init(&harness->loop), 0);
    harness->server = http_server_create(&harness->loop, &harness->options);
    assert_non_null(harness->server);
    harness->port = http_server_port(harness->server);
}

void harness_finish(struct harness *harness, void (*client)(struct harness *harness))
{
    uv_thread_t thread;
    harness->client = client;
    harness->finished.data = harness;
    assert_int_equal(uv_async_init(&harness->loop, &harness->finished, on_finished), 0);
    assert_int_equal(uv_thread_create(&thread, run_client, harness), 0);
    assert_int_equal(uv_run(&harness->loop, UV_RUN_DEFAULT), 0);
    uv_thread_join(&thread);
    assert_int_equal(uv_loop_close(&harness->loop), 0);
    log_set_sink(NULL, NULL);
    metrics_reset();
}

void harness_run(struct harness *harness, const struct http_route *routes, unsigned max_connections,
                 void (*client)(struct harness *harness))
{
    harness_start(harness, routes, max_connections);
    harness_finish(harness, client);
    assert_null(harness->server);
}

void harness_free(struct harness *harness)
{
    for (unsigned i = 0; i < ANSWERS; i++)
        free(harness->answers[i].p);
    *harness = (struct harness){.server = NULL};
}

int dial_from(const char *address, unsigned port)
{
    struct sockaddr_in from = {.sin_family = AF_INET};
    struct sockaddr_in to = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (inet_pton(AF_INET, address, &from.sin_addr) != 1 ||
        bind(fd, (struct sockaddr *)&from, sizeof from) != 0)
        abort();
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    close(fd);
    return -1;
}

void get_metrics(void *arg, struct http_request *req)
{
    struct pr_buf out;
    (void)arg;
    pr_buf_init(&out, 1 << 20);
    metrics_write(&out);
    http_reply(req, 200, METRICS_CONTENT_TYPE, pr_buf_str(&out));
    pr_buf_fini(&out);
}

struct later {
    uv_timer_t timer;
    struct http_request *req;
};

static void free_later(uv_handle_t *handle)
{
    free(handle);
}

static void answer_now(uv_timer_t *timer)
{
    struct later *later = (struct later *)timer;
    http_reply(later->req, 200, "text/plain", pr_str("late"));
    uv_close((uv_handle_t *)timer, free_later);
}

void answer_late(struct harness *harness, struct http_request *req, uint64_t after_ms)
{
    struct later *later = PR_NEW(struct later);
    later->req = req;
    uv_timer_init(&harness->loop, &later->timer);
    uv_timer_start(&later->timer, answer_now, after_ms, 0);
}

int dial(unsigned port)
{
    int fd = dial_from("127.0.0.1", port);
    if (fd < 0)
        abort();
    return fd;
}

bool send_bytes(int fd, const void *p, size_t n)
{
    const char *from = p;
    while (n > 0) {
        ssize_t sent = send(fd, from, n, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        from += sent;
        n -= (size_t)sent;
    }
    return true;
}

bool send_text(int fd, const char *text)
{
    return send_bytes(fd, text, strlen(text));
}

struct answer_text read_rest(int fd, int wait_ms)
{
    struct pr_buf buf;
    bool reset = false;
    pr_buf_init(&buf, (size_t)256 << 20);
    for (;;) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        if (poll(&ready, 1, wait_ms) <= 0)
            break;
        char *to = pr_buf_reserve(&buf, 65537);
        ssize_t n = read(fd, to, 65536);
        reset = n < 0 && errno == ECONNRESET;
        if (n <= 0)
            break;
        pr_buf_commit(&buf, (size_t)n);
    }
    *pr_buf_reserve(&buf, 1) = 0;
    return (struct answer_text){buf.p, reset ? SIZE_MAX : buf.n};
}

struct answer_text talk(unsigned port, const char *text)
{
    int fd = dial(port);
    send_text(fd, text);
    struct answer_text answer = read_rest(fd, 5000);
    close(fd);
    return answer;
}

void assert_contains(struct answer_text answer, const char *text)
{
    if (!answer.p || !strstr(answer.p, text))
        fail_msg("\"%s\" is not in:\n%.2000s", text, answer.p ? answer.p : "(nothing)");
}

void assert_lacks(struct answer_text answer, const char *text)
{
    if (!answer.p || strstr(answer.p, text))
        fail_msg("\"%s\" is in:\n%.2000s", text, answer.p ? answer.p : "(nothing)");
}

void assert_status(struct answer_text answer, int status)
{
    char line[32];
    snprintf(line, sizeof line, "HTTP/1.1 %d ", status);
    if (!answer.p || strncmp(answer.p, line, strlen(line)) != 0)
        fail_msg("not a %d:\n%.2000s", status, answer.p ? answer.p : "(nothing)");
}
