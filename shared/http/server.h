/* server: HTTP/1.1 (libh2o on the loop): a table of routes, bounded requests, problem details.
 *
 * A handler gets a request that stays valid until it is answered: exactly one http_reply_…(), now
 * or later. When the client has left meanwhile the answer is dropped silently. Every request has an
 * id (taken from x-request-id when that is plain, else made) and a W3C trace context; both are
 * current in the log while the handler runs, and x-request-id is in every answer. Errors are RFC
 * 9457 problem details. One access line is logged for each request. */
#pragma once

#include "shared/base/arena.h"
#include "shared/base/buf.h"
#include "shared/base/done.h"
#include "shared/base/work.h"
#include "shared/http/header.h"
#include "shared/http/identity.h"
#include "shared/log/log.h"

#include <jansson.h>
#include <uv.h>

struct http_request;
typedef void (*http_handler_fn)(void *arg, struct http_request *req);

enum http_auth {
    HTTP_PUBLIC,   /* anybody */
    HTTP_IDENTITY, /* a valid identity header, else 401 */
    HTTP_CLIENT,   /* the gateway vouches for the client's address (client_seal.h), else 401 */
};

/* A path is literal segments and {names}, and may end in {name...}, which takes the rest with its
 * slashes. Literal beats {name} beats {name...}. Another method on a known path is 405 with Allow.
 * HEAD is served by GET routes. method "*" takes any. A table ends with a NULL method. */
struct http_route {
    const char *method;
    const char *path;
    http_handler_fn handler;
    enum http_auth auth;
    size_t max_body_bytes; /* 0: a body is refused; more is 413, unread if above every route's */
    const void *data;      /* for the handler: http_req_route(req)->data */
};

struct http_server_options {
    const char *listen; /* "127.0.0.1:8080" or "[::1]:8080"; port 0: a free one */
    const struct http_route *routes;
    void *arg;                     /* for the handlers */
    struct pr_str identity_secret; /* copied; empty: only HTTP_PUBLIC routes do not answer 401 */
    const struct pr_clock *clock;
    unsigned max_connections;
    unsigned max_connections_per_address; /* an IPv6 /64 counts as one; 0: no such limit */

    /* Networks whose requests tell the client's address ("127.0.0.1/32, 10.0.0.0/8, ::1/128"), in
     * Forwarded (RFC 7239) or X-Forwarded-For: the last address there that is not itself of these
     * networks. Where there is none, or the two headers disagree, it is the peer's. They are exempt
     * from the limit by address. NULL or "": none. */
    const char *trusted_proxies;

    /* In every answer, also in those the server gives itself, unless the answer has one of the
     * name already. Borrowed; ended by an empty name. NULL: none. */
    const struct http_header *headers;

    /* From the first byte of a request to its last, and from an answer to the next request. 0: 10 s
     */
    unsigned request_timeout_ms;
};

struct http_server;
/* NULL (and a line in the log) when the address cannot be listened on, or trusted_proxies is no
 * list of networks. */
struct http_server *http_server_create(uv_loop_t *loop, const struct http_server_options *options);
unsigned http_server_port(const struct http_server *server);
/* Accepts no more, lets running requests end, closes idle connections, then calls closed. */
void http_server_close(struct http_server *server, void (*closed)(void *arg), void *arg);

/* All views live until the reply. */
const struct http_route *http_req_route(const struct http_request *req);
struct pr_str http_req_method(const struct http_request *req);
struct pr_str http_req_path(const struct http_request *req); /* as sent, without the query */
struct pr_str http_req_query_string(const struct http_request *req);
struct pr_str http_req_param(const struct http_request *req, const char *name); /* decoded {name} */
bool http_req_query(const struct http_request *req, const char *name,
                    struct pr_str *out); /* decoded; the first of that name */
struct pr_str http_req_header(const struct http_request *req,
                              const char *name); /* lower case name */
struct pr_str http_req_body(const struct http_request *req);
/* The client's address, without port: as the connection, or a trusted proxy, tells; on HTTP_CLIENT
 * routes, as the gateway does. */
struct pr_str http_req_client(const struct http_request *req);
/* For limits: the address, of IPv6 the network of 64 bits alone ("2001:db8::/64"). */
struct pr_str http_req_client_network(const struct http_request *req);
struct pr_str http_req_id(const struct http_request *req);
struct pr_str http_req_traceparent(const struct http_request *req); /* ours, for the next hop */
const struct identity *
http_req_identity(const struct http_request *req);         /* NULL on public routes */
struct pr_arena *http_req_arena(struct http_request *req); /* lives as long as the request */

/* The body as a JSON object (content type application/json, at most 16 deep, UTF-8, no key twice);
 * otherwise the fault is set and NULL returned. The caller decrefs. */
json_t *http_req_json(struct http_request *req, struct pr_fault *fault);

/* The header Idempotency-Key: 1 to 255 visible ASCII characters, else the fault (400, field
 * idempotency-key) is set and false returned; out->given is false when there is none. The request's
 * hash is keyed with the server's identity secret (its body may hold a password) and covers method,
 * target and body. */
bool http_req_idempotency(const struct http_request *req, struct idempotency *out,
                          struct pr_fault *fault);

/* Before the reply. name is static and lower case, value copied; one with control characters is
 * left out and logged. */
void http_reply_header(struct http_request *req, const char *name, struct pr_str value);

void http_reply(struct http_request *req, int status, const char *content_type, struct pr_str body);
void http_reply_json(struct http_request *req, int status, json_t *body); /* takes body */
void http_reply_empty(struct http_request *req, int status);
void http_reply_fault(struct http_request *req, const struct pr_fault *fault);
void http_reply_error(struct http_request *req,
                      enum pr_err err); /* a fault without field or detail */

/* A streamed answer. Each piece is copied; sent is called when the next one may come (one at a
 * time), or with PR_ERR_UNAVAILABLE when the client has left (or asked for the head alone): then
 * nothing more may be written and the request is gone. An empty first piece sends the head. The
 * last piece ends it, and its sent (whose fn may be NULL) is called at once. content_length -1:
 * chunked. An abort cuts the connection, so that the client sees a broken answer, never a short
 * one; so does a last piece that leaves the promised length unfilled. A client that left is noticed
 * only when something is written, or asked (http_req_client_left).
 */
void http_reply_start(struct http_request *req, int status, int64_t content_length);
void http_reply_write(struct http_request *req, struct pr_str piece, bool last,
                      struct pr_done sent);
void http_reply_abort(struct http_request *req);

/* The client has closed his side of the connection. For who streams, and would otherwise notice at
 * the next piece. */
bool http_req_client_left(const struct http_request *req);
