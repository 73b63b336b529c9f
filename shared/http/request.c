#include "shared/http/request.h"

#include "shared/base/alloc.h"
#include "shared/base/time.h"
#include "shared/http/client_seal.h"
#include "shared/http/picohttp.h"
#include "shared/metrics/metrics.h"

struct handler {
    h2o_handler_t super;
    struct http_server *server;
};

static struct metric requests_total = {
    .name = "pierrot_http_requests_total",
    .help = "Requests answered.",
    .kind = METRIC_COUNTER,
    .labels = {"route", "method", "status"},
};

static struct metric request_seconds = {
    .name = "pierrot_http_request_seconds",
    .help = "From a whole request to the end of its answer.",
    .kind = METRIC_HISTOGRAM,
    .labels = {"route"},
};

/* A metric's label must come from a bounded set. */
static const char *method_label(struct pr_str method)
{
    static const char *const known[] = {"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"};
    for (unsigned i = 0; i < PR_COUNT(known); i++) {
        if (pr_str_is(method, known[i]))
            return known[i];
    }
    return "other";
}

static bool is_probe(struct pr_str path)
{
    return pr_str_is(path, "/healthz") || pr_str_is(path, "/readyz") ||
           pr_str_is(path, "/metrics") || pr_str_is(path, "/debug/vars");
}

static void tell_end(struct http_request *req)
{
    const h2o_req_t *h2o = req->h2o;
    const char *route = req->match.route ? req->match.route->path : "none";
    struct pr_str method = str_of(h2o->input.method);
    double seconds = (double)(pr_monotonic_ns() - req->start_ns) / 1e9;
    char status[12];
    snprintf(status, sizeof status, "%d", h2o->res.status);
    metric_add(&requests_total, 1, (const char *const[]){route, method_label(method), status});
    metric_observe(&request_seconds, seconds, (const char *const[]){route});
    const struct log_context *outer = log_context_enter(&req->context);
    log_at(is_probe(req->path) ? LOG_DEBUG : LOG_INFO, "request", LOG_STR("method", method),
           LOG_TEXT("route", route), LOG_STR("path", req->path), LOG_INT("status", h2o->res.status),
           LOG_INT("bytes", h2o->bytes_sent), LOG_NUM("duration_ms", seconds * 1e3),
           LOG_TEXT("client", req->client.address));
    log_context_enter(outer);
}

void request_release(struct http_request *req)
{
    if (req->h2o || req->owned || req->holds > 0)
        return;
    pr_arena_fini(&req->arena);
    free(req->piece);
    free(req);
}

/* h2o forgets its request: the answer is out, or the client has left. */
static void h2o_forgets(void *guard)
{
    struct http_request *req = *(struct http_request **)guard;
    tell_end(req);
    req->h2o = NULL;
    server_request_ended(req->connection);
    request_release(req);
}

static void read_forwarded(const struct http_request *req, struct forwarded *forwarded,
                           struct forwarded *x_forwarded_for)
{
    const h2o_headers_t *headers = &req->h2o->headers;
    const struct networks *trusted = &req->server->trusted;
    for (size_t i = 0; i < headers->size; i++) {
        const h2o_header_t *header = &headers->entries[i];
        if (header->name == &H2O_TOKEN_X_FORWARDED_FOR->buf)
            x_forwarded_for_read(x_forwarded_for, trusted, str_of(header->value));
        else if (pr_str_is(str_of(*header->name), "forwarded"))
            forwarded_read(forwarded, trusted, str_of(header->value));
    }
}

static void set_client(struct http_request *req, const struct address *address)
{
    struct address network = address_network(address);
    address_format(address, req->client.address);
    network_format(&network, req->client.network);
}

/* A proxy that writes one of the headers and passes the other on unread would let its clients say
 * who they are. So where both name somebody, it must be the same. */
static void find_client(struct http_request *req)
{
    struct forwarded a = {0}, b = {0};
    req->client = req->connection->peer;
    if (!req->connection->trusted)
        return;
    read_forwarded(req, &a, &b);
    if (a.state == FORWARDED_NOTHING)
        a = b;
    bool disagree = b.state != FORWARDED_NOTHING &&
                    (b.state != a.state || memcmp(&a.client, &b.client, sizeof a.client) != 0);
    if (a.state != FORWARDED_CLIENT || disagree)
        return;
    set_client(req, &a.client);
}

struct http_request *request_create(struct http_server *server, h2o_req_t *h2o)
{
    struct http_request *req = PR_NEW(struct http_request);
    struct http_request **guard = h2o_mem_alloc_shared(&h2o->pool, sizeof *guard, h2o_forgets);
    struct trace trace;
    *guard = req;
    req->h2o = h2o;
    req->server = server;
    req->connection = h2o->conn->callbacks->get_socket(h2o->conn)->on_close.data;
    req->connection->busy = true;
    find_client(req);
    req->start_ns = pr_monotonic_ns();
    pr_str_cut(str_of(h2o->input.path), '?', &req->path, &req->query_string);
    trace_continue(http_req_header(req, "traceparent"), &trace);
    trace_format(&trace, req->traceparent);
    memcpy(req->context.trace_id, trace.trace_id, sizeof trace.trace_id);
    memcpy(req->context.span_id, trace.span_id, sizeof trace.span_id);
    struct pr_str id = http_req_header(req, "x-request-id");
    pr_str_copy(request_id_valid(id) ? id : pr_str(trace.trace_id), req->context.request_id,
                sizeof req->context.request_id);
    return req;
}

/* RFC 3986 section 3.2.2, with a port; what has other characters is nobody's name. */
static bool is_host(struct pr_str host)
{
    for (size_t i = 0; i < host.n; i++) {
        char c = host.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && (c == 0 || !strchr("-._~!$&'()*+,;=%:[]", c)))
            return false;
    }
    return true;
}

/* RFC 9112 sections 3.2 and 6.3. h2o drops these headers after it used them, and forgives too much:
 * it takes the first of two lengths, and a length beside a transfer-encoding, where the next reader
 * in the chain may take the other. The head is still what its input begins with. */
static const char *framing_fault(const h2o_req_t *h2o, size_t *head_size)
{
    const h2o_buffer_t *input = h2o->conn->callbacks->get_socket(h2o->conn)->input;
    struct phr_header headers[H2O_MAX_HEADERS];
    size_t count = PR_COUNT(headers), method_n, path_n;
    const char *method, *path;
    int minor;
    unsigned hosts = 0, lengths = 0, encodings = 0;
    int n = phr_parse_request(input->bytes, input->size, &method, &method_n, &path, &path_n, &minor,
                              headers, &count, 0);
    if (n < 0)
        return "the head cannot be read";
    *head_size = (size_t)n;
    for (size_t i = 0; i < count; i++) {
        struct pr_str name = pr_str_n(headers[i].name, headers[i].name_len);
        if (!name.p || name.n == 0)
            return "a header line is folded";
        hosts += pr_str_is(name, "host");
        lengths += pr_str_is(name, "content-length");
        encodings += pr_str_is(name, "transfer-encoding");
    }
    if (hosts > 1 || (hosts == 0 && minor > 0))
        return "exactly one host header is needed";
    if (!is_host(str_of(h2o->input.authority)))
        return "the host header names no host";
    if (lengths + encodings > 1 || (encodings > 0 && minor == 0))
        return "the length of the body is ambiguous";
    return NULL;
}

static void refuse_method(struct http_request *req)
{
    http_reply_header(req, "allow", pr_str(req->match.allow));
    http_reply_error(req, PR_ERR_METHOD);
}

static bool find_route(struct http_request *req)
{
    switch (router_find(req->server->router, http_req_method(req), req->path, &req->arena,
                        &req->match)) {
    case ROUTER_FOUND:
        return true;
    case ROUTER_NO_PATH:
        http_reply_error(req, PR_ERR_NOT_FOUND);
        return false;
    case ROUTER_NO_METHOD:
        refuse_method(req);
        return false;
    case ROUTER_BAD_PATH:
        break;
    }
    reply_problem(req, 400, pr_err_text(PR_ERR_INVALID), "path", "cannot be decoded");
    return false;
}

/* Who asks, or for whom, is what the route wants to know of the gateway. */
static bool is_vouched_for(struct http_request *req)
{
    struct pr_str secret = req->server->identity_secret;
    int64_t now_ms = pr_now_ms(req->server->clock);
    struct address client;
    switch (req->match.route->auth) {
    case HTTP_PUBLIC:
        break;
    case HTTP_IDENTITY:
        return identity_verify(secret, http_req_header(req, IDENTITY_HEADER), now_ms,
                               &req->identity);
    case HTTP_CLIENT:
        if (!client_seal_verify(secret, http_req_header(req, CLIENT_SEAL_HEADER), now_ms, &client))
            return false;
        set_client(req, &client);
        break;
    }
    return true;
}

/* Answers and returns false when the request must not reach its handler. */
static bool admit(struct http_request *req)
{
    h2o_req_t *h2o = req->h2o;
    size_t head_size = 0;
    const char *fault = framing_fault(h2o, &head_size);
    if (fault) {
        h2o->http1_is_persistent = 0; /* nobody knows where the next request begins */
        reply_problem(req, 400, pr_err_text(PR_ERR_INVALID), NULL, fault);
        return false;
    }
    if (h2o->input.path.len > REQUEST_TARGET_MAX) {
        reply_problem(req, 414, reply_reason(414), NULL, NULL);
        return false;
    }
    if (head_size > REQUEST_HEAD_MAX) {
        reply_problem(req, 431, reply_reason(431), NULL, NULL);
        return false;
    }
    if (!find_route(req))
        return false;
    if (h2o->entity.len > req->match.route->max_body_bytes) {
        reply_problem(req, 413, pr_err_text(PR_ERR_TOO_LARGE), "body",
                      req->match.route->max_body_bytes ? NULL : "no body is taken here");
        return false;
    }
    if (!is_vouched_for(req)) {
        http_reply_error(req, PR_ERR_UNAUTHORIZED);
        return false;
    }
    if (req->query_string.n == 0)
        return true;
    req->query = pr_arena_alloc(&req->arena, sizeof *req->query);
    if (query_parse(&req->arena, req->query_string, req->query))
        return true;
    reply_problem(req, 400, pr_err_text(PR_ERR_INVALID), "query", "cannot be decoded");
    return false;
}

int request_begin(h2o_handler_t *handler, h2o_req_t *h2o)
{
    struct http_server *server = ((struct handler *)(void *)handler)->server;
    struct http_request *req = request_create(server, h2o);
    const struct log_context *outer = log_context_enter(&req->context);
    req->owned = true;
    req->holds++; /* keeps the log context while the handler runs */
    if (admit(req))
        req->match.route->handler(server->handler_arg, req);
    log_context_enter(outer);
    req->holds--;
    request_release(req);
    return 0;
}
