#include "shared/http/router.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void handler(void *arg, struct http_request *req)
{
    (void)arg;
    (void)req;
}

#define ROUTE(method, path)                                                                        \
    {                                                                                              \
        method, path, handler, HTTP_PUBLIC, 0, NULL                                                \
    }

static const struct http_route routes[] = {
    ROUTE("GET", "/"),
    ROUTE("GET", "/media"),
    ROUTE("POST", "/media"),
    ROUTE("POST", "/media/finalize"),
    ROUTE("GET", "/media/{id}"),
    ROUTE("DELETE", "/media/{media_id}"),
    ROUTE("GET", "/media/{id}/tags/{tag}"),
    ROUTE("GET", "/media/latest/previews"),
    ROUTE("*", "/api/media/{rest...}"),
    ROUTE("GET", "/api/media/stream"),
    ROUTE("GET", "/files/{path...}"),
    {0},
};

struct fixture {
    struct router *router;
    struct pr_arena arena;
    struct router_match match;
};

static int setup(void **state)
{
    static struct fixture fixture;
    fixture.router = router_create(routes);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    router_destroy(f->router);
    pr_arena_fini(&f->arena);
    return 0;
}

static enum router_result find(struct fixture *f, const char *method, const char *path)
{
    return router_find(f->router, pr_str(method), pr_str(path), &f->arena, &f->match);
}

static void assert_found(struct fixture *f, const char *method, const char *path, int route)
{
    assert_int_equal(find(f, method, path), ROUTER_FOUND);
    assert_ptr_equal(f->match.route, &routes[route]);
}

static void assert_param(struct fixture *f, const char *name, const char *value)
{
    struct pr_str got = router_param(&f->match, name);
    if (!pr_str_is(got, value))
        fail_msg("{%s} is \"%.*s\", not \"%s\"", name, (int)got.n, got.p, value);
}

static void test_literal_paths(void **state)
{
    assert_found(*state, "GET", "/", 0);
    assert_found(*state, "GET", "/media", 1);
    assert_found(*state, "POST", "/media", 2);
}

static void test_param_names_belong_to_their_route(void **state)
{
    assert_found(*state, "GET", "/media/42", 4);
    assert_param(*state, "id", "42");
    assert_param(*state, "media_id", "");
    assert_found(*state, "DELETE", "/media/42", 5);
    assert_param(*state, "media_id", "42");
    assert_found(*state, "GET", "/media/42/tags/sea", 6);
    assert_param(*state, "id", "42");
    assert_param(*state, "tag", "sea");
}

static void test_literal_beats_param_and_falls_back(void **state)
{
    assert_found(*state, "POST", "/media/finalize", 3);
    assert_found(*state, "GET", "/media/latest/previews", 7);
    assert_found(*state, "GET", "/media/latest/tags/sea", 6);
    assert_param(*state, "id", "latest");
    assert_found(*state, "GET", "/api/media/stream", 9);
}

static void test_rest_takes_all(void **state)
{
    assert_found(*state, "PATCH", "/api/media/1/2/3", 8);
    assert_param(*state, "rest", "1/2/3");
    assert_found(*state, "GET", "/api/media/stream/x", 8);
    assert_param(*state, "rest", "stream/x");
    assert_found(*state, "GET", "/files/", 10);
    assert_param(*state, "path", "");
}

static void test_unknown_paths(void **state)
{
    static const char *const paths[] = {"",
                                        "*",
                                        "media",
                                        "/medi",
                                        "/media/",
                                        "/media//",
                                        "//media",
                                        "/mediax",
                                        "/files",
                                        "/MEDIA",
                                        "/media/1/tags",
                                        "/media/1/tags/",
                                        "http://h/media"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        assert_int_equal(find(*state, "GET", paths[i]), ROUTER_NO_PATH);
}

static void test_head_is_served_by_get(void **state)
{
    assert_found(*state, "HEAD", "/media", 1);
    assert_int_equal(find(*state, "HEAD", "/media/finalize"), ROUTER_NO_METHOD);
}

static void test_wrong_method_lists_the_right_ones(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(find(f, "PUT", "/media"), ROUTER_NO_METHOD);
    assert_string_equal(f->match.allow, "GET, HEAD, POST");
    assert_null(f->match.route);
    assert_int_equal(find(f, "get", "/media"), ROUTER_NO_METHOD);
    assert_int_equal(find(f, "PUT", "/media/7"), ROUTER_NO_METHOD);
    assert_string_equal(f->match.allow, "GET, HEAD, DELETE");
}

static void test_params_are_decoded(void **state)
{
    assert_found(*state, "GET", "/media/a%20b%2Bc+d%C3%A9", 4);
    assert_param(*state, "id", "a b+c+d\xc3\xa9");
    assert_found(*state, "GET", "/media/1/tags/a%2Fb", 6);
    assert_param(*state, "tag", "a/b");
    assert_found(*state, "GET", "/media/%E0%A4%95", 4);
    assert_found(*state, "GET", "/media/...", 4);
}

static void test_bad_encodings_and_climbing_are_refused(void **state)
{
    static const char *const paths[] = {
        "/media/%",          "/media/%4",          "/media/%zz",
        "/media/a%00b",      "/media/%ff",         "/media/%c0%ae",
        "/media/%ed%a0%80",  "/media/..",          "/media/.",
        "/media/%2e%2e",     "/media/%2E.",        "/media/..%2f..%2fetc",
        "/files/../etc",     "/files/a/../../etc", "/files/a/%2e%2e/b",
        "/files/a%2f..%2fb", "/files/..",          "/files/./a",
        "/files/a/.",        "/media/x/tags/..",   "/files/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        enum router_result result = find(*state, "GET", paths[i]);
        if (result != ROUTER_BAD_PATH)
            fail_msg("%s: %d", paths[i], result);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_literal_paths),
        cmocka_unit_test(test_param_names_belong_to_their_route),
        cmocka_unit_test(test_literal_beats_param_and_falls_back),
        cmocka_unit_test(test_rest_takes_all),
        cmocka_unit_test(test_unknown_paths),
        cmocka_unit_test(test_head_is_served_by_get),
        cmocka_unit_test(test_wrong_method_lists_the_right_ones),
        cmocka_unit_test(test_params_are_decoded),
        cmocka_unit_test(test_bad_encodings_and_climbing_are_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
