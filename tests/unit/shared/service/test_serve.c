/* `serve` when nothing it needs is there: it answers, says what is missing, and ends when told to.
 */
#include "shared/base/alloc.h"
#include "shared/service/outbox.h"
#include "tests/unit/shared/service/child.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const struct pg_migration migrations[] = {{"0001_test", "select 1"}, {0}};
static const char *const topics[] = {"test.topic", NULL};

static const char *missing_moon(const struct service *service)
{
    (void)service;
    return "it is day";
}

static void hello(void *arg, struct http_request *req)
{
    http_reply(req, 200, "text/plain", pr_str(arg));
}

static void not_yet(struct service *service)
{
    (void)service;
    puts("the work began without a schema");
}

static void more_headers(struct service *service, struct http_server_options *options)
{
    static const struct http_header headers[] = {{PR_STR("x-more"), PR_STR("said")}, {{0}, {0}}};
    (void)service;
    options->headers = headers;
}

static const struct service_check checks[] = {{"moon", missing_moon}, {NULL, NULL}};
static const struct http_route routes[] = {
    {"GET", "/hello", hello, HTTP_PUBLIC, 0, NULL},
    {"GET", "/mine", hello, HTTP_IDENTITY, 0, NULL},
    {NULL, NULL, NULL, HTTP_PUBLIC, 0, NULL},
};
static const struct service_spec spec = {
    .name = "test",
    .about = "a service for tests",
    .migrations = migrations,
    .routes = routes,
    .routes_arg = (void *)"hello, world",
    .emits = topics,
    .consumes = topics,
    .checks = checks,
    .http = more_headers,
    .run = not_yet,
};

static struct child child;

static int open_socket(struct sockaddr_in *address)
{
    int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    *address =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return fd;
}

/* A socket bound to a free port of 127.0.0.1, which becomes the service's. */
static int bind_free_port(uint16_t *port)
{
    char listen[64];
    struct sockaddr_in address;
    socklen_t n = sizeof address;
    int fd = open_socket(&address);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, n), 0);
    getsockname(fd, (struct sockaddr *)&address, &n);
    *port = ntohs(address.sin_port);
    snprintf(listen, sizeof listen, "127.0.0.1:%u", *port);
    child_environment();
    setenv("PIERROT_LISTEN", listen, 1);
    return fd;
}

static uint16_t start(void)
{
    uint16_t port;
    close(bind_free_port(&port));
    child_start(&child, &spec, (const char *const[]){"serve", NULL});
    return port;
}

/* The whole answer to GET path; asks until the service listens. */
static const char *get(uint16_t port, const char *path)
{
    static char text[65536];
    struct sockaddr_in address;
    size_t n = 0;
    int fd = open_socket(&address);
    address.sin_port = htons(port);
    for (int tries = 0; connect(fd, (struct sockaddr *)&address, sizeof address) != 0; tries++) {
        assert_true(tries < 500);
        close(fd);
        usleep(20000);
        fd = open_socket(&address);
        address.sin_port = htons(port);
    }
    dprintf(fd, "GET %s HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n", path);
    for (ssize_t got = 1; got > 0 && n + 1 < sizeof text; n += got > 0 ? (size_t)got : 0)
        got = read(fd, text + n, sizeof text - 1 - n);
    close(fd);
    text[n] = 0;
    return text;
}

static void assert_answer(const char *answer, int status, const char *const *parts)
{
    char line[32];
    snprintf(line, sizeof line, "HTTP/1.1 %d ", status);
    if (strncmp(answer, line, strlen(line)) != 0)
        fail_msg("not %s: %s", line, answer);
    for (; *parts; parts++) {
        if (!strstr(answer, *parts))
            fail_msg("%s is not in: %s", *parts, answer);
    }
}

#define PARTS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_serves_and_says_what_is_missing(void **state)
{
    (void)state;
    uint16_t port = start();
    assert_answer(get(port, "/healthz"), 200, PARTS("\"status\":\"ok\""));
    assert_answer(get(port, "/hello"), 200, PARTS("hello, world", "\r\nx-more: said\r\n"));
    assert_answer(get(port, "/mine"), 401, PARTS("application/problem+json"));
    assert_answer(get(port, "/readyz"), 503,
                  PARTS("\"status\":\"waiting\"", "\"postgres\":\"",
                        "\"schema\":\"waiting for `migrate`", "\"kafka\":\"no broker answers\"",
                        "\"consumer\":\"waiting for the topics\"", "\"moon\":\"it is day\""));
    assert_null(strstr(get(port, "/readyz"), "topsecret"));
    assert_answer(get(port, "/metrics"), 200, PARTS("# TYPE ", "pierrot_"));
    kill(child.pid, SIGTERM);
    assert_int_equal(child_end(&child), 0);
    assert_non_null(strstr(child.stdout_text, "\"msg\":\"serving\""));
    assert_non_null(strstr(child.stdout_text, "\"msg\":\"stopped\""));
    assert_null(strstr(child.stdout_text, "the work began"));
    assert_null(strstr(child.stdout_text, "topsecret"));
    assert_string_equal(child.stderr_text, "");
}

static void test_stops_at_once_when_nothing_is_under_way(void **state)
{
    (void)state;
    uint16_t port = start();
    get(port, "/healthz");
    int64_t before_ns = pr_monotonic_ns();
    kill(child.pid, SIGINT);
    assert_int_equal(child_end(&child), 0);
    assert_true(pr_monotonic_ns() - before_ns < INT64_C(8000000000)); /* the limit is 10 s */
}

static void test_taken_port_is_one_line_and_an_exit(void **state)
{
    (void)state;
    uint16_t port;
    int fd = bind_free_port(&port);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(child_run(&child, &spec, (const char *const[]){"serve", NULL}), 1);
    assert_non_null(strstr(child.stdout_text, "\"level\":\"error\""));
    close(fd);
}

/* The producer keeps a message that nobody takes for two seconds; the commit comes in between. */
static struct pr_done late_commit;
static uv_timer_t late;

static void nothing(void *arg, enum pr_err err)
{
    (void)arg;
    (void)err;
}

static void commit_late(uv_timer_t *timer)
{
    struct service *service = timer->data;
    printf("%s\n", service->relay ? "the relay is still there" : "committed behind the relay");
    pr_done_call(late_commit, PR_OK);
    uv_close((uv_handle_t *)timer, NULL);
}

static void leave_a_commit(struct service *service, shutdown_closed_fn closed, void *arg)
{
    const struct kafka_message message = {
        .topic = PR_STR("test.topic"), .type = PR_STR("test"), .source = PR_STR("test")};
    kafka_produce(service->producer, &message, (struct pr_done){nothing, NULL});
    late_commit = outbox_done(&service->relay, (struct pr_done){nothing, NULL});
    late.data = service;
    uv_timer_init(&service->loop, &late);
    uv_timer_start(&late, commit_late, 500, 0);
    closed(arg);
}

static void test_a_commit_that_nobody_waits_for_wakes_no_relay_that_is_gone(void **state)
{
    (void)state;
    struct service_spec leaving = spec;
    uint16_t port;
    leaving.stop = leave_a_commit;
    close(bind_free_port(&port));
    child_start(&child, &leaving, (const char *const[]){"serve", NULL});
    get(port, "/healthz");
    kill(child.pid, SIGTERM);
    assert_int_equal(child_end(&child), 0);
    assert_non_null(strstr(child.stdout_text, "committed behind the relay"));
    assert_non_null(strstr(child.stdout_text, "\"msg\":\"stopped\""));
    assert_string_equal(child.stderr_text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_serves_and_says_what_is_missing),
        cmocka_unit_test(test_stops_at_once_when_nothing_is_under_way),
        cmocka_unit_test(test_a_commit_that_nobody_waits_for_wakes_no_relay_that_is_gone),
        cmocka_unit_test(test_taken_port_is_one_line_and_an_exit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
