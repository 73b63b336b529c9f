#include "shared/base/alloc.h"
#include "shared/base/time.h"
#include "shared/http/client_seal.h"
#include "shared/http/identity.h"
#include "shared/metrics/process.h"
#include "tests/integration/shared/http/harness.h"

#include <pthread.h>
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
    struct pr_str who = {"world", 5};
    (void)arg;
    http_req_query(req, "who", &who);
    http_reply_header(req, "etag", pr_str("\"1\""));
    http_reply_json(req, 200, json_pack("{s:s%}", "hello", who.p, who.n));
}

static void get_thing(void *arg, struct http_request *req)
{
    (void)arg;
    http_reply(req, 200, "text/plain", http_req_param(req, "id"));
}

static void post_thing(void *arg, struct http_request *req)
{
    struct pr_fault fault;
    (void)arg;
    json_t *json = http_req_json(req, &fault);
    if (json)
        http_reply_json(req, 201, json);
    else
        http_reply_fault(req, &fault);
}

static void delete_thing(void *arg, struct http_request *req)
{
    (void)arg;
    http_reply_empty(req, 204);
}

static void post_small(void *arg, struct http_request *req)
{
    (void)arg;
    http_reply(req, 200, "text/plain", http_req_body(req));
}

static void get_me(void *arg, struct http_request *req)
{
    (void)arg;
    http_reply(req, 200, "text/plain", pr_str(http_req_identity(req)->name));
}

static void get_client(void *arg, struct http_request *req)
{
    char text[128];
    (void)arg;
    snprintf(text, sizeof text, PR_STR_FMT " of " PR_STR_FMT, PR_STR_ARG(http_req_client(req)),
             PR_STR_ARG(http_req_client_network(req)));
    assert_null(http_req_identity(req));
    http_reply(req, 200, "text/plain", pr_str(text));
}

static void get_trace(void *arg, struct http_request *req)
{
    (void)arg;
    log_at(LOG_INFO, "in the handler");
    http_reply(req, 200, "text/plain", http_req_traceparent(req));
}

static void get_split(void *arg, struct http_request *req)
{
    (void)arg;
    http_reply_header(req, "x-name", pr_str("a\r\nset-cookie: b"));
    http_reply(req, 200, "text/plain", pr_str("split"));
}

static void get_host(void *arg, struct http_request *req)
{
    (void)arg;
    http_reply(req, 200, "text/plain", http_req_header(req, "host"));
}

static void get_late(void *arg, struct http_request *req)
{
    answer_late(arg, req, 300);
}

static const struct http_route routes[] = {
    {"GET", "/hello", get_hello, HTTP_PUBLIC, 0, NULL},
    {"GET", "/things/{id}", get_thing, HTTP_PUBLIC, 0, NULL},
    {"DELETE", "/things/{id}", delete_thing, HTTP_PUBLIC, 0, NULL},
    {"POST", "/things", post_thing, HTTP_PUBLIC, 65536, NULL},
    {"POST", "/small", post_small, HTTP_PUBLIC, 10, NULL},
    {"GET", "/me", get_me, HTTP_IDENTITY, 0, NULL},
    {"GET", "/client", get_client, HTTP_CLIENT, 0, NULL},
    {"GET", "/metrics", get_metrics, HTTP_PUBLIC, 0, NULL},
    {"GET", "/trace", get_trace, HTTP_PUBLIC, 0, NULL},
    {"GET", "/split", get_split, HTTP_PUBLIC, 0, NULL},
    {"GET", "/host", get_host, HTTP_PUBLIC, 0, NULL},
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

static void ask_plainly(struct harness *t)
{
    t->answers[0] = get(t, "/hello?who=J%C3%BCrgen", "");
    t->answers[1] = talk(t->port, "HEAD /hello HTTP/1.1\r\n" CLOSE "\r\n");
    t->answers[2] = talk(t->port, "DELETE /things/1 HTTP/1.1\r\n" CLOSE "\r\n");
    t->answers[3] = get(t, "/things/a%20b", "");
    t->answers[4] = talk(t->port, "GET /hello HTTP/1.0\r\n\r\n");
    t->answers[5] = talk(t->port, "GET /host HTTP/1.1\r\nHost: Pierrot.test:81\r\nconnection: "
                                  "close\r\n\r\n");
}

static void test_plain_answers(void **state)
{
    (void)state;
    run(ask_plainly);
    assert_status(h.answers[0], 200);
    assert_contains(h.answers[0], "\r\n\r\n{\"hello\":\"J\xc3\xbcrgen\"}");
    assert_contains(h.answers[0], "\r\ncontent-type: application/json\r\n");
    assert_contains(h.answers[0], "\r\nContent-Length: 19\r\n");
    assert_contains(h.answers[0], "\r\netag: \"1\"\r\n");
    assert_contains(h.answers[0], "\r\nx-request-id: ");
    assert_lacks(h.answers[0], "h2o");
    assert_status(h.answers[1], 200);
    assert_contains(h.answers[1], "\r\nContent-Length: 17\r\n");
    assert_lacks(h.answers[1], "hello\"");
    assert_status(h.answers[2], 204);
    assert_lacks(h.answers[2], "Content-Length");
    assert_contains(h.answers[3], "\r\n\r\na b");
    assert_status(h.answers[4], 200);
    assert_contains(h.answers[5], "\r\n\r\nPierrot.test:81");
}

static void ask_wrongly(struct harness *t)
{
    t->answers[0] = get(t, "/nothing", "");
    t->answers[1] = talk(t->port, "PATCH /things/1 HTTP/1.1\r\n" CLOSE "\r\n");
    t->answers[2] = get(t, "/things/%ff", "");
    t->answers[3] = get(t, "/things/%2e%2e", "");
    t->answers[4] = get(t, "/hello?who=%zz", "");
    t->answers[5] = get(t, "/split", "");
    t->answers[6] = talk(t->port, "OPTIONS * HTTP/1.1\r\n" CLOSE "\r\n");
    t->answers[7] = talk(t->port, "CONNECT t:443 HTTP/1.1\r\n" CLOSE "\r\n");
}

static void test_problems(void **state)
{
    (void)state;
    run(ask_wrongly);
    assert_status(h.answers[0], 404);
    assert_contains(h.answers[0], "\r\ncontent-type: application/problem+json\r\n");
    assert_contains(h.answers[0],
                    "{\"type\":\"about:blank\",\"title\":\"not found\",\"status\":404,"
                    "\"request_id\":\"");
    assert_status(h.answers[1], 405);
    assert_contains(h.answers[1], "\r\nallow: GET, HEAD, DELETE\r\n");
    assert_status(h.answers[2], 400);
    assert_contains(h.answers[2], "\"field\":\"path\"");
    assert_status(h.answers[3], 400);
    assert_status(h.answers[4], 400);
    assert_contains(h.answers[4], "\"field\":\"query\"");
    assert_status(h.answers[5], 200);
    assert_lacks(h.answers[5], "set-cookie");
    assert_status(h.answers[6], 404);
    assert_status(h.answers[7], 404);
}

static void send_json(struct harness *t)
{
    t->answers[0] = post(t, "/things", "application/json; charset=utf-8", "{\"a\":[1,{\"b\":2}]}");
    t->answers[1] = post(t, "/things", "text/json", "{}");
    t->answers[2] = post(t, "/things", "application/json", "{\"a\":\"\xff\"}");
    t->answers[3] = post(t, "/things", "application/json", "{\"a\":1,\"a\":2}");
    t->answers[4] = post(t, "/things", "application/json", "[1]");
    t->answers[5] = post(t, "/things", "application/json", "{\"a\":1} x");
    t->answers[6] = post(t, "/things", "application/json", "");
    t->answers[7] = post(t, "/things", "application/json", "{\"a\":\"\\u0000\"}");
    t->answers[8] = post(t, "/hello", "application/json", "{}");
    t->answers[9] = post(t, "/things/1", "application/json", "{}");
    t->answers[10] = talk(t->port, "GET /hello HTTP/1.1\r\n" CLOSE "content-length: 1\r\n\r\nx");

    /* 10,000 deep. */
    enum { DEEP = 20000 };
    char *text = malloc(DEEP + 256);
    int n = sprintf(text,
                    "POST /things HTTP/1.1\r\n" CLOSE
                    "content-type: application/json\r\ncontent-length: %d\r\n\r\n",
                    DEEP);
    memset(text + n, '[', DEEP / 2);
    memset(text + n + DEEP / 2, ']', DEEP / 2);
    text[n + DEEP] = 0;
    t->answers[11] = talk(t->port, text);
    free(text);
}

static void test_json_bodies(void **state)
{
    (void)state;
    run(send_json);
    assert_status(h.answers[0], 201);
    assert_contains(h.answers[0], "\r\n\r\n{\"a\":[1,{\"b\":2}]}");
    assert_status(h.answers[1], 415);
    for (unsigned i = 2; i <= 7; i++) {
        assert_status(h.answers[i], 400);
        assert_contains(h.answers[i], "\"field\":\"body\"");
    }
    assert_contains(h.answers[5], "is not JSON: line 1, column");
    assert_status(h.answers[8], 405);
    assert_status(h.answers[9], 405);
    assert_status(h.answers[10], 413);
    assert_status(h.answers[11], 400);
    assert_contains(h.answers[11], "deeper than 16");
}

static void ask_with_identity(struct harness *t)
{
    struct identity identity = {
        .account_id = {{1}},
        .name = "zoe",
        .expires_at_ms = pr_now_ms(&pr_clock_system) + 60000,
    };
    char signed_header[IDENTITY_HEADER_MAX], line[IDENTITY_HEADER_MAX + 32];
    t->answers[0] = get(t, "/me", "");
    t->answers[1] = get(t, "/me", "x-pierrot-identity: MXxub25zZW5zZQ.MXxub25zZW5zZQ\r\n");
    identity_sign(pr_str(HARNESS_SECRET), &identity, signed_header);
    snprintf(line, sizeof line, "X-Pierrot-Identity: %s\r\n", signed_header);
    t->answers[2] = get(t, "/me", line);
}

static void test_identity(void **state)
{
    (void)state;
    run(ask_with_identity);
    assert_status(h.answers[0], 401);
    assert_contains(h.answers[0], "\r\nwww-authenticate: Bearer\r\n");
    assert_status(h.answers[1], 401);
    assert_status(h.answers[2], 200);
    assert_contains(h.answers[2], "\r\n\r\nzoe");
}

/* The gateway says for whom it asks; nobody else's word counts, nor the connection's. */
static void ask_for_a_client(struct harness *t)
{
    int64_t now_ms = pr_now_ms(&pr_clock_system);
    struct identity identity = {
        .account_id = {{1}}, .name = "zoe", .expires_at_ms = now_ms + 60000};
    char seal[CLIENT_SEAL_HEADER_MAX], header[IDENTITY_HEADER_MAX];
    char line[IDENTITY_HEADER_MAX + 32];
    const struct pr_str client = pr_str("2001:db8::7"), ours = pr_str(HARNESS_SECRET);
    t->answers[0] = get(t, "/client", "");
    t->answers[1] = get(t, "/client", "x-pierrot-client: 192.0.2.1\r\n");
    client_seal_sign(pr_str("another secret"), client, now_ms + 60000, seal);
    snprintf(line, sizeof line, "x-pierrot-client: %s\r\n", seal);
    t->answers[2] = get(t, "/client", line);
    client_seal_sign(ours, client, now_ms - 1, seal);
    snprintf(line, sizeof line, "x-pierrot-client: %s\r\n", seal);
    t->answers[3] = get(t, "/client", line);
    identity_sign(ours, &identity, header);
    snprintf(line, sizeof line, "x-pierrot-client: %s\r\n", header);
    t->answers[4] = get(t, "/client", line);
    client_seal_sign(ours, client, now_ms + 60000, seal);
    snprintf(line, sizeof line, "X-Pierrot-Client: %s\r\n", seal);
    t->answers[5] = get(t, "/client", line);
    snprintf(line, sizeof line, "x-pierrot-identity: %s\r\n", seal);
    t->answers[6] = get(t, "/me", line);
}

static void test_client(void **state)
{
    (void)state;
    run(ask_for_a_client);
    for (int i = 0; i < 5; i++)
        assert_status(h.answers[i], 401);
    assert_status(h.answers[5], 200);
    assert_contains(h.answers[5], "\r\n\r\n2001:db8::7 of 2001:db8::/64");
    assert_status(h.answers[6], 401);
    struct answer_text log = {h.log, h.log_n};
    assert_contains(log, "\"client\":\"2001:db8::7\"}");
}

#define TRACE_ID "0af7651916cd43dd8448eb211c80319c"

static void ask_traced(struct harness *t)
{
    t->answers[0] =
        get(t, "/trace?secret=1",
            "X-Request-Id: my-id.1\r\ntraceparent: 00-" TRACE_ID "-b7ad6b7169203331-01\r\n");
    t->answers[1] = get(t, "/trace", "x-request-id: not plain\r\n");
    t->answers[2] = get(t, "/metrics", "");
}

static void test_ids_logs_and_metrics(void **state)
{
    (void)state;
    run(ask_traced);
    assert_contains(h.answers[0], "\r\nx-request-id: my-id.1\r\n");
    assert_contains(h.answers[0], "\r\n\r\n00-" TRACE_ID "-");
    assert_lacks(h.answers[0], "b7ad6b7169203331");
    assert_lacks(h.answers[1], "not plain");
    struct answer_text log = {h.log, h.log_n};
    assert_contains(log, "\"request_id\":\"my-id.1\",\"trace_id\":\"" TRACE_ID
                         "\",\"msg\":\"in the handler\"");
    assert_contains(log, "\"request_id\":\"my-id.1\",\"trace_id\":\"" TRACE_ID
                         "\",\"msg\":\"request\",\"method\":\"GET\",\"route\":\"/trace\","
                         "\"path\":\"/trace\",\"status\":200,\"bytes\":55,\"duration_ms\":0");
    assert_contains(log, "\"client\":\"127.0.0.1\"}");
    assert_lacks(log, "secret");
    assert_lacks(log, "/metrics"); /* at debug only */
    assert_contains(h.answers[2], "text/plain; version=0.0.4");
    assert_contains(h.answers[2], "pierrot_http_requests_total{route=\"/trace\",method=\"GET\","
                                  "status=\"200\"} 2\n");
    assert_contains(h.answers[2], "pierrot_http_request_seconds_count{route=\"/trace\"} 2\n");
    assert_contains(h.answers[2], "\npierrot_http_connections 1\n");
}

/* One connection idles, one waits for its answer while the server is told to close. */
static int idle_fd, waiting_fd;

static void *read_both(void *arg)
{
    int64_t start_ns = pr_monotonic_ns();
    (void)arg;
    h.answers[0] = read_rest(idle_fd, 5000);
    h.numbers[0] = (pr_monotonic_ns() - start_ns) / 1000000;
    h.answers[1] = read_rest(waiting_fd, 5000);
    h.numbers[1] = (pr_monotonic_ns() - start_ns) / 1000000;
    close(idle_fd);
    close(waiting_fd);
    return NULL;
}

static pthread_t reader;

static void leave_two_open(struct harness *t)
{
    char answer[512];
    idle_fd = dial(t->port);
    send_text(idle_fd, "GET /hello HTTP/1.1\r\nhost: t\r\n\r\n");
    recv(idle_fd, answer, sizeof answer, 0);
    waiting_fd = dial(t->port);
    send_text(waiting_fd, "GET /late HTTP/1.1\r\nhost: t\r\n\r\n");
    usleep(50000);
    pthread_create(&reader, NULL, read_both, NULL);
}

static void test_closing_lets_requests_end(void **state)
{
    (void)state;
    run(leave_two_open);
    pthread_join(reader, NULL);
    assert_int_equal(h.answers[0].n, 0);
    assert_true(h.numbers[0] < 200);
    assert_status(h.answers[1], 200);
    assert_contains(h.answers[1], "Connection: close");
    assert_contains(h.answers[1], "\r\n\r\nlate");
    assert_true(h.numbers[1] < 1000);
}

static void nothing(struct harness *t)
{
    char taken[32];
    snprintf(taken, sizeof taken, "127.0.0.1:%u", t->port);
    uv_loop_t loop;
    static const char *const addresses[] = {NULL,        "",           "127.0.0.1", "127.0.0.1:x",
                                            ":1",        "[::1:1",     "::1:1",     "localhost:1",
                                            "1.2:70000", "192.0.2.1:1"};
    uv_loop_init(&loop);
    for (size_t i = 0; i < PR_COUNT(addresses); i++) {
        struct http_server_options options = {
            .listen = i ? addresses[i] : taken,
            .routes = routes,
            .clock = &pr_clock_system,
            .max_connections = 1,
        };
        t->numbers[i] = http_server_create(&loop, &options) != NULL;
        uv_run(&loop, UV_RUN_DEFAULT);
    }
    t->numbers[15] = uv_loop_close(&loop);
}

static void test_addresses_that_cannot_be_listened_on(void **state)
{
    (void)state;
    run(nothing);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(h.numbers[i], 0);
    assert_int_equal(h.numbers[15], 0);
    assert_non_null(strstr(h.log, "\"msg\":\"cannot listen\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_plain_answers, teardown),
        cmocka_unit_test_teardown(test_problems, teardown),
        cmocka_unit_test_teardown(test_json_bodies, teardown),
        cmocka_unit_test_teardown(test_identity, teardown),
        cmocka_unit_test_teardown(test_client, teardown),
        cmocka_unit_test_teardown(test_ids_logs_and_metrics, teardown),
        cmocka_unit_test_teardown(test_closing_lets_requests_end, teardown),
        cmocka_unit_test_teardown(test_addresses_that_cannot_be_listened_on, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
