#include "services/gateway/adapters/cors.h"

static bool is_allowed(const struct origins *allowed, const struct http_request *req)
{
    return allowed->n > 0 && origins_have(allowed, http_req_header(req, "origin"));
}

static void name_origin(const struct origins *allowed, struct http_request *req)
{
    if (allowed->n > 0)
        http_reply_header(req, "vary", pr_str("origin"));
    if (is_allowed(allowed, req))
        http_reply_header(req, "access-control-allow-origin", http_req_header(req, "origin"));
}

void cors_allow(const struct origins *allowed, struct http_request *req)
{
    name_origin(allowed, req);
    if (is_allowed(allowed, req))
        http_reply_header(req, "access-control-expose-headers",
                          pr_str("x-request-id, ratelimit-limit, ratelimit-remaining, "
                                 "ratelimit-reset, retry-after, idempotent-replayed, etag, "
                                 "accept-ranges, content-range, content-disposition"));
}

void cors_answer_preflight(const struct origins *allowed, struct http_request *req)
{
    name_origin(allowed, req);
    if (is_allowed(allowed, req)) {
        http_reply_header(req, "access-control-allow-methods",
                          pr_str("GET, HEAD, POST, PUT, PATCH, DELETE"));
        http_reply_header(req, "access-control-allow-headers",
                          pr_str("authorization, content-type, idempotency-key, if-none-match, "
                                 "if-range, range, traceparent, x-request-id"));
        http_reply_header(req, "access-control-max-age", pr_str("600"));
    }
    http_reply_empty(req, 204);
}
