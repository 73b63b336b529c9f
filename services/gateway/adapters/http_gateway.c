#include "services/gateway/adapters/http_gateway.h"

#include "shared/base/alloc.h"

#define BODY_MAX_BYTES ((size_t)65536)

static const struct pr_str api_prefix = PR_STR("/api");

/* A request that waits to be known. */
struct call {
    struct http_request *req;
    struct http_upstream *upstream;
};

static void authenticated(void *arg, enum pr_err err, const char *identity)
{
    struct call *call = arg;
    if (err) {
        http_reply_error(call->req, err);
    } else {
        struct pr_str path = http_req_path(call->req);
        struct http_header header = {pr_str(IDENTITY_HEADER), pr_str(identity)};
        http_forward(call->upstream, call->req,
                     pr_str_n(path.p + api_prefix.n, path.n - api_prefix.n), &header, 1);
    }
    free(call);
}

static void forward_media(void *arg, struct http_request *req)
{
    struct http_gateway *gateway = arg;
    struct call *call = PR_NEW(struct call);
    *call = (struct call){req, gateway->media};
    authenticate(gateway->deps, http_req_header(req, "authorization"), authenticated, call);
}

const struct http_route http_gateway_routes[] = {
    {"*", "/api/media", forward_media, HTTP_PUBLIC, BODY_MAX_BYTES, NULL},
    {"*", "/api/media/{rest...}", forward_media, HTTP_PUBLIC, BODY_MAX_BYTES, NULL},
    {NULL, NULL, NULL, HTTP_PUBLIC, 0, NULL},
};
