/* request: what the server keeps of a request and of a connection; for this folder only.
 *
 * A request has two holders: h2o, until its answer is out or the client has left, and its owner
 * (the handler, or whom it gave the request), until it replied. It is freed when both are through:
 *
 *                     owner replies              answer sent
 *     h2o + owner  ------------------>  h2o  ------------------> freed
 *          |           client left               owner replies
 *          +--------------------------> owner ------------------> freed (the answer is dropped)
 */
#pragma once

#include "shared/http/client_address.h"
#include "shared/http/crowd.h"
#include "shared/http/router.h"
#include "shared/http/server.h"
#include "shared/http/trace.h"
#include "shared/http/uri.h"

#include <h2o.h>
#include <h2o/http1.h>

#define REQUEST_HEAD_MAX 16384  /* bytes of a request's head */
#define REQUEST_TARGET_MAX 8192 /* of its path and query */

struct refusal;

struct client {
    char address[ADDRESS_TEXT], network[NETWORK_TEXT];
};

struct connection {
    uv_tcp_t tcp;
    struct http_server *server;
    h2o_socket_t *sock;
    struct connection *prev, *next;
    struct refusal *refusal; /* that lingers, or NULL */
    bool busy;               /* a request is being answered */
    bool counted;            /* among those served; not when it is refused, or gives way */
    struct client peer;
    bool trusted;              /* the peer is a proxy that may name the client */
    struct crowd_group *group; /* it counts in; NULL: none */
};

struct http_server {
    uv_loop_t *loop;
    uv_tcp_t listener;
    h2o_globalconf_t config;
    h2o_context_t context;
    h2o_accept_ctx_t accept;
    struct router *router;
    struct pr_str identity_secret;
    const struct pr_clock *clock;
    void *handler_arg;
    struct connection *connections;
    unsigned connections_count; /* also of those that are being closed */
    unsigned served_count, served_max;
    struct crowd *crowd; /* of connections by address; NULL: no such limit */
    struct networks trusted;
    h2o_header_t *headers; /* in every answer */
    h2o_iovec_t *header_names;
    size_t headers_count;
    bool closing, listener_closed;
    void (*closed)(void *arg);
    void *closed_arg;
};

struct http_request {
    h2o_req_t *h2o; /* NULL: the client has left */
    struct http_server *server;
    struct connection *connection;
    struct client client;
    struct router_match match; /* route is NULL when there is none */
    struct pr_str path, query_string;
    struct query *query;
    struct identity identity;
    struct log_context context;
    char traceparent[TRACEPARENT_BYTES + 1];
    struct pr_arena arena;
    int64_t start_ns;
    bool owned;
    unsigned holds; /* by our own code that still needs it */

    /* A streamed answer. */
    h2o_generator_t generator;
    struct pr_done sent; /* fn is NULL: nothing is on its way */
    bool started, head_sent, chunked, bodyless;
    int64_t length_left; /* of the promised length; -1: none was */
    char *piece;         /* the copy that is being sent */
    size_t piece_size;
    char chunk_head[24];
};

static inline struct pr_str str_of(h2o_iovec_t v)
{
    return pr_str_n(v.base, v.len);
}

/* request.c */
int request_begin(h2o_handler_t *handler, h2o_req_t *h2o);
struct http_request *request_create(struct http_server *server, h2o_req_t *h2o);
void request_release(struct http_request *req); /* frees it when nobody holds it */

/* reply.c */
const char *reply_reason(int status); /* RFC 9110 */
struct pr_str reply_problem_json(struct http_request *req, int status, const char *title,
                                 const char *field, const char *detail); /* in the arena */
void reply_problem(struct http_request *req, int status, const char *title, const char *field,
                   const char *detail);
/* The owner lets go; true when there is still somebody to answer. */
bool reply_disown(struct http_request *req);
/* To a disowned one; the body lives as long as h2o's request, or as ours. */
void reply_borrowed(struct http_request *req, int status, struct pr_str body);
/* The last of the headers. content_length: SIZE_MAX writes none. */
void reply_head(struct http_request *req, int status, size_t content_length);
bool reply_has_header(const struct http_request *req, const h2o_token_t *name);
bool reply_is_bodyless(const struct http_request *req, int status); /* RFC 9110 section 6.4.1 */
/* No control characters but tabs: nothing that ends its line. */
bool header_text_plain(struct pr_str text);
void reply_header_copied(struct http_request *req, struct pr_str lower_name, struct pr_str value);

/* refusal.c */
void refusal_register(struct http_server *server, h2o_pathconf_t *pathconf);

/* server.c */
void server_request_ended(struct connection *connection);
