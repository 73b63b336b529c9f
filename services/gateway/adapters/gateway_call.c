#include "services/gateway/adapters/gateway_call.h"

#include "services/gateway/adapters/cookie.h"
#include "services/gateway/adapters/http_gateway.h"

#include <stdio.h>

const struct gateway_deps *call_deps(const struct gateway_call *call)
{
    return call->gateway->deps;
}

bool call_is_anonymous(const struct gateway_call *call)
{
    return call->route->access == ACCESS_PUBLIC || call->route->access == ACCESS_GUEST;
}

bool call_changes_something(const struct gateway_call *call)
{
    struct pr_str method = http_req_method(call->req);
    return !pr_str_is(method, "GET") && !pr_str_is(method, "HEAD");
}

void call_count(struct gateway_call *call, const struct limit_verdict *verdict)
{
    const struct limit_verdict *nearest = &call->nearest;
    if (!nearest->rate ||
        (nearest->allowed && (!verdict->allowed || verdict->remaining < nearest->remaining)))
        call->nearest = *verdict;
}

static int64_t seconds(int64_t ms)
{
    return (ms + 999) / 1000;
}

static void tell_number(struct gateway_call *call, const char *name, int64_t value)
{
    char text[24];
    int n = snprintf(text, sizeof text, "%lld", (long long)value);
    http_reply_header(call->req, name, pr_str_n(text, (size_t)n));
}

void call_tell_limits(struct gateway_call *call)
{
    const struct limit_verdict *nearest = &call->nearest;
    if (!nearest->rate)
        return;
    tell_number(call, "ratelimit-limit", nearest->rate->count);
    tell_number(call, "ratelimit-remaining", nearest->remaining);
    tell_number(call, "ratelimit-reset", seconds(nearest->reset_ms));
    if (!nearest->allowed)
        tell_number(call, "retry-after", seconds(nearest->retry_ms > 0 ? nearest->retry_ms : 1));
}

static bool is_https(const struct gateway_call *call)
{
    return origin_is_https(&call->gateway->config->public);
}

bool call_session(const struct gateway_call *call, struct pr_str *secret)
{
    return secret_from_cookie(http_req_header(call->req, "cookie"), cookie_name(is_https(call)),
                              SECRET_SESSION, secret);
}

bool call_guest_token(const struct gateway_call *call, struct pr_str *token)
{
    struct pr_str authorization = http_req_header(call->req, "authorization");
    return authorization.p
               ? secret_from_authorization(authorization, SECRET_GUEST, token)
               : secret_from_cookie(http_req_header(call->req, "cookie"),
                                    guest_cookie_name(is_https(call)), SECRET_GUEST, token);
}

bool call_secret(const struct gateway_call *call, struct pr_str *secret)
{
    struct pr_str authorization = http_req_header(call->req, "authorization");
    return authorization.p ? secret_from_authorization(authorization, SECRET_TOKEN, secret)
                           : call_session(call, secret);
}

void call_set_cookie(struct gateway_call *call, const char *secret)
{
    char text[COOKIE_MAX];
    cookie_format(is_https(call), secret, call_deps(call)->session_ttl_ms / 1000, text);
    http_reply_header(call->req, "set-cookie", pr_str(text));
}

void call_reply_json(struct gateway_call *call, int status, json_t *body)
{
    call_tell_limits(call);
    http_reply_json(call->req, status, body);
}

void call_reply_created(struct gateway_call *call, json_t *body, bool replayed)
{
    if (replayed)
        http_reply_header(call->req, "idempotent-replayed", pr_str("true"));
    call_reply_json(call, 201, body);
}

void call_reply_empty(struct gateway_call *call)
{
    call_tell_limits(call);
    http_reply_empty(call->req, 204);
}

void call_reply_fault(struct gateway_call *call, const struct pr_fault *fault)
{
    call_tell_limits(call);
    http_reply_fault(call->req, fault);
}

void call_reply_error(struct gateway_call *call, enum pr_err err)
{
    call_tell_limits(call);
    http_reply_error(call->req, err);
}

void call_reply_done(void *call, enum pr_err err)
{
    if (err)
        call_reply_error(call, err);
    else
        call_reply_empty(call);
}

void call_reply_forbidden(struct gateway_call *call, const char *detail)
{
    struct pr_fault fault;
    (void)pr_fault_set(&fault, PR_ERR_FORBIDDEN, "", "%s", detail);
    call_reply_fault(call, &fault);
}
