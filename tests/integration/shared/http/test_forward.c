#include "shared/base/alloc.h"
#include "shared/base/time.h"
#include "shared/http/forward.h"
#include "shared/metrics/process.h"
#include "tests/integration/shared/http/harness.h"
#include "tests/integration/shared/http/service.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define CLOSE "host: t\r\nconnection: close\r\n"
#ifdef PIERROT_SANITIZED
#define LITTLE (32 << 20) /* the sanitizer keeps what is freed for a while */
#else
#define LITTLE (4 << 20)
#endif

static struct harness h;
static struct http_upstream *upstream;

/* The gateway in front of it. */
static void forward(void *arg, struct http_request *req)
{
    static const struct http_header headers[] = {
        {PR_STR("x-pierrot-identity"), PR_STR("signed")},
    };
    struct pr_str path = http_req_path(req);
    (void)arg;
    http_forward(upstream, req, pr_str_n(path.p + 2, path.n - 2), headers, PR_COUNT(headers));
}

static const struct http_route routes[] = {
    {"*", "/f/{rest...}", forward, HTTP_PUBLIC, 262144, NULL},
    {0},
};

static void on_upstream_closed(void *arg)
{
    (void)arg;
    upstream = NULL;
}

static void on_server_closed(void *arg)
{
    struct harness *harness = arg;
    harness->server = NULL;
    http_upstream_close(upstream, on_upstream_closed, NULL);
}

static void on_server_closed_last(void *arg)
{
    struct harness *harness = arg;
    harness->server = NULL;
}

static void stop(struct harness *harness)
{
    http_server_close(harness->server, on_server_closed, harness);
}

static void run_to(const char *address, unsigned max, void (*client)(struct harness *))
{
    atomic_store(&connections, 0);
    atomic_store(&requests, 0);
    atomic_store(&broken_writes, 0);
    harness_start(&h, routes, 256);
    upstream = http_upstream_create(&h.loop, address, max);
    assert_non_null(upstream);
    h.on_stop = stop;
    harness_finish(&h, client);
    assert_null(upstream);
}

static void run(unsigned max, void (*client)(struct harness *))
{
    char address[32];
    snprintf(address, sizeof address, "127.0.0.1:%u", service_port);
    run_to(address, max, client);
}

static int teardown(void **state)
{
    (void)state;
    harness_free(&h);
    return 0;
}

static struct answer_text get(struct harness *t, const char *path)
{
    char text[256];
    snprintf(text, sizeof text, "GET /f%s HTTP/1.1\r\n" CLOSE "\r\n", path);
    return talk(t->port, text);
}

static void ask_well(struct harness *t)
{
    t->answers[0] = get(t, "/ok");
    t->answers[1] = talk(t->port, "HEAD /f/head HTTP/1.1\r\n" CLOSE "\r\n");
    t->answers[2] = get(t, "/204");
    t->answers[3] = get(t, "/304");
    t->answers[4] = get(t, "/empty");
    t->answers[5] = get(t, "/continue");
    t->answers[6] = get(t, "/chunked");
    t->answers[7] = get(t, "/slow-chunked");
    t->answers[8] = get(t, "/until-close");
    t->answers[9] = get(t, "/http10");
    t->answers[10] = get(t, "/extra");
    t->answers[11] = get(t, "/ok");
    t->answers[12] = talk(t->port, "GET /f/chunked HTTP/1.0\r\n\r\n");
}

static void test_answers_come_through(void **state)
{
    (void)state;
    run(8, ask_well);
    assert_status(h.answers[0], 200);
    assert_contains(h.answers[0], "\r\n\r\nhello");
    assert_contains(h.answers[0], "\r\ncontent-type: text/plain\r\n");
    assert_contains(h.answers[0], "\r\nset-cookie: a=b\r\nset-cookie: c=d\r\n");
    assert_lacks(h.answers[0], "x-hop");
    assert_lacks(h.answers[0], "keep-alive:");
    assert_lacks(h.answers[0], "server");
    assert_status(h.answers[1], 200);
    assert_contains(h.answers[1], "\r\nContent-Length: 1234\r\n");
    assert_status(h.answers[2], 204);
    assert_status(h.answers[3], 304);
    assert_contains(h.answers[3], "\r\netag: \"x\"\r\n");
    assert_status(h.answers[4], 200);
    assert_contains(h.answers[4], "\r\nContent-Length: 0\r\n");
    assert_status(h.answers[5], 200);
    assert_lacks(h.answers[5], "link");
    assert_contains(h.answers[5], "\r\n\r\nok");
    assert_status(h.answers[6], 201);
    assert_contains(h.answers[6], "\r\nx-some: thing\r\n");
    assert_contains(h.answers[6], "\r\ntransfer-encoding: chunked\r\n");
    assert_contains(h.answers[6], "\r\n0\r\n\r\n");
    assert_lacks(h.answers[6], "trailer");
    assert_contains(h.answers[7], "\r\n0\r\n\r\n");
    assert_contains(h.answers[8], "all there is\r\n0\r\n\r\n");
    assert_contains(h.answers[9], "\r\n\r\nok");
    assert_contains(h.answers[10], "\r\n\r\nok");
    assert_true(strlen(strstr(h.answers[10].p, "\r\n\r\n")) == 6);
    assert_contains(h.answers[11], "\r\n\r\nhello");
    assert_contains(h.answers[12], "\r\n\r\nhello world");
    assert_int_equal(requests, 13);
    assert_int_equal(connections, 4); /* a new one only after until-close, http10 and extra */
}

static void ask_echo(struct harness *t)
{
    t->answers[0] =
        talk(t->port, "POST /f/echo/a%20b?x=1&y=%C3%A9 HTTP/1.1\r\n" CLOSE
                      "Accept: a/b\r\nAccept-Language: fr\r\nContent-Type: application/json\r\n"
                      "Idempotency-Key: k\r\nIf-None-Match: \"e\"\r\nIf-Modified-Since: never\r\n"
                      "Range: bytes=0-1\r\nIf-Range: \"e\"\r\nUser-Agent: me\r\nCookie: secret\r\n"
                      "Authorization: secret\r\nX-Pierrot-Identity: forged\r\n"
                      "X-Pierrot-Client: forged\r\nX-Pierrot-Guest: forged\r\n"
                      "X-Request-Id: my-id\r\nX-Forwarded-For: 1.2.3.4\r\n"
                      "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n"
                      "Content-Length: 8\r\n\r\n{\"a\": 1}");
    t->answers[1] = talk(t->port, "POST /f/echo HTTP/1.1\r\n" CLOSE "transfer-encoding: chunked\r\n"
                                  "\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    t->answers[2] = talk(t->port, "DELETE /f/echo HTTP/1.1\r\n" CLOSE "\r\n");

    enum { LARGE = 200000 };
    char *text = malloc(LARGE + 256);
    int n = sprintf(text, "POST /f/echo HTTP/1.1\r\n" CLOSE "content-length: %d\r\n\r\n", LARGE);
    memset(text + n, 'z', LARGE);
    text[n + LARGE] = 0;
    t->answers[3] = talk(t->port, text);
    free(text);
}

static void test_requests_come_through(void **state)
{
    (void)state;
    run(8, ask_echo);
    struct answer_text echo = h.answers[0];
    char host[64];
    snprintf(host, sizeof host, "\r\nhost: 127.0.0.1:%u\r\n", service_port);
    assert_contains(echo, "\r\n\r\nPOST /echo/a%20b?x=1&y=%C3%A9 HTTP/1.1\r\n");
    assert_contains(echo, host);
    assert_contains(echo, "\r\naccept: a/b\r\n");
    assert_contains(echo, "\r\naccept-language: fr\r\n");
    assert_contains(echo, "\r\ncontent-type: application/json\r\n");
    assert_contains(echo, "\r\nidempotency-key: k\r\n");
    assert_contains(echo, "\r\nif-none-match: \"e\"\r\n");
    assert_contains(echo, "\r\nif-modified-since: never\r\n");
    assert_contains(echo, "\r\nrange: bytes=0-1\r\n");
    assert_contains(echo, "\r\nif-range: \"e\"\r\n");
    assert_contains(echo, "\r\nuser-agent: me\r\n");
    assert_contains(echo, "\r\nx-pierrot-identity: signed\r\n");
    assert_contains(echo, "\r\nx-request-id: my-id\r\n");
    assert_contains(echo, "\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-");
    assert_contains(echo, "\r\ncontent-length: 8\r\n\r\n{\"a\": 1}");
    assert_lacks(echo, "secret");
    assert_lacks(echo, "forged");
    assert_lacks(echo, "b7ad6b7169203331");
    assert_lacks(echo, "x-forwarded-for");
    assert_contains(h.answers[1], "\r\ncontent-length: 5\r\n\r\nabcde");
    assert_lacks(h.answers[1], "chunked");
    assert_status(h.answers[2], 200);
    assert_lacks(h.answers[2], "content-length"); /* the service's own are capitalised here */
    assert_status(h.answers[3], 200);
    assert_true(h.answers[3].n > 200000);
}

static const char *const nonsense[] = {"/garbage",   "/switch",      "/two-lengths", "/both",
                                       "/gzip",      "/negative",    "/folded",      "/nothing",
                                       "/half-head", "/many-headers"};

static void ask_for_nonsense(struct harness *t)
{
    for (size_t i = 0; i < PR_COUNT(nonsense); i++)
        t->answers[i] = get(t, nonsense[i]);
    t->answers[15] = get(t, "/ok");
}

static void test_nonsense_is_a_502(void **state)
{
    (void)state;
    run(8, ask_for_nonsense);
    for (size_t i = 0; i < PR_COUNT(nonsense); i++) {
        assert_status(h.answers[i], 502);
        assert_contains(h.answers[i], "application/problem+json");
    }
    assert_status(h.answers[15], 200);
    assert_non_null(strstr(h.log, "\"msg\":\"upstream failed\",\"upstream\":\"127.0.0.1:"));
}

static void ask_for_broken_bodies(struct harness *t)
{
    t->answers[0] = get(t, "/half-body");
    t->answers[1] = get(t, "/half-chunk");
    t->answers[2] = get(t, "/no-last-chunk");
    t->answers[3] = get(t, "/bad-chunk");
    t->answers[4] = get(t, "/ok");
}

static void test_broken_bodies_are_cut(void **state)
{
    (void)state;
    run(8, ask_for_broken_bodies);
    for (unsigned i = 0; i < 4; i++)
        assert_lacks(h.answers[i], "\r\n0\r\n\r\n");
    assert_int_equal(h.answers[0].n, SIZE_MAX);
    assert_int_equal(h.answers[1].n, SIZE_MAX);
    assert_int_equal(h.answers[2].n, SIZE_MAX);
    assert_status(h.answers[4], 200);
    assert_non_null(strstr(h.log, "\"msg\":\"upstream broke off its answer\""));
}

static void ask_once(struct harness *t)
{
    t->answers[0] = get(t, "/once");
    t->answers[1] = get(t, "/once"); /* meets a closed link, and is sent again */
    t->numbers[0] = atomic_load(&requests);
    t->answers[2] = talk(t->port, "POST /f/once HTTP/1.1\r\n" CLOSE "content-length: 1\r\n\r\nx");
    t->numbers[1] = atomic_load(&requests);
}

static void test_only_what_may_be_repeated_is(void **state)
{
    (void)state;
    run(8, ask_once);
    assert_contains(h.answers[0], "\r\n\r\nonce");
    assert_contains(h.answers[1], "\r\n\r\nonce");
    assert_int_equal(h.numbers[0], 3);
    assert_status(h.answers[2], 502);
    assert_int_equal(h.numbers[1], 4);
}

static void ask_nobody(struct harness *t)
{
    t->answers[0] = get(t, "/ok");
    t->answers[1] = talk(t->port, "POST /f/ok HTTP/1.1\r\n" CLOSE "content-length: 1\r\n\r\nx");
}

static void test_nobody_there_is_a_503(void **state)
{
    (void)state;
    run_to("127.0.0.1:1", 8, ask_nobody);
    assert_status(h.answers[0], 503);
    assert_contains(h.answers[0], "application/problem+json");
    assert_status(h.answers[1], 503);
    harness_free(&h);
    run_to("name.invalid:80", 8, ask_nobody);
    assert_status(h.answers[0], 503);
}

static void ask_ok(struct harness *t)
{
    t->answers[0] = get(t, "/ok");
}

/* localhost is ::1 as well, where nobody listens. */
static void test_names_are_resolved(void **state)
{
    char address[32];
    (void)state;
    snprintf(address, sizeof address, "localhost:%u", service_port);
    run_to(address, 8, ask_ok);
    assert_contains(h.answers[0], "\r\n\r\nhello");
}

static void test_what_is_no_address(void **state)
{
    static const char *const bad[] = {"", "host", ":80", "host:", "host:0", "host:65536", "host:x"};
    (void)state;
    uv_loop_t loop;
    uv_loop_init(&loop);
    for (size_t i = 0; i < PR_COUNT(bad); i++)
        assert_null(http_upstream_create(&loop, bad[i], 1));
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void *get_slow(void *arg)
{
    struct answer_text answer = get(&h, "/slow");
    bool ok = strstr(answer.p, "\r\n\r\nslow") != NULL;
    (void)arg;
    free(answer.p);
    return (void *)(intptr_t)ok;
}

static void ask_at_once(struct harness *t)
{
    enum { MANY = 12 };
    pthread_t threads[MANY];
    for (int i = 0; i < MANY; i++)
        pthread_create(&threads[i], NULL, get_slow, NULL);
    for (int i = 0; i < MANY; i++) {
        void *ok;
        pthread_join(threads[i], &ok);
        t->numbers[0] += (intptr_t)ok;
    }
}

static void test_requests_wait_for_a_link(void **state)
{
    (void)state;
    run(4, ask_at_once);
    assert_int_equal(h.numbers[0], 12);
    assert_int_equal(connections, 4);
}

/* One is asked, the other waits in vain; then the upstream is closed under the one. */
static void ask_too_many(struct harness *t)
{
    int asked = dial(t->port), waiting = dial(t->port);
    send_text(asked, "GET /f/silent HTTP/1.1\r\n" CLOSE "\r\n");
    usleep(50000);
    send_text(waiting, "GET /f/ok HTTP/1.1\r\n" CLOSE "\r\n");
    t->answers[0] = read_rest(waiting, 4000);
    close(waiting);
    t->numbers[0] = asked;
}

static void close_upstream_first(struct harness *harness)
{
    http_upstream_close(upstream, on_upstream_closed, NULL);
    http_server_close(harness->server, on_server_closed_last, harness);
}

static void test_waiting_and_closing_end_in_a_503(void **state)
{
    char address[32];
    (void)state;
    snprintf(address, sizeof address, "127.0.0.1:%u", service_port);
    harness_start(&h, routes, 256);
    upstream = http_upstream_create(&h.loop, address, 1);
    h.on_stop = close_upstream_first;
    harness_finish(&h, ask_too_many);
    assert_null(upstream);
    assert_status(h.answers[0], 503);
    h.answers[1] = read_rest((int)h.numbers[0], 1000);
    close((int)h.numbers[0]);
    assert_status(h.answers[1], 503);
}

static void upload_early(struct harness *t)
{
    enum { LARGE = 250000 };
    char *text = malloc(LARGE + 256);
    int n = sprintf(text, "POST /f/early HTTP/1.1\r\n" CLOSE "content-length: %d\r\n\r\n", LARGE);
    memset(text + n, 'z', LARGE);
    text[n + LARGE] = 0;
    t->answers[0] = talk(t->port, text);
    free(text);
    t->answers[1] = get(t, "/ok");
}

static void test_an_answer_before_the_body_was_read(void **state)
{
    (void)state;
    run(8, upload_early);
    /* Either the answer came through, or the reset that followed it overtook it. */
    assert_true(strncmp(h.answers[0].p, "HTTP/1.1 413", 12) == 0 ||
                strncmp(h.answers[0].p, "HTTP/1.1 502", 12) == 0);
    assert_status(h.answers[1], 200);
}

static void read_big_slowly(struct harness *t)
{
    int fd = dial(t->port), size = 65536;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    double before = process_stats_read().resident_bytes;
    send_text(fd, "GET /f/big HTTP/1.1\r\n" CLOSE "\r\n");
    usleep(300000);
    static char part[65536];
    int64_t most = 0;
    for (ssize_t n; (n = recv(fd, part, sizeof part, 0)) > 0;) {
        t->numbers[0] += n;
        int64_t grown = (int64_t)(process_stats_read().resident_bytes - before);
        if (grown > most)
            most = grown;
    }
    t->numbers[1] = most;
    close(fd);
}

static void test_50_megabytes_in_little_memory(void **state)
{
    (void)state;
    run(8, read_big_slowly);
    assert_in_range(h.numbers[0], SERVICE_BIG, SERVICE_BIG + 1000);
    assert_true(h.numbers[1] < LITTLE);
    assert_int_equal(broken_writes, 0);
}

static void leave_amid_big(struct harness *t)
{
    for (int i = 0; i < 5; i++) {
        char part[1000];
        int fd = dial(t->port);
        send_text(fd, "GET /f/big HTTP/1.1\r\nhost: t\r\n\r\n");
        recv(fd, part, sizeof part, 0);
        close(fd);
    }
    usleep(200000);
    t->numbers[0] = atomic_load(&broken_writes);
    t->answers[0] = get(t, "/ok");
}

static void test_a_client_that_leaves_frees_its_link(void **state)
{
    (void)state;
    run(2, leave_amid_big);
    assert_int_equal(h.numbers[0], 5);
    assert_status(h.answers[0], 200);
}

static void *ask_stalled(void *arg)
{
    int fd = dial(h.port);
    (void)arg;
    send_text(fd, "GET /f/stalled HTTP/1.1\r\n" CLOSE "\r\n");
    h.answers[1] = read_rest(fd, 40000);
    close(fd);
    return NULL;
}

static void wait_long(struct harness *t)
{
    pthread_t thread;
    int64_t start_ns = pr_monotonic_ns();
    pthread_create(&thread, NULL, ask_stalled, NULL);
    int fd = dial(t->port);
    send_text(fd, "GET /f/silent HTTP/1.1\r\n" CLOSE "\r\n");
    t->answers[0] = read_rest(fd, 40000);
    close(fd);
    t->numbers[0] = (pr_monotonic_ns() - start_ns) / 1000000;
    pthread_join(thread, NULL);
}

static void test_a_silent_service_is_a_504(void **state)
{
    (void)state;
    run(2, wait_long);
    assert_status(h.answers[0], 504);
    assert_in_range(h.numbers[0], 29000, 32000);
    assert_status(h.answers[1], 200);
    assert_int_equal(h.answers[1].n, SIZE_MAX); /* cut */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_answers_come_through, teardown),
        cmocka_unit_test_teardown(test_requests_come_through, teardown),
        cmocka_unit_test_teardown(test_nonsense_is_a_502, teardown),
        cmocka_unit_test_teardown(test_broken_bodies_are_cut, teardown),
        cmocka_unit_test_teardown(test_only_what_may_be_repeated_is, teardown),
        cmocka_unit_test_teardown(test_nobody_there_is_a_503, teardown),
        cmocka_unit_test_teardown(test_names_are_resolved, teardown),
        cmocka_unit_test_teardown(test_what_is_no_address, teardown),
        cmocka_unit_test_teardown(test_requests_wait_for_a_link, teardown),
        cmocka_unit_test_teardown(test_waiting_and_closing_end_in_a_503, teardown),
        cmocka_unit_test_teardown(test_an_answer_before_the_body_was_read, teardown),
        cmocka_unit_test_teardown(test_50_megabytes_in_little_memory, teardown),
        cmocka_unit_test_teardown(test_a_client_that_leaves_frees_its_link, teardown),
        cmocka_unit_test_teardown(test_a_silent_service_is_a_504, teardown),
    };
    return cmocka_run_group_tests(tests, start_service, stop_service);
}
