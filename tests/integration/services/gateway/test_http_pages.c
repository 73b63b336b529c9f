/* The pages as they go out: each path its file, byte for byte, with a policy that lets it reach the
 * store and nobody else. */
#include "services/gateway/adapters/http_pages.h"
#include "shared/base/alloc.h"
#include "tests/integration/shared/http/harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct harness h;
static struct http_pages pages;

static void get_page(void *arg, struct http_request *req)
{
    (void)arg;
    http_pages_answer(&pages, req);
}

static void get_guest_page(void *arg, struct http_request *req)
{
    (void)arg;
    http_pages_answer_guest(&pages, req);
}

static const struct http_route routes[] = {
    {"GET", "/anna/{slug}", get_guest_page, HTTP_PUBLIC, 0, NULL},
    {"GET", "/", get_page, HTTP_PUBLIC, 0, NULL},
    {"GET", "/{path...}", get_page, HTTP_PUBLIC, 0, NULL},
    {0},
};

static const struct {
    const char *path, *file, *type;
} served[] = {
    {"/", "services/gateway/web/index.html", "text/html; charset=utf-8"},
    {"/signup", "services/gateway/web/signup.html", "text/html; charset=utf-8"},
    {"/login", "services/gateway/web/login.html", "text/html; charset=utf-8"},
    {"/account", "services/gateway/web/account.html", "text/html; charset=utf-8"},
    {"/admin", "services/gateway/web/admin.html", "text/html; charset=utf-8"},
    {"/api/docs", "services/gateway/web/docs.html", "text/html; charset=utf-8"},
    {"/api/openapi.yaml", "proto/openapi.yaml", "application/yaml"},
    {"/assets/app.css", "services/gateway/web/assets/app.css", "text/css; charset=utf-8"},
    {"/assets/api.js", "services/gateway/web/assets/api.js", "text/javascript; charset=utf-8"},
    {"/favicon.ico", "services/gateway/web/assets/pierrot.svg", "image/svg+xml"},
    {"/anna/wedding", "services/gateway/web/guest.html", "text/html; charset=utf-8"},
    {"/anna/no-such-thing", "services/gateway/web/guest.html", "text/html; charset=utf-8"},
    {"/robots.txt", "services/gateway/web/robots.txt", "text/plain; charset=utf-8"},
};

static const char *const unknown[] = {
    "/nothing", "/assets", "/assets/", "/assets/nothing.css", "/assets/app.css/", "/Login",
};

_Static_assert(PR_COUNT(served) <= ANSWERS && PR_COUNT(unknown) <= ANSWERS, "room for all");

static struct answer_text get(unsigned port, const char *path)
{
    char request[256];
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nhost: t\r\nconnection: close\r\n\r\n",
             path);
    return talk(port, request);
}

static void get_served(struct harness *harness)
{
    for (size_t i = 0; i < PR_COUNT(served); i++)
        harness->answers[i] = get(harness->port, served[i].path);
}

static void get_unknown(struct harness *harness)
{
    for (size_t i = 0; i < PR_COUNT(unknown); i++)
        harness->answers[i] = get(harness->port, unknown[i]);
}

static int setup(void **state)
{
    struct origin store;
    (void)state;
    assert_true(origin_parse(pr_str("https://s3.example.org:9000/"), &store));
    http_pages_init(&pages, &store);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    harness_free(&h);
    http_pages_fini(&pages);
    return 0;
}

static struct pr_str body_of(struct answer_text answer)
{
    const char *end = strstr(answer.p, "\r\n\r\n");
    assert_non_null(end);
    return pr_str_n(end + 4, answer.n - (size_t)(end + 4 - answer.p));
}

static void assert_is_file(struct pr_str body, const char *name)
{
    FILE *file = fopen(name, "rb");
    assert_non_null(file);
    char *bytes = pr_alloc(body.n + 1);
    assert_int_equal(fread(bytes, 1, body.n + 1, file), body.n);
    assert_memory_equal(bytes, body.p, body.n);
    free(bytes);
    fclose(file);
}

static void test_each_path_has_its_file(void **state)
{
    char type[64];
    (void)state;
    harness_run(&h, routes, 64, get_served);
    for (size_t i = 0; i < PR_COUNT(served); i++) {
        assert_status(h.answers[i], 200);
        snprintf(type, sizeof type, "content-type: %s\r\n", served[i].type);
        assert_contains(h.answers[i], type);
        assert_is_file(body_of(h.answers[i]), served[i].file);
    }
}

static void test_a_page_reaches_the_store_and_nobody_else(void **state)
{
    (void)state;
    harness_run(&h, routes, 64, get_served);
    for (size_t i = 0; i < PR_COUNT(served); i++) {
        assert_contains(h.answers[i],
                        "content-security-policy: default-src 'none'; script-src 'self'; "
                        "style-src 'self'; img-src 'self' data: https://s3.example.org:9000; "
                        "media-src https://s3.example.org:9000; "
                        "connect-src 'self' https://s3.example.org:9000; form-action 'self'; "
                        "base-uri 'none'; frame-ancestors 'none'\r\n");
        assert_contains(h.answers[i], "cross-origin-opener-policy: same-origin\r\n");
        assert_contains(h.answers[i], "x-content-type-options: nosniff\r\n");
        assert_contains(h.answers[i], "cache-control: no-cache\r\n");
        assert_contains(h.answers[i], "x-robots-tag: noindex\r\n");
        assert_contains(h.answers[i], "referrer-policy: no-referrer\r\n");
    }
}

static void test_nothing_else_is_there(void **state)
{
    (void)state;
    harness_run(&h, routes, 64, get_unknown);
    for (size_t i = 0; i < PR_COUNT(unknown); i++)
        assert_status(h.answers[i], 404);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_path_has_its_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_page_reaches_the_store_and_nobody_else, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_nothing_else_is_there, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
