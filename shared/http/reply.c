#include "shared/http/request.h"

#include "shared/base/alloc.h"
#include "shared/base/utf8.h"

#include <assert.h>

const char *reply_reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {206, "Partial Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {416, "Range Not Satisfiable"},
        {417, "Expectation Failed"},
        {422, "Unprocessable Content"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
    };
    for (size_t i = 0; i < PR_COUNT(reasons); i++) {
        if (reasons[i].status == status)
            return reasons[i].reason;
    }
    return "Unknown";
}

static bool never_has_body(int status)
{
    return status < 200 || status == 204 || status == 304;
}

bool reply_is_bodyless(const struct http_request *req, int status)
{
    return never_has_body(status) || pr_str_is(http_req_method(req), "HEAD");
}

static bool has_header(const h2o_headers_t *headers, const h2o_iovec_t *name)
{
    for (size_t i = 0; i < headers->size; i++) {
        const h2o_iovec_t *there = headers->entries[i].name;
        if (there == name ||
            (there->len == name->len && memcmp(there->base, name->base, name->len) == 0))
            return true;
    }
    return false;
}

bool reply_has_header(const struct http_request *req, const h2o_token_t *name)
{
    return has_header(&req->h2o->res.headers, &name->buf);
}

static void add_servers_headers(const struct http_server *server, h2o_req_t *h2o)
{
    h2o_headers_t *headers = &h2o->res.headers;
    h2o_vector_reserve(&h2o->pool, headers, headers->size + server->headers_count);
    for (size_t i = 0; i < server->headers_count; i++) {
        if (!has_header(headers, server->headers[i].name))
            headers->entries[headers->size++] = server->headers[i];
    }
}

void reply_head(struct http_request *req, int status, size_t content_length)
{
    h2o_req_t *h2o = req->h2o;
    struct pr_str id = http_req_id(req);
    h2o->res.status = status;
    h2o->res.reason = reply_reason(status);
    h2o->res.content_length = content_length;
    h2o_add_header_by_str(&h2o->pool, &h2o->res.headers, H2O_STRLIT("x-request-id"), 0, NULL, id.p,
                          id.n);
    add_servers_headers(req->server, h2o);
    if (req->server->closing)
        h2o->http1_is_persistent = 0;
}

bool header_text_plain(struct pr_str text)
{
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = (uint8_t)text.p[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

void http_reply_header(struct http_request *req, const char *name, struct pr_str value)
{
    if (!req->h2o)
        return;
    if (!header_text_plain(value)) {
        log_at(LOG_ERROR, "answer's header has control characters", LOG_TEXT("header", name));
        return;
    }
    h2o_iovec_t copy = h2o_strdup(&req->h2o->pool, value.p, value.n);
    h2o_add_header_by_str(&req->h2o->pool, &req->h2o->res.headers, name, strlen(name), 1, NULL,
                          copy.base, copy.len);
}

void reply_header_copied(struct http_request *req, struct pr_str lower_name, struct pr_str value)
{
    if (!req->h2o)
        return;
    h2o_mem_pool_t *pool = &req->h2o->pool;
    h2o_iovec_t copy = h2o_strdup(pool, value.p, value.n);
    const h2o_token_t *token = h2o_lookup_token(lower_name.p, lower_name.n);
    if (token) {
        h2o_add_header(pool, &req->h2o->res.headers, token, NULL, copy.base, copy.len);
        return;
    }
    h2o_iovec_t name = h2o_strdup(pool, lower_name.p, lower_name.n);
    h2o_add_header_by_str(pool, &req->h2o->res.headers, name.base, name.len, 0, NULL, copy.base,
                          copy.len);
}

bool reply_disown(struct http_request *req)
{
    assert(req->owned);
    req->owned = false;
    if (req->h2o)
        return true;
    request_release(req);
    return false;
}

void reply_borrowed(struct http_request *req, int status, struct pr_str body)
{
    static h2o_generator_t whole = {NULL, NULL};
    h2o_req_t *h2o = req->h2o;
    h2o_iovec_t buf = {(char *)(uintptr_t)body.p, body.n};
    reply_head(req, status, never_has_body(status) ? SIZE_MAX : body.n);
    bool bare = body.n == 0 || reply_is_bodyless(req, status);
    h2o_start_response(h2o, &whole);
    h2o_send(h2o, &buf, bare ? 0 : 1, H2O_SEND_STATE_FINAL);
}

void http_reply(struct http_request *req, int status, const char *content_type, struct pr_str body)
{
    if (!reply_disown(req))
        return;
    h2o_req_t *h2o = req->h2o;
    h2o_add_header(&h2o->pool, &h2o->res.headers, H2O_TOKEN_CONTENT_TYPE, NULL, content_type,
                   strlen(content_type));
    h2o_iovec_t copy = h2o_strdup(&h2o->pool, body.p, body.n);
    reply_borrowed(req, status, pr_str_n(copy.base, copy.len));
}

void http_reply_empty(struct http_request *req, int status)
{
    if (reply_disown(req))
        reply_borrowed(req, status, pr_str_n(NULL, 0));
}

void http_reply_json(struct http_request *req, int status, json_t *body)
{
    static char text[65536]; /* most answers fit, and are written once */
    size_t n = json_dumpb(body, text, sizeof text, JSON_COMPACT);
    struct pr_str written = {text, n};
    if (n > sizeof text) {
        char *large = pr_arena_alloc(&req->arena, n);
        json_dumpb(body, large, n, JSON_COMPACT);
        written.p = large;
    }
    json_decref(body);
    if (n == 0)
        http_reply_error(req, PR_ERR_INTERNAL);
    else
        http_reply(req, status, "application/json", written);
}

/* A text that was cut to its array may end within a character. */
static json_t *text_of(const char *text)
{
    struct pr_str s = pr_str(text);
    for (unsigned cut = 0; cut < 4 && s.n > 0; cut++, s.n--) {
        if (pr_utf8_valid(s))
            return json_stringn(s.p, s.n);
    }
    return NULL;
}

struct pr_str reply_problem_json(struct http_request *req, int status, const char *title,
                                 const char *field, const char *detail)
{
    json_t *problem =
        json_pack("{s:s, s:s, s:i}", "type", "about:blank", "title", title, "status", status);
    if (detail && *detail)
        json_object_set_new(problem, "detail", text_of(detail));
    if (field && *field)
        json_object_set_new(problem, "field", text_of(field));
    json_object_set_new(problem, "request_id", json_string(req->context.request_id));
    size_t n = json_dumpb(problem, NULL, 0, JSON_COMPACT);
    char *text = pr_arena_alloc(&req->arena, n);
    json_dumpb(problem, text, n, JSON_COMPACT);
    json_decref(problem);
    return pr_str_n(text, n);
}

void reply_problem(struct http_request *req, int status, const char *title, const char *field,
                   const char *detail)
{
    if (status == 401)
        http_reply_header(req, "www-authenticate", pr_str("Bearer"));
    if (status == 503) /* what is away, or full, seldom is for long */
        http_reply_header(req, "retry-after", pr_str("1"));
    http_reply(req, status, "application/problem+json",
               reply_problem_json(req, status, title, field, detail));
}

void http_reply_fault(struct http_request *req, const struct pr_fault *fault)
{
    reply_problem(req, pr_err_status(fault->err), pr_err_text(fault->err), fault->field,
                  fault->detail);
}

void http_reply_error(struct http_request *req, enum pr_err err)
{
    reply_problem(req, pr_err_status(err), pr_err_text(err), NULL, NULL);
}
