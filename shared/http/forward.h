/* forward: passes a request on to one of our own services and streams its answer back, in constant
 * memory, over connections that are kept alive.
 *
 * Forwarded are the method, the query, the body and these headers: accept, accept-language,
 * content-type, idempotency-key, if-modified-since, if-none-match, if-range, range, user-agent.
 * x-request-id and traceparent are written anew; whatever else a client sends (cookies, the headers of
 * identity.h and client_seal.h) ends here.
 *
 * The client gets 503 when the service cannot be reached, 502 when it answers nonsense or breaks
 * off before its answer began, 504 when it is too slow (2 s to connect, 30 s to begin its answer,
 * 30 s between bytes). An answer that breaks off later is cut. */
#pragma once

#include "shared/http/client.h"
#include "shared/http/server.h"

struct http_upstream;

/* address: "127.0.0.1:8081", "[::1]:8081" or "media:8081"; a name is resolved for each new
 * connection. NULL (and a line in the log) when it is none. When all connections are busy, requests
 * wait. */
struct http_upstream *http_upstream_create(uv_loop_t *loop, const char *address,
                                           unsigned max_connections);

/* Answers req, now or later. path: of the upstream, encoded, without the query. headers are added;
 * they and the path are copied. */
void http_forward(struct http_upstream *upstream, struct http_request *req, struct pr_str path,
                  const struct http_header *headers, size_t count);

/* What is under way is answered 503, or cut. */
void http_upstream_close(struct http_upstream *upstream, void (*closed)(void *arg), void *arg);
