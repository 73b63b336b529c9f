/* gateway_call: a request on its way through the gateway. It lives in the request's arena and is
 * gone with the answer: nothing of it may be touched after a call_reply_…. */
#pragma once

#include "services/gateway/adapters/rates.h"
#include "services/gateway/usecases/usecases.h"
#include "shared/http/server.h"

struct http_gateway;
struct gateway_call;

enum access {
    ACCESS_PUBLIC,  /* anybody, whatever credentials he sends */
    ACCESS_ACCOUNT, /* who is logged in, or has a token with the scope read (GET, HEAD) or write */
    ACCESS_GUEST,   /* who was let into an event: asked for by the service that answers */
    ACCESS_ADMIN,   /* administrators; of their tokens those with the scope admin */
};

typedef void (*gateway_handler_fn)(struct gateway_call *call);

/* One line of the gateway's table. A handler answers call->req exactly once, now or later, by one
 * of the functions below; one that hands it on calls call_tell_limits before. */
struct gateway_route {
    const char *method, *path; /* as of http_route */
    gateway_handler_fn handler;
    enum access access;
    enum rate_class rate;
    size_t max_body_bytes;
};

struct gateway_call {
    struct http_request *req;
    const struct http_gateway *gateway;
    const struct gateway_route *route;
    struct caller caller;               /* who asks; not on public routes */
    char identity[IDENTITY_HEADER_MAX]; /* the same, signed for the services */
    struct limit_verdict verdict;       /* of the bucket that is being asked */
    struct limit_verdict nearest;       /* of those asked, the nearest to empty; rate NULL: none */
};

const struct gateway_deps *call_deps(const struct gateway_call *call);
/* Nobody is asked who he is. */
bool call_is_anonymous(const struct gateway_call *call);
bool call_changes_something(const struct gateway_call *call); /* neither GET nor HEAD */

/* A bucket has been asked. */
void call_count(struct gateway_call *call, const struct limit_verdict *verdict);

/* RateLimit-Limit, -Remaining, -Reset of the nearest bucket, and Retry-After when it is empty. */
void call_tell_limits(struct gateway_call *call);

/* The session in the browser's cookie; false when there is none. */
bool call_session(const struct gateway_call *call, struct pr_str *secret);

/* The guest's token, of the header or the browser's cookie; false when there is none. */
bool call_guest_token(const struct gateway_call *call, struct pr_str *token);

/* What the caller shows: the token in Authorization, or else the session; false when there is none. */
bool call_secret(const struct gateway_call *call, struct pr_str *secret);

/* Another one for the browser; "" takes it away. */
void call_set_cookie(struct gateway_call *call, const char *secret);

void call_reply_json(struct gateway_call *call, int status, json_t *body); /* takes body */
void call_reply_created(struct gateway_call *call, json_t *body, bool replayed);
void call_reply_empty(struct gateway_call *call); /* 204 */
void call_reply_fault(struct gateway_call *call, const struct pr_fault *fault);
void call_reply_error(struct gateway_call *call, enum pr_err err);
void call_reply_done(void *call, enum pr_err err); /* 204 or the error: for a pr_done */
void call_reply_forbidden(struct gateway_call *call, const char *detail);
