#include "tests/integration/services/gateway/rig.h"

#include "services/gateway/adapters/http_updates.h"
#include "shared/base/alloc.h"
#include "tests/support/loop.h"

#include <stdio.h>

static void tell(void *arg, struct http_request *req)
{
    static const char *const names[] = {"authorization", "cookie", "x-forwarded-for",
                                        "content-type"};
    struct rig *rig = arg;
    struct pr_buf text;
    rig->arrived++;
    pr_buf_init(&text, 2 * RIG_BODY_MAX_BYTES);
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

/* Who asks for what, with which token. */
static void tell_guest(void *arg, struct http_request *req)
{
    struct rig *rig = arg;
    char text[512];
    rig->arrived++;
    snprintf(text, sizeof text,
             PR_STR_FMT " " PR_STR_FMT " " PR_STR_FMT "?" PR_STR_FMT "\nguest=" PR_STR_FMT
                        " cookie=" PR_STR_FMT " body=" PR_STR_FMT,
             PR_STR_ARG(http_req_client(req)), PR_STR_ARG(http_req_method(req)),
             PR_STR_ARG(http_req_path(req)), PR_STR_ARG(http_req_query_string(req)),
             PR_STR_ARG(http_req_header(req, "x-pierrot-guest")),
             PR_STR_ARG(http_req_header(req, "cookie")), PR_STR_ARG(http_req_body(req)));
    http_reply_header(req, "set-cookie", pr_str("pierrot_guest=prg_x; Path=/api/guest/a/b"));
    http_reply(req, 207, "text/plain", pr_str(text));
}

static const struct http_route media_routes[] = {
    {"*", "/guest/{rest...}", tell_guest, HTTP_CLIENT, RIG_BODY_MAX_BYTES, NULL},
    {"*", "/{rest...}", tell, HTTP_IDENTITY, RIG_BODY_MAX_BYTES, NULL},
    {NULL, NULL, NULL, HTTP_PUBLIC, 0, NULL},
};

static struct http_server *serve(struct rig *rig, const struct http_route *routes, void *arg)
{
    struct http_server *server =
        http_server_create(&rig->loop, &(struct http_server_options){
                                           .listen = "127.0.0.1:0",
                                           .routes = routes,
                                           .arg = arg,
                                           .identity_secret = rig->world->deps.identity_secret,
                                           .clock = rig->world->deps.clock,
                                           .max_connections = 64,
                                           .trusted_proxies = "127.0.0.1/32",
                                       });
    assert_non_null(server);
    return server;
}

static void configure(struct gateway_config *config)
{
    const struct config_rate many = {1000000, 60};
    assert_true(origin_parse(pr_str("https://photos.example"), &config->public));
    assert_true(origins_parse(pr_str("https://app.example"), &config->cors));
    rates_init(&config->rates, &(struct rate_settings){many, many, many, many, many});
}

int rig_setup(void **state)
{
    struct rig *rig = PR_NEW(struct rig);
    char address[32];
    assert_int_equal(uv_loop_init(&rig->loop), 0);
    rig->world = gateway_world_create();
    rig->account = gateway_world_add_account(rig->world, "alice", ROLE_USER);
    rig->token = gateway_world_add_credential(rig->world, &rig->account.id, CREDENTIAL_TOKEN,
                                              rig->token_text);
    rig->session = gateway_world_add_credential(rig->world, &rig->account.id, CREDENTIAL_SESSION,
                                                rig->session_text);
    rig->media = serve(rig, media_routes, rig);
    snprintf(address, sizeof address, "127.0.0.1:%u", http_server_port(rig->media));
    configure(&rig->config);
    rig->gateway = (struct http_gateway){
        .deps = &rig->world->deps,
        .config = &rig->config,
        .media = http_upstream_create(&rig->loop, address, 8),
        .updates = http_updates_create(&rig->loop, &rig->world->deps),
        .version = "1.2.3",
    };
    http_gateway_init(&rig->gateway);
    rig->public = serve(rig, rig->gateway.routes, &rig->gateway);
    rig->client = http_client_create(&rig->loop, 8);
    *state = rig;
    return 0;
}

void rig_close_server(struct rig *rig, struct http_server **server)
{
    bool closed = false;
    if (!*server)
        return;
    http_server_close(*server, loop_set_true, &closed);
    *server = NULL;
    loop_until(&rig->loop, closed);
}

static void forget_answer(struct rig *rig)
{
    pr_buf_fini(&rig->call.answer_body);
    pr_buf_fini(&rig->call.answer_head);
}

int rig_teardown(void **state)
{
    struct rig *rig = *state;
    bool client_closed = false, upstream_closed = false, updates_closed = false;
    forget_answer(rig);
    http_client_close(rig->client, loop_set_true, &client_closed);
    loop_until(&rig->loop, client_closed);
    http_updates_refuse(rig->gateway.updates);
    rig_close_server(rig, &rig->public);
    http_updates_close(rig->gateway.updates, loop_set_true, &updates_closed);
    loop_until(&rig->loop, updates_closed);
    http_upstream_close(rig->gateway.media, loop_set_true, &upstream_closed);
    loop_until(&rig->loop, upstream_closed);
    rig_close_server(rig, &rig->media);
    loop_close_clean(&rig->loop);
    gateway_world_destroy(rig->world);
    free(rig);
    return 0;
}

void rig_add_header(struct rig *rig, const char *name, const char *value)
{
    assert_true(rig->headers_n < RIG_HEADERS);
    rig->headers[rig->headers_n++] = (struct http_header){pr_str(name), pr_str(value)};
}

void rig_identify(struct rig *rig, const char *credential)
{
    bool cookie = credential && strncmp(credential, "prs_", 4) == 0;
    bool token = credential && strncmp(credential, "prt_", 4) == 0;
    if (!credential || !*credential)
        return;
    snprintf(rig->credential, sizeof rig->credential, "%s%s",
             cookie  ? "theme=dark; __Host-pierrot_session="
             : token ? "Bearer "
                     : "",
             credential);
    rig_add_header(rig, cookie ? "cookie" : "authorization", rig->credential);
}

static void send_request(struct rig *rig, const char *method, const char *path, const char *body)
{
    forget_answer(rig);
    snprintf(rig->url, sizeof rig->url, "http://127.0.0.1:%u%s", http_server_port(rig->public),
             path);
    if (body)
        rig_add_header(rig, "content-type", "application/json");
    rig->call = (struct http_call){
        .method = method,
        .url = pr_str(rig->url),
        .headers = rig->headers,
        .headers_count = rig->headers_n,
        .body = pr_str(body),
        .timeout_ms = 10000,
        .max_bytes = 4 * RIG_BODY_MAX_BYTES,
    };
    rig->headers_n = 0;
    http_client_send(rig->client, &rig->call, await_done(&rig->await));
}

int rig_ask(struct rig *rig, const char *method, const char *path, const char *body)
{
    send_request(rig, method, path, body);
    loop_until(&rig->loop, rig->await.calls > 0);
    assert_int_equal(await_once(&rig->await), PR_OK);
    return rig->call.status;
}

int rig_ask_as(struct rig *rig, const char *credential, const char *method, const char *path,
               const char *body)
{
    rig_identify(rig, credential);
    return rig_ask(rig, method, path, body);
}

struct pr_str rig_header(struct rig *rig, const char *name)
{
    return http_call_header(&rig->call, name);
}

void assert_header(struct rig *rig, const char *name, const char *value)
{
    struct pr_str given = rig_header(rig, name);
    if (!pr_str_is(given, value))
        fail_msg("%s: " PR_STR_FMT " instead of %s", name, PR_STR_ARG(given), value);
}

void assert_answer_has(struct rig *rig, const char *text)
{
    const struct pr_buf *body = &rig->call.answer_body;
    if (body->n == 0 || !memmem(body->p, body->n, text, strlen(text)))
        fail_msg("\"%s\" is not in: " PR_STR_FMT, text, PR_STR_ARG(pr_buf_str(body)));
}
