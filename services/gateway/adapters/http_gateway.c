/* The table of what the gateway serves. OPTIONS comes to every path of the API by itself. */
#include "services/gateway/adapters/http_gateway.h"

#include "services/gateway/adapters/door.h"
#include "services/gateway/adapters/http_handlers.h"
#include "services/gateway/adapters/http_pages.h"
#include "shared/base/alloc.h"
#include "shared/http/client_seal.h"

#include <assert.h>

#define BODY_MAX_BYTES ((size_t)4096)
#define MEDIA_BODY_MAX_BYTES ((size_t)65536)
#define BATCH_BODY_MAX_BYTES ((size_t)262144) /* what media takes */
#define CODES_BODY_MAX_BYTES ((size_t)262144)
#define SELECTION_BODY_MAX_BYTES ((size_t)524288)

static const struct pr_str api = PR_STR("/api");
static const char below_api[] = "/api/{rest...}";

static void get_server(struct gateway_call *call)
{
    call_reply_json(call, 200,
                    json_pack("{s:s, s:s}", "signup", signup_mode_name(call_deps(call)->signup),
                              "version", call->gateway->version));
}

/* /api/media… and /api/events… are media's /media… and /events…: it learns who asks from us alone. */
static void forward_to_media(struct gateway_call *call)
{
    struct pr_str path = http_req_path(call->req);
    struct http_header header = {pr_str(IDENTITY_HEADER), pr_str(call->identity)};
    call_tell_limits(call);
    http_forward(call->gateway->media, call->req, pr_str_n(path.p + api.n, path.n - api.n), &header,
                 1);
}

/* /api/guest/… is media's /guest/…: it learns from us whose address asks, and which guest's token came
 * along, if any. */
static void forward_to_guest(struct gateway_call *call)
{
    struct pr_str path = http_req_path(call->req), token;
    char seal[CLIENT_SEAL_HEADER_MAX];
    struct http_header headers[2] = {{pr_str(CLIENT_SEAL_HEADER), pr_str("")}};
    size_t n = 1;
    if (!client_seal_sign(call_deps(call)->identity_secret, http_req_client(call->req),
                          pr_now_ms(call_deps(call)->clock) + CLIENT_SEAL_TTL_MS, seal)) {
        call_reply_error(call, PR_ERR_INTERNAL);
        return;
    }
    headers[0].value = pr_str(seal);
    if (call_guest_token(call, &token))
        headers[n++] = (struct http_header){pr_str(GUEST_TOKEN_HEADER), token};
    call_tell_limits(call);
    http_forward(call->gateway->media, call->req, pr_str_n(path.p + api.n, path.n - api.n), headers,
                 n);
}

static void get_page(struct gateway_call *call)
{
    call_tell_limits(call);
    http_pages_answer(call->gateway->pages, call->req);
}

static void get_event_page(struct gateway_call *call)
{
    struct pr_uuid id;
    call_tell_limits(call);
    if (pr_uuid_parse(http_req_param(call->req, "id"), &id))
        http_pages_answer_event(call->gateway->pages, call->req);
    else
        http_reply_error(call->req, PR_ERR_NOT_FOUND);
}

/* As names are written; keyboards of phones begin with a capital. */
static struct pr_str lowered(struct http_request *req, const char *param)
{
    struct pr_str given = http_req_param(req, param);
    char *text = pr_arena_alloc(http_req_arena(req), given.n + 1);
    memcpy(text, given.p, given.n);
    pr_lower(text, given.n);
    return pr_str_n(text, given.n);
}

/* Where an event of that account may be found. The answer is the same whether there is one. */
static void get_guest_page(struct gateway_call *call)
{
    call_tell_limits(call);
    if (account_may_be_called(lowered(call->req, "account")) &&
        account_event_slug(lowered(call->req, "slug")))
        http_pages_answer_guest(call->gateway->pages, call->req);
    else
        http_reply_error(call->req, PR_ERR_NOT_FOUND);
}

/* What is below /api and in no line of the table: nothing, and nobody's event. */
static void get_nothing(void *arg, struct http_request *req)
{
    (void)arg;
    http_reply_error(req, PR_ERR_NOT_FOUND);
}

/* clang-format off */
static const struct gateway_route table[] = {
    {"GET",    "/api/server",               get_server,             ACCESS_PUBLIC,  RATE_READ,      0},

    {"POST",   "/api/accounts",             post_account,           ACCESS_PUBLIC,  RATE_SIGNUP,    BODY_MAX_BYTES},
    {"GET",    "/api/accounts",             get_accounts,           ACCESS_ADMIN,   RATE_READ,      0},
    {"PATCH",  "/api/accounts/{id}",        patch_account,          ACCESS_ADMIN,   RATE_WRITE,     BODY_MAX_BYTES},
    {"GET",    "/api/accounts/me",          get_me,                 ACCESS_ACCOUNT, RATE_READ,      0},
    {"PATCH",  "/api/accounts/me",          patch_me,               ACCESS_ACCOUNT, RATE_WRITE,     BODY_MAX_BYTES},
    {"DELETE", "/api/accounts/me",          delete_me,              ACCESS_ACCOUNT, RATE_WRITE,     0},
    {"POST",   "/api/accounts/me/password", post_password,          ACCESS_ACCOUNT, RATE_LOGIN,     BODY_MAX_BYTES},

    {"POST",   "/api/sessions",             post_session,           ACCESS_PUBLIC,  RATE_LOGIN,     BODY_MAX_BYTES},
    {"GET",    "/api/sessions",             get_sessions,           ACCESS_ACCOUNT, RATE_READ,      0},
    {"DELETE", "/api/sessions",             delete_sessions,        ACCESS_ACCOUNT, RATE_WRITE,     0},
    {"DELETE", "/api/sessions/{id}",        delete_session,         ACCESS_ACCOUNT, RATE_WRITE,     0},
    {"DELETE", "/api/sessions/current",     delete_current_session, ACCESS_ACCOUNT, RATE_WRITE,     0},

    {"POST",   "/api/tokens",               post_token,             ACCESS_ACCOUNT, RATE_WRITE,     BODY_MAX_BYTES},
    {"GET",    "/api/tokens",               get_tokens,             ACCESS_ACCOUNT, RATE_READ,      0},
    {"DELETE", "/api/tokens/{id}",          delete_token,           ACCESS_ACCOUNT, RATE_WRITE,     0},

    {"POST",   "/api/invites",              post_invite,            ACCESS_ADMIN,   RATE_WRITE,     BODY_MAX_BYTES},
    {"GET",    "/api/invites",              get_invites,            ACCESS_ADMIN,   RATE_READ,      0},
    {"DELETE", "/api/invites/{id}",         delete_invite,          ACCESS_ADMIN,   RATE_WRITE,     0},

    {"*",      "/api/media",                forward_to_media,       ACCESS_ACCOUNT, RATE_BY_METHOD, MEDIA_BODY_MAX_BYTES},
    {"*",      "/api/media/batch",          forward_to_media,       ACCESS_ACCOUNT, RATE_BY_METHOD, BATCH_BODY_MAX_BYTES},
    {"*",      "/api/media/{rest...}",      forward_to_media,       ACCESS_ACCOUNT, RATE_BY_METHOD, MEDIA_BODY_MAX_BYTES},
    {"*",      "/api/events",               forward_to_media,       ACCESS_ACCOUNT, RATE_BY_METHOD, MEDIA_BODY_MAX_BYTES},
    {"*",      "/api/events/{id}/codes",    forward_to_media,       ACCESS_ACCOUNT, RATE_BY_METHOD, CODES_BODY_MAX_BYTES},
    {"*",      "/api/events/{id}/codes/{code_id}", forward_to_media, ACCESS_ACCOUNT, RATE_BY_METHOD, CODES_BODY_MAX_BYTES},
    {"*",      "/api/events/{rest...}",     forward_to_media,       ACCESS_ACCOUNT, RATE_BY_METHOD, MEDIA_BODY_MAX_BYTES},

    {"GET",    "/api/updates",              get_updates,            ACCESS_ACCOUNT, RATE_READ,      0},

    {"POST",   "/api/guest/{account}/{slug}/access",      forward_to_guest, ACCESS_PUBLIC, RATE_CODE, BODY_MAX_BYTES},
    {"DELETE", "/api/guest/{account}/{slug}/access",      forward_to_guest, ACCESS_PUBLIC, RATE_WRITE, 0},
    {"GET",    "/api/guest/{account}/{slug}",             forward_to_guest, ACCESS_GUEST,  RATE_READ, 0},
    {"GET",    "/api/guest/{account}/{slug}/photos/{id}", forward_to_guest, ACCESS_GUEST,  RATE_READ, 0},
    {"GET",    "/api/guest/{account}/{slug}/zip",         forward_to_guest, ACCESS_GUEST,  RATE_READ, 0},
    {"POST",   "/api/guest/{account}/{slug}/selections",  forward_to_guest, ACCESS_GUEST,  RATE_WRITE, SELECTION_BODY_MAX_BYTES},

    {"GET",    "/api/openapi.yaml",         get_page,               ACCESS_PUBLIC,  RATE_READ,      0},
    {"GET",    "/api/docs",                 get_page,               ACCESS_PUBLIC,  RATE_READ,      0},
    {"GET",    "/",                         get_page,               ACCESS_PUBLIC,  RATE_READ,      0},
    {"GET",    "/signup",                   get_page,               ACCESS_PUBLIC,  RATE_READ,      0},
    {"GET",    "/login",                    get_page,               ACCESS_PUBLIC,  RATE_READ,      0},
    {"GET",    "/account",                  get_page,               ACCESS_PUBLIC,  RATE_READ,      0},
    {"GET",    "/admin",                    get_page,               ACCESS_PUBLIC,  RATE_READ,      0},
    {"GET",    "/events",                   get_page,               ACCESS_PUBLIC,  RATE_READ,      0},
    {"GET",    "/events/{id}",              get_event_page,         ACCESS_PUBLIC,  RATE_READ,      0},
    {"GET",    "/assets/{file...}",         get_page,               ACCESS_PUBLIC,  RATE_READ,      0},
    {"GET",    "/favicon.ico",              get_page,               ACCESS_PUBLIC,  RATE_READ,      0},
    {"GET",    "/robots.txt",               get_page,               ACCESS_PUBLIC,  RATE_READ,      0},
    {"GET",    "/{account}/{slug}",         get_guest_page,         ACCESS_PUBLIC,  RATE_READ,      0},
};
/* clang-format on */

static void add(struct http_gateway *gateway, size_t *n, const struct http_route *route)
{
    assert(*n < HTTP_GATEWAY_ROUTES_MAX - 1); /* the last one ends the table */
    gateway->routes[(*n)++] = *route;
}

static bool has_preflight(const struct http_gateway *gateway, size_t n, const char *path)
{
    for (size_t i = 0; i < n; i++) {
        const struct http_route *route = &gateway->routes[i];
        if (route->handler == door_preflight && strcmp(route->path, path) == 0)
            return true;
    }
    return false;
}

void http_gateway_init(struct http_gateway *gateway)
{
    size_t n = 0;
    for (size_t i = 0; i < PR_COUNT(table); i++) {
        const struct gateway_route *route = &table[i];
        add(gateway, &n,
            &(struct http_route){route->method, route->path, door_enter, HTTP_PUBLIC,
                                 route->max_body_bytes, route});
        if (pr_str_has_prefix(pr_str(route->path), api) && !has_preflight(gateway, n, route->path))
            add(gateway, &n,
                &(struct http_route){"OPTIONS", route->path, door_preflight, HTTP_PUBLIC, 0, NULL});
    }
    add(gateway, &n,
        &(struct http_route){"*", below_api, get_nothing, HTTP_PUBLIC, MEDIA_BODY_MAX_BYTES, NULL});
    gateway->routes[n] = (struct http_route){0};
}
