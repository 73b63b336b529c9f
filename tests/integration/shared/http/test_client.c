#include "shared/base/alloc.h"
#include "shared/base/time.h"
#include "shared/http/client.h"
#include "shared/metrics/metrics.h"
#include "tests/integration/shared/http/harness.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* The server and the client share a loop; the calls of a test are made one after another. */
static struct harness h;
static struct http_client *client;

static void get_echo(void *arg, struct http_request *req)
{
    struct pr_buf out;
    (void)arg;
    pr_buf_init(&out, 1 << 20);
    pr_buf_printf(&out,
                  PR_STR_FMT " " PR_STR_FMT " type=" PR_STR_FMT " x=" PR_STR_FMT
                             " expect=" PR_STR_FMT " body=",
                  PR_STR_ARG(http_req_method(req)), PR_STR_ARG(http_req_path(req)),
                  PR_STR_ARG(http_req_header(req, "content-type")),
                  PR_STR_ARG(http_req_header(req, "x-empty")),
                  PR_STR_ARG(http_req_header(req, "expect")));
    pr_buf_append(&out, http_req_body(req));
    http_reply_header(req, "x-answer", pr_str("42"));
    http_reply(req, 200, "text/plain", pr_buf_str(&out));
    pr_buf_fini(&out);
}

static void get_error(void *arg, struct http_request *req)
{
    (void)arg;
    http_reply_error(req, PR_ERR_CONFLICT);
}

static void get_large(void *arg, struct http_request *req)
{
    static char large[1 << 20];
    (void)arg;
    memset(large, 'x', sizeof large);
    http_reply(req, 200, "text/plain", pr_str_n(large, sizeof large));
}

static void get_moved(void *arg, struct http_request *req)
{
    (void)arg;
    http_reply_header(req, "location", pr_str("/echo"));
    http_reply_empty(req, 302);
}

static void get_broken(void *arg, struct http_request *req)
{
    (void)arg;
    http_reply_start(req, 200, 1000);
    http_reply_write(req, pr_str("only this"), true, (struct pr_done){NULL, NULL});
}

static struct http_request *never;

static void get_never(void *arg, struct http_request *req)
{
    (void)arg;
    never = req;
}

static const struct http_route routes[] = {
    {"*", "/echo", get_echo, HTTP_PUBLIC, 65536, NULL},
    {"GET", "/error", get_error, HTTP_PUBLIC, 0, NULL},
    {"GET", "/large", get_large, HTTP_PUBLIC, 0, NULL},
    {"GET", "/moved", get_moved, HTTP_PUBLIC, 0, NULL},
    {"GET", "/broken", get_broken, HTTP_PUBLIC, 0, NULL},
    {"GET", "/never", get_never, HTTP_PUBLIC, 0, NULL},
    {0},
};

static void on_server_closed(void *arg)
{
    struct harness *harness = arg;
    harness->server = NULL;
}

static void on_client_closed(void *arg)
{
    bool *closed = arg;
    *closed = true;
}

static int setup(void **state)
{
    (void)state;
    harness_start(&h, routes, 64);
    client = http_client_create(&h.loop, 4);
    never = NULL;
    return 0;
}

static int teardown(void **state)
{
    bool closed = false;
    (void)state;
    http_client_close(client, on_client_closed, &closed);
    if (never)
        http_reply_empty(never, 200);
    http_server_close(h.server, on_server_closed, &h);
    while (uv_run(&h.loop, UV_RUN_DEFAULT) != 0)
        ; /* stopped by a call that ended */
    assert_true(closed);
    assert_null(h.server);
    assert_int_equal(uv_loop_close(&h.loop), 0);
    log_set_sink(NULL, NULL);
    metrics_reset();
    harness_free(&h);
    return 0;
}

struct result {
    unsigned calls;
    enum pr_err err;
};

static void on_done(void *arg, enum pr_err err)
{
    struct result *result = arg;
    result->calls++;
    result->err = err;
    uv_stop(&h.loop);
}

static struct http_call call;
static char url[128];

static void prepare(const char *method, const char *path)
{
    snprintf(url, sizeof url, "http://127.0.0.1:%u%s", h.port, path);
    call = (struct http_call){
        .method = method,
        .url = pr_str(url),
        .timeout_ms = 5000,
        .max_bytes = 65536,
    };
}

static enum pr_err finish(void)
{
    struct result result = {0, PR_OK};
    http_client_send(client, &call, (struct pr_done){on_done, &result});
    assert_int_equal(result.calls, 0);
    while (result.calls == 0)
        uv_run(&h.loop, UV_RUN_DEFAULT);
    assert_int_equal(result.calls, 1);
    return result.err;
}

static void forget_answer(void)
{
    pr_buf_fini(&call.answer_body);
    pr_buf_fini(&call.answer_head);
}

static void assert_answer(const char *text)
{
    if (!pr_str_is(pr_buf_str(&call.answer_body), text))
        fail_msg("\"%.*s\", not \"%s\"", (int)call.answer_body.n, call.answer_body.p, text);
    forget_answer();
}

static void test_get(void **state)
{
    (void)state;
    prepare("GET", "/echo?a=b");
    assert_int_equal(finish(), PR_OK);
    assert_int_equal(call.status, 200);
    assert_true(pr_str_is(http_call_header(&call, "X-Answer"), "42"));
    assert_true(pr_str_is(http_call_header(&call, "content-type"), "text/plain"));
    assert_int_equal(http_call_header(&call, "x-none").n, 0);
    assert_answer("GET /echo type= x= expect= body=");
}

static void test_bodies_and_headers(void **state)
{
    static const struct http_header headers[] = {
        {PR_STR("content-type"), PR_STR("image/png")},
        {PR_STR("x-empty"), PR_STR("")},
    };
    (void)state;
    prepare("PUT", "/echo");
    call.headers = headers;
    call.headers_count = 2;
    call.body = pr_str("some bytes");
    assert_int_equal(finish(), PR_OK);
    assert_answer("PUT /echo type=image/png x= expect= body=some bytes");

    prepare("POST", "/echo"); /* without a body, and without calling it a form */
    assert_int_equal(finish(), PR_OK);
    assert_answer("POST /echo type= x= expect= body=");

    prepare("DELETE", "/echo");
    assert_int_equal(finish(), PR_OK);
    assert_answer("DELETE /echo type= x= expect= body=");

    prepare("HEAD", "/echo");
    assert_int_equal(finish(), PR_OK);
    assert_int_equal(call.status, 200);
    assert_true(pr_str_is(http_call_header(&call, "content-length"), "33"));
    assert_answer("");

    char large[20000];
    memset(large, 'l', sizeof large);
    prepare("PUT", "/echo"); /* large enough for curl to think of Expect */
    call.body = pr_str_n(large, sizeof large);
    assert_int_equal(finish(), PR_OK);
    assert_true(pr_str_has_prefix(pr_buf_str(&call.answer_body),
                                  pr_str("PUT /echo type= x= expect= body=llll")));
    assert_int_equal(call.answer_body.n, 32 + sizeof large);
    forget_answer();
}

static void test_a_header_with_a_line_break_is_not_sent(void **state)
{
    static const struct http_header header = {PR_STR("x-a"), PR_STR("b\r\nx-c: d")};
    struct result result = {0, PR_OK};
    (void)state;
    prepare("GET", "/echo");
    call.headers = &header;
    call.headers_count = 1;
    http_client_send(client, &call, (struct pr_done){on_done, &result});
    assert_int_equal(result.calls, 1);
    assert_int_equal(result.err, PR_ERR_INTERNAL);
    forget_answer();
}

static void test_a_status_is_no_error(void **state)
{
    (void)state;
    prepare("GET", "/error");
    assert_int_equal(finish(), PR_OK);
    assert_int_equal(call.status, 409);
    assert_true(call.answer_body.n > 0);
    forget_answer();
    prepare("GET", "/moved"); /* nothing is followed */
    assert_int_equal(finish(), PR_OK);
    assert_int_equal(call.status, 302);
    assert_answer("");
}

static size_t sunk;
static size_t sink_limit;

static bool sink(void *arg, struct pr_str bytes)
{
    (void)arg;
    sunk += bytes.n;
    return sunk <= sink_limit;
}

static void test_sinks(void **state)
{
    (void)state;
    prepare("GET", "/large");
    call.sink = sink;
    call.max_bytes = 1 << 20;
    sunk = 0;
    sink_limit = SIZE_MAX;
    assert_int_equal(finish(), PR_OK);
    assert_int_equal(sunk, 1 << 20);
    assert_answer("");

    sunk = 0;
    sink_limit = 100000;
    assert_int_equal(finish(), PR_ERR_INTERNAL);
    assert_true(sunk < 300000);
    forget_answer();

    prepare("GET", "/error"); /* what is no success is not for the sink */
    call.sink = sink;
    sunk = 0;
    assert_int_equal(finish(), PR_OK);
    assert_int_equal(sunk, 0);
    assert_true(call.answer_body.n > 0);
    forget_answer();
}

/* Takes its pieces one at a time: each pauses the call, a timer resumes it a little later. */
struct slow_sink {
    uv_timer_t timer;
    struct http_call *call;
    bool paused;
    size_t bytes, pieces, largest;
};

static void on_slow_timer(uv_timer_t *timer)
{
    struct slow_sink *slow = timer->data;
    slow->paused = false;
    http_call_resume(slow->call);
}

static bool slow_sink(void *arg, struct pr_str bytes)
{
    struct slow_sink *slow = arg;
    assert_false(slow->paused);
    slow->paused = true;
    slow->bytes += bytes.n;
    slow->pieces++;
    if (bytes.n > slow->largest)
        slow->largest = bytes.n;
    http_call_pause(slow->call);
    http_call_pause(slow->call);
    uv_timer_start(&slow->timer, on_slow_timer, slow->pieces == 1 ? 1200 : 1, 0);
    return true;
}

static void prepare_slow(struct slow_sink *slow)
{
    prepare("GET", "/large");
    *slow = (struct slow_sink){.call = &call};
    call.max_bytes = 1 << 20;
    call.sink = slow_sink;
    call.sink_arg = slow;
    call.timeout_ms = 0;
    call.stall_ms = 1000; /* which a pause does not count for */
    uv_timer_init(&h.loop, &slow->timer);
    slow->timer.data = slow;
}

static void test_a_paused_call_gives_nothing_until_resumed(void **state)
{
    static struct slow_sink slow;
    (void)state;
    prepare_slow(&slow);
    enum pr_err err = finish();
    http_call_resume(&call); /* it is over: nothing */
    http_call_cancel(&call);
    uv_close((uv_handle_t *)&slow.timer, NULL);
    assert_int_equal(err, PR_OK);
    assert_int_equal(slow.bytes, 1 << 20);
    assert_in_range(slow.pieces, 32, 1024);
    assert_in_range(slow.largest, 1, 32768);
    forget_answer();
}

static void test_a_paused_call_is_cancelled(void **state)
{
    static struct slow_sink slow;
    struct result result = {0, PR_OK};
    (void)state;
    prepare_slow(&slow);
    http_client_send(client, &call, (struct pr_done){on_done, &result});
    while (slow.pieces == 0)
        uv_run(&h.loop, UV_RUN_ONCE);
    http_call_cancel(&call);
    assert_int_equal(result.calls, 1);
    assert_int_equal(result.err, PR_ERR_UNAVAILABLE);
    uv_close((uv_handle_t *)&slow.timer, NULL);
    forget_answer();
}

static bool cancelling_sink(void *arg, struct pr_str bytes)
{
    (void)bytes;
    ++*(unsigned *)arg;
    http_call_cancel(&call);
    return true;
}

static void test_a_sink_cancels_its_call(void **state)
{
    unsigned pieces = 0;
    (void)state;
    prepare("GET", "/large");
    call.max_bytes = 1 << 20;
    call.sink = cancelling_sink;
    call.sink_arg = &pieces;
    assert_int_equal(finish(), PR_ERR_UNAVAILABLE);
    assert_int_equal(pieces, 1);
    forget_answer();
}

static void test_answers_are_bounded(void **state)
{
    (void)state;
    prepare("GET", "/large");
    assert_int_equal(finish(), PR_ERR_TOO_LARGE);
    assert_true(call.answer_body.n <= 65536);
    forget_answer();
}

static void test_a_broken_answer(void **state)
{
    (void)state;
    prepare("GET", "/broken");
    assert_int_equal(finish(), PR_ERR_UNAVAILABLE);
    forget_answer();
}

static void test_nobody_there(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0); /* bound and never listening */
    (void)state;
    assert_int_equal(bind(fd, (struct sockaddr *)&address, n), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &n), 0);
    prepare("GET", "/");
    snprintf(url, sizeof url, "http://127.0.0.1:%d/secret?signature=s", ntohs(address.sin_port));
    call.url = pr_str(url);
    assert_int_equal(finish(), PR_ERR_UNAVAILABLE);
    assert_int_equal(call.status, 0);
    forget_answer();
    close(fd);
    assert_non_null(
        strstr(h.log, "\"msg\":\"request failed\",\"method\":\"GET\",\"host\":\"127.0.0.1:"));
    assert_null(strstr(h.log, "secret"));
}

static void test_only_http(void **state)
{
    static const char *const urls[] = {"file:///etc/passwd", "ftp://127.0.0.1/",
                                       "gopher://127.0.0.1/", "", "http://"};
    (void)state;
    for (size_t i = 0; i < PR_COUNT(urls); i++) {
        prepare("GET", "/");
        call.url = pr_str(urls[i]);
        assert_int_equal(finish(), PR_ERR_UNAVAILABLE);
        forget_answer();
    }
}

static void test_timeouts(void **state)
{
    (void)state;
    prepare("GET", "/never");
    call.timeout_ms = 200;
    int64_t start_ns = pr_monotonic_ns();
    assert_int_equal(finish(), PR_ERR_TIMEOUT);
    int64_t took_ms = (pr_monotonic_ns() - start_ns) / 1000000;
    assert_in_range(took_ms, 150, 1500);
    forget_answer();
}

static void test_a_stalled_answer(void **state)
{
    (void)state;
    prepare("GET", "/never");
    call.timeout_ms = 0;
    call.stall_ms = 1000;
    assert_int_equal(finish(), PR_ERR_TIMEOUT);
    forget_answer();
}

static void test_connections_are_kept(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        prepare("GET", "/echo");
        assert_int_equal(finish(), PR_OK);
        forget_answer();
    }
    struct pr_buf out;
    pr_buf_init(&out, 1 << 20);
    metrics_write(&out);
    pr_buf_append(&out, pr_str_n("", 1));
    assert_non_null(strstr(out.p, "\npierrot_http_connections 1\n"));
    pr_buf_fini(&out);
}

static void test_many_at_once(void **state)
{
    enum { MANY = 40 };
    static struct http_call calls[MANY];
    struct result result = {0, PR_OK};
    (void)state;
    for (unsigned i = 0; i < MANY; i++) {
        prepare("GET", "/large");
        calls[i] = call;
        calls[i].max_bytes = 1 << 20;
        http_client_send(client, &calls[i], (struct pr_done){on_done, &result});
    }
    while (result.calls < MANY)
        uv_run(&h.loop, UV_RUN_DEFAULT);
    for (unsigned i = 0; i < MANY; i++) {
        assert_int_equal(calls[i].status, 200);
        assert_int_equal(calls[i].answer_body.n, 1 << 20);
        pr_buf_fini(&calls[i].answer_body);
        pr_buf_fini(&calls[i].answer_head);
    }
}

/* The teardown closes the client with this call under way. */
static struct result cut_short;

static void test_close_ends_what_is_under_way(void **state)
{
    (void)state;
    cut_short = (struct result){0, PR_OK};
    prepare("GET", "/never");
    http_client_send(client, &call, (struct pr_done){on_done, &cut_short});
    while (!never)
        uv_run(&h.loop, UV_RUN_ONCE);
}

static int teardown_cut_short(void **state)
{
    teardown(state);
    forget_answer();
    return cut_short.calls == 1 && cut_short.err == PR_ERR_UNAVAILABLE ? 0 : -1;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_get),
        TEST(test_bodies_and_headers),
        TEST(test_a_header_with_a_line_break_is_not_sent),
        TEST(test_a_status_is_no_error),
        TEST(test_sinks),
        TEST(test_a_paused_call_gives_nothing_until_resumed),
        TEST(test_a_paused_call_is_cancelled),
        TEST(test_a_sink_cancels_its_call),
        TEST(test_answers_are_bounded),
        TEST(test_a_broken_answer),
        TEST(test_nobody_there),
        TEST(test_only_http),
        TEST(test_timeouts),
        TEST(test_a_stalled_answer),
        TEST(test_connections_are_kept),
        TEST(test_many_at_once),
        cmocka_unit_test_setup_teardown(test_close_ends_what_is_under_way, setup,
                                        teardown_cut_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
