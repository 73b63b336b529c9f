/* The public routes between a real client and a service that tells what it got: who is let through,
 * what arrives, and what never does. */
#include "services/gateway/adapters/http_gateway.h"
#include "shared/base/alloc.h"
#include "shared/http/client.h"
#include "tests/support/await.h"
#include "tests/support/gateway_world.h"
#include "tests/support/logs.h"
#include "tests/support/loop.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BODY_MAX_BYTES 65536

struct fixture {
    uv_loop_t loop;
    struct gateway_world *world;
    struct http_gateway gateway;
    struct http_server *public, *media;
    struct http_client *client;
    char token[64]; /* "Bearer prt_…" of alice */
    unsigned arrived;
    struct await await;
    struct http_call call;
};

/* ---- media, which believes the identity header and tells what else it got ---- */

static void tell(void *arg, struct http_request *req)
{
    static const char *const names[] = {"authorization", "cookie", "x-forwarded-for",
                                        "content-type"};
    struct fixture *f = arg;
    struct pr_buf text;
    f->arrived++;
    pr_buf_init(&text, 2 * BODY_MAX_BYTES);
    pr_buf_printf(&text, "%s " PR_STR_FMT " " PR_STR_FMT "?" PR_STR_FMT "\n",
                  http_req_identity(req)->name, PR_STR_ARG(http_req_method(req)),
                  PR_STR_ARG(http_req_path(req)), PR_STR_ARG(http_req_query_string(req)));
    for (size_t i = 0; i < PR_COUNT(names); i++)
        pr_buf_printf(&text, "%s=" PR_STR_FMT "\n", names[i],
                      PR_STR_ARG(http_req_header(req, names[i])));
    pr_buf_printf(&text, "body=" PR_STR_FMT, PR_STR_ARG(http_req_body(req)));
    http_reply(req, 207, "text/plain", pr_buf_str(&text));
    pr_buf_fini(&text);
}

static const struct http_route media_routes[] = {
    {"*", "/{rest...}", tell, HTTP_IDENTITY, BODY_MAX_BYTES, NULL},
    {NULL, NULL, NULL, HTTP_PUBLIC, 0, NULL},
};

/* ---- setup ---- */

static struct http_server *serve(struct fixture *f, const struct http_route *routes, void *arg)
{
    struct http_server *server =
        http_server_create(&f->loop, &(struct http_server_options){
                                         .listen = "127.0.0.1:0",
                                         .routes = routes,
                                         .arg = arg,
                                         .identity_secret = f->world->deps.identity_secret,
                                         .clock = f->world->deps.clock,
                                         .max_connections = 64,
                                     });
    assert_non_null(server);
    return server;
}

static int setup(void **state)
{
    struct fixture *f = PR_NEW(struct fixture);
    char address[32], token[TOKEN_TEXT];
    assert_int_equal(uv_loop_init(&f->loop), 0);
    f->world = gateway_world_create();
    gateway_world_add_token(f->world, "alice", token);
    snprintf(f->token, sizeof f->token, "Bearer %s", token);
    f->media = serve(f, media_routes, f);
    snprintf(address, sizeof address, "127.0.0.1:%u", http_server_port(f->media));
    f->gateway = (struct http_gateway){
        .deps = &f->world->deps,
        .media = http_upstream_create(&f->loop, address, 8),
    };
    f->public = serve(f, http_gateway_routes, &f->gateway);
    f->client = http_client_create(&f->loop, 8);
    *state = f;
    return 0;
}

static void close_server(struct fixture *f, struct http_server **server)
{
    bool closed = false;
    if (!*server)
        return;
    http_server_close(*server, loop_set_true, &closed);
    *server = NULL;
    loop_until(&f->loop, closed);
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    bool client_closed = false, upstream_closed = false;
    pr_buf_fini(&f->call.answer_body);
    pr_buf_fini(&f->call.answer_head);
    http_client_close(f->client, loop_set_true, &client_closed);
    loop_until(&f->loop, client_closed);
    close_server(f, &f->public);
    http_upstream_close(f->gateway.media, loop_set_true, &upstream_closed);
    loop_until(&f->loop, upstream_closed);
    close_server(f, &f->media);
    loop_close_clean(&f->loop);
    gateway_world_destroy(f->world);
    free(f);
    return 0;
}

/* ---- requests ---- */

static void start(struct fixture *f, const char *method, const char *path,
                  const struct http_header *headers, size_t count, struct pr_str body)
{
    static char url[1024];
    pr_buf_fini(&f->call.answer_body);
    pr_buf_fini(&f->call.answer_head);
    snprintf(url, sizeof url, "http://127.0.0.1:%u%s", http_server_port(f->public), path);
    f->call = (struct http_call){
        .method = method,
        .url = pr_str(url),
        .headers = headers,
        .headers_count = count,
        .body = body,
        .timeout_ms = 10000,
        .max_bytes = 4 * BODY_MAX_BYTES,
    };
    http_client_send(f->client, &f->call, await_done(&f->await));
}

static int wait_status(struct fixture *f)
{
    loop_until(&f->loop, f->await.calls > 0);
    assert_int_equal(await_once(&f->await), PR_OK);
    return f->call.status;
}

/* With this authorization, or none. */
static int get_as(struct fixture *f, const char *path, const char *authorization)
{
    struct http_header header = {pr_str("authorization"), pr_str(authorization)};
    start(f, "GET", path, &header, *authorization ? 1 : 0, pr_str_n(NULL, 0));
    return wait_status(f);
}

static void assert_answer_holds(struct fixture *f, const char *text)
{
    const struct pr_buf *body = &f->call.answer_body;
    if (body->n == 0 || !memmem(body->p, body->n, text, strlen(text)))
        fail_msg("\"%s\" is not in: " PR_STR_FMT, text, PR_STR_ARG(pr_buf_str(body)));
}

static size_t count_in_head(const struct fixture *f, const char *name)
{
    struct pr_str rest = pr_buf_str(&f->call.answer_head), line;
    size_t count = 0;
    while (rest.n > 0) {
        pr_str_cut(rest, '\n', &line, &rest);
        count += pr_str_has_prefix(line, pr_str(name));
    }
    return count;
}

/* ---- tests ---- */

static void test_stranger_stays_outside(void **state)
{
    static const char *const strangers[] = {
        "", "Bearer", "Basic YWxpY2U6eA==", "Bearer prt_nobody",
        "Bearer prt_0000000000000000000000000000000000000000000"};
    struct fixture *f = *state;
    for (size_t i = 0; i < PR_COUNT(strangers); i++) {
        assert_int_equal(get_as(f, "/api/media", strangers[i]), 401);
        assert_true(pr_str_eq(http_call_header(&f->call, "www-authenticate"), pr_str("Bearer")));
        assert_int_equal(count_in_head(f, "www-authenticate:"), 1);
        assert_answer_holds(f, "request_id");
    }
    assert_int_equal(f->arrived, 0);
}

static void test_account_is_let_through_as_itself(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(get_as(f, "/api/media?limit=2&cursor=a%26b", f->token), 207);
    assert_answer_holds(f, "alice GET /media?limit=2&cursor=a%26b\n");
    assert_int_equal(get_as(f, "/api/media/0192f0c1/a%2Fb%20c", f->token), 207);
    assert_answer_holds(f, "alice GET /media/0192f0c1/a%2Fb%20c?\n");
    assert_int_equal(f->arrived, 2);
}

/* What would be believed behind the door comes from the gateway alone; secrets end there. */
static void test_headers_of_the_client_end_here(void **state)
{
    struct fixture *f = *state;
    const struct http_header headers[] = {
        {pr_str("authorization"), pr_str(f->token)},
        {pr_str("x-pierrot-identity"), pr_str("forged")},
        {pr_str("X-Pierrot-Identity"), pr_str("forged again")},
        {pr_str("cookie"), pr_str("session=secret")},
        {pr_str("x-forwarded-for"), pr_str("10.0.0.1")},
    };
    start(f, "GET", "/api/media", headers, PR_COUNT(headers), pr_str_n(NULL, 0));
    assert_int_equal(wait_status(f), 207);
    assert_answer_holds(f, "alice GET /media?\nauthorization=\ncookie=\nx-forwarded-for=\n");
}

static void test_body_goes_along(void **state)
{
    struct fixture *f = *state;
    const struct http_header headers[] = {
        {pr_str("authorization"), pr_str(f->token)},
        {pr_str("content-type"), pr_str("application/json")},
    };
    char *large = pr_alloc(BODY_MAX_BYTES + 1);
    memset(large, ' ', BODY_MAX_BYTES + 1);
    start(f, "POST", "/api/media", headers, 2, pr_str("{\"a\": 1}"));
    assert_int_equal(wait_status(f), 207);
    assert_answer_holds(f, "alice POST /media?\n");
    assert_answer_holds(f, "content-type=application/json\nbody={\"a\": 1}");
    start(f, "POST", "/api/media", headers, 2, pr_str_n(large, BODY_MAX_BYTES));
    assert_int_equal(wait_status(f), 207);
    start(f, "POST", "/api/media", headers, 2, pr_str_n(large, BODY_MAX_BYTES + 1));
    assert_int_equal(wait_status(f), 413);
    assert_int_equal(f->arrived, 2);
    free(large);
}

static void test_other_paths_are_not_there(void **state)
{
    static const char *const paths[] = {"/",           "/media",    "/api",       "/api/medium",
                                        "/api/mediaX", "/apimedia", "/API/media", "//api/media"};
    struct fixture *f = *state;
    for (size_t i = 0; i < PR_COUNT(paths); i++)
        assert_int_equal(get_as(f, paths[i], f->token), 404);
    assert_int_equal(f->arrived, 0);
}

static void test_database_that_is_away_is_a_503(void **state)
{
    struct fixture *f = *state;
    gate_fail(&f->world->gate, 1, PR_ERR_UNAVAILABLE, false);
    assert_int_equal(get_as(f, "/api/media", f->token), 503);
    assert_int_equal(http_call_header(&f->call, "www-authenticate").n, 0);
    assert_int_equal(get_as(f, "/api/media", f->token), 207);
}

static void test_service_that_is_away_is_a_503(void **state)
{
    struct fixture *f = *state;
    close_server(f, &f->media);
    assert_int_equal(get_as(f, "/api/media", f->token), 503);
}

static void test_client_that_leaves_while_it_is_looked_up(void **state)
{
    struct fixture *f = *state;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)http_server_port(f->public)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    gate_hold(&f->world->gate, true);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    dprintf(fd, "GET /api/media HTTP/1.1\r\nhost: t\r\nauthorization: %s\r\n\r\n", f->token);
    loop_until(&f->loop, gate_held(&f->world->gate) == 1);
    close(fd);
    loop_run_for(&f->loop, 100);
    gate_hold(&f->world->gate, false);
    gate_release_all(&f->world->gate);
    assert_int_equal(get_as(f, "/api/media", f->token), 207);
}

#define GATEWAY_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        GATEWAY_TEST(test_stranger_stays_outside),
        GATEWAY_TEST(test_account_is_let_through_as_itself),
        GATEWAY_TEST(test_headers_of_the_client_end_here),
        GATEWAY_TEST(test_body_goes_along),
        GATEWAY_TEST(test_other_paths_are_not_there),
        GATEWAY_TEST(test_database_that_is_away_is_a_503),
        GATEWAY_TEST(test_service_that_is_away_is_a_503),
        GATEWAY_TEST(test_client_that_leaves_while_it_is_looked_up),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
