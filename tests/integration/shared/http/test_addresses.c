/* Whom a request comes from, and how many connections he may have. */
#include "shared/base/alloc.h"
#include "tests/integration/shared/http/harness.h"

#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
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

static void get_who(void *arg, struct http_request *req)
{
    struct pr_str client = http_req_client(req), network = http_req_client_network(req);
    (void)arg;
    http_reply(req, 200, "text/plain",
               pr_str(pr_arena_printf(http_req_arena(req), PR_STR_FMT " " PR_STR_FMT ".",
                                      PR_STR_ARG(client), PR_STR_ARG(network))));
}

static const struct http_route routes[] = {
    {"GET", "/who", get_who, HTTP_PUBLIC, 0, NULL},
    {"GET", "/metrics", get_metrics, HTTP_PUBLIC, 0, NULL},
    {0},
};

static const struct {
    const char *headers, *answer;
} told[] = {
    {"", "127.0.0.1 127.0.0.1."},
    {"X-Forwarded-For: 203.0.113.9, 198.51.100.1, 10.1.1.1\r\n", "198.51.100.1 198.51.100.1."},
    {"X-Forwarded-For: 203.0.113.9\r\nx-forwarded-for: 198.51.100.2\r\n",
     "198.51.100.2 198.51.100.2."},
    {"Forwarded: for=\"[2001:db8::7]:1\";proto=https\r\n", "2001:db8::7 2001:db8::/64."},
    {"X-Forwarded-For: unknown\r\n", "127.0.0.1 127.0.0.1."},
    {"Forwarded: for=_secret\r\n", "127.0.0.1 127.0.0.1."},
    {"Forwarded: for=10.1.1.1\r\n", "127.0.0.1 127.0.0.1."},
    /* Written by a proxy that knows only one of the two. */
    {"Forwarded: for=203.0.113.9\r\nX-Forwarded-For: 198.51.100.1\r\n", "127.0.0.1 127.0.0.1."},
    {"Forwarded: garbage\r\nX-Forwarded-For: 198.51.100.1\r\n", "127.0.0.1 127.0.0.1."},
    {"Forwarded: for=203.0.113.9\r\nX-Forwarded-For: unknown\r\n", "127.0.0.1 127.0.0.1."},
    {"Forwarded: for=198.51.100.1\r\nX-Forwarded-For: 198.51.100.1\r\n",
     "198.51.100.1 198.51.100.1."},
};

static struct answer_text ask(unsigned port, const char *address, const char *headers)
{
    char text[1024];
    int fd = dial_from(address, port);
    snprintf(text, sizeof text, "GET /who HTTP/1.1\r\n" CLOSE "%s\r\n", headers);
    send_text(fd, text);
    struct answer_text answer = read_rest(fd, 5000);
    close(fd);
    return answer;
}

static void ask_through_a_proxy(struct harness *t)
{
    static_assert(PR_COUNT(told) < ANSWERS, "each has a place");
    for (size_t i = 0; i < PR_COUNT(told); i++)
        t->answers[i] = ask(t->port, "127.0.0.1", told[i].headers);
    t->answers[ANSWERS - 1] = ask(t->port, "127.0.0.2", "X-Forwarded-For: 198.51.100.9\r\n");
}

static void test_a_trusted_proxy_tells(void **state)
{
    (void)state;
    h.options.trusted_proxies = "127.0.0.1/32, 10.0.0.0/8";
    harness_run(&h, routes, 64, ask_through_a_proxy);
    for (size_t i = 0; i < PR_COUNT(told); i++) {
        assert_status(h.answers[i], 200);
        assert_contains(h.answers[i], told[i].answer);
    }
    /* Anybody else may tell what he likes. */
    assert_contains(h.answers[ANSWERS - 1], "127.0.0.2 127.0.0.2.");
    assert_non_null(strstr(h.log, "\"client\":\"198.51.100.1\"}"));
    assert_non_null(strstr(h.log, "\"client\":\"2001:db8::7\"}"));
    assert_null(strstr(h.log, "198.51.100.9"));
}

static void ask_directly(struct harness *t)
{
    t->answers[0] = ask(t->port, "127.0.0.1", "X-Forwarded-For: 198.51.100.9\r\n");
}

static void test_nobody_is_trusted_unless_told(void **state)
{
    (void)state;
    harness_run(&h, routes, 64, ask_directly);
    assert_contains(h.answers[0], "127.0.0.1 127.0.0.1.");
}

static void make_with_a_wrong_list(struct harness *t)
{
    struct http_server_options options = t->options;
    uv_loop_t loop;
    options.trusted_proxies = "10.0.0.0/8, proxies.example.com";
    uv_loop_init(&loop);
    t->numbers[0] = http_server_create(&loop, &options) != NULL;
    uv_run(&loop, UV_RUN_DEFAULT);
    t->numbers[1] = uv_loop_close(&loop);
}

static void test_a_wrong_list_of_proxies_is_told(void **state)
{
    (void)state;
    harness_run(&h, routes, 64, make_with_a_wrong_list);
    assert_int_equal(h.numbers[0], 0);
    assert_int_equal(h.numbers[1], 0);
    assert_non_null(strstr(h.log, "\"msg\":\"the trusted proxies are no list of networks\","
                                  "\"list\":\"10.0.0.0/8, proxies.example.com\""));
}

#define EACH 3

/* One more than it may have; the last one is answered only once the first has gone. */
static void come_too_often(struct harness *t, const char *address, unsigned answer)
{
    int fds[EACH];
    for (unsigned i = 0; i < EACH; i++) {
        fds[i] = dial_from(address, t->port);
        send_text(fds[i], "GET /who HTTP/1.1\r\nhost: t\r\n\r\n");
        free(read_rest(fds[i], 100).p);
    }
    t->answers[answer] = ask(t->port, address, "");
    t->answers[answer + 1] = ask(t->port, "127.0.0.3", "");
    close(fds[0]);
    usleep(50000);
    t->answers[answer + 2] = ask(t->port, address, "");
    for (unsigned i = 1; i < EACH; i++)
        close(fds[i]);
}

static void come_from_two_addresses(struct harness *t)
{
    come_too_often(t, "127.0.0.2", 0);
    come_too_often(t, "127.0.0.1", 3);
    t->answers[6] = talk(t->port, "GET /metrics HTTP/1.1\r\n" CLOSE "\r\n");
}

static void test_connections_of_one_address(void **state)
{
    (void)state;
    h.options.max_connections_per_address = EACH;
    h.options.trusted_proxies = "127.0.0.1";
    harness_run(&h, routes, 64, come_from_two_addresses);
    assert_lacks(h.answers[0], "HTTP");
    assert_status(h.answers[1], 200);
    assert_status(h.answers[2], 200);
    for (unsigned i = 3; i < 6; i++)
        assert_status(h.answers[i], 200); /* a proxy may come as often as it likes */
    assert_contains(h.answers[6], "pierrot_http_connections_refused_total{limit=\"address\"} 1\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_a_trusted_proxy_tells, teardown),
        cmocka_unit_test_teardown(test_nobody_is_trusted_unless_told, teardown),
        cmocka_unit_test_teardown(test_a_wrong_list_of_proxies_is_told, teardown),
        cmocka_unit_test_teardown(test_connections_of_one_address, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
