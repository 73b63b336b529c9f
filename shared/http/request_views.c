/* What a handler asks of its request. */
#include "shared/base/utf8.h"
#include "shared/crypto/crypto.h"
#include "shared/http/json.h"
#include "shared/http/request.h"

const struct http_route *http_req_route(const struct http_request *req)
{
    return req->match.route;
}

struct pr_str http_req_method(const struct http_request *req)
{
    return str_of(req->h2o->input.method);
}

struct pr_str http_req_path(const struct http_request *req)
{
    return req->path;
}

struct pr_str http_req_query_string(const struct http_request *req)
{
    return req->query_string;
}

struct pr_str http_req_param(const struct http_request *req, const char *name)
{
    return router_param(&req->match, name);
}

bool http_req_query(const struct http_request *req, const char *name, struct pr_str *out)
{
    return req->query && query_find(req->query, name, out);
}

/* h2o keeps it elsewhere, and puts its configuration's name where there is none. */
static struct pr_str host_of(const struct http_request *req)
{
    h2o_iovec_t host = req->h2o->input.authority;
    bool given = host.base != req->server->config.hosts[0]->authority.hostport.base;
    return given ? str_of(host) : pr_str_n(NULL, 0);
}

struct pr_str http_req_header(const struct http_request *req, const char *name)
{
    const h2o_headers_t *headers = &req->h2o->headers;
    size_t n = strlen(name);
    if (strcmp(name, "host") == 0)
        return host_of(req);
    for (size_t i = 0; i < headers->size; i++) {
        const h2o_header_t *header = &headers->entries[i];
        if (header->name->len == n && memcmp(header->name->base, name, n) == 0)
            return str_of(header->value);
    }
    return pr_str_n(NULL, 0);
}

struct pr_str http_req_body(const struct http_request *req)
{
    return str_of(req->h2o->entity);
}

struct pr_str http_req_client(const struct http_request *req)
{
    return pr_str(req->client.address);
}

struct pr_str http_req_client_network(const struct http_request *req)
{
    return pr_str(req->client.network);
}

struct pr_str http_req_id(const struct http_request *req)
{
    return pr_str(req->context.request_id);
}

struct pr_str http_req_traceparent(const struct http_request *req)
{
    return pr_str(req->traceparent);
}

const struct identity *http_req_identity(const struct http_request *req)
{
    return req->match.route->auth == HTTP_IDENTITY ? &req->identity : NULL;
}

struct pr_arena *http_req_arena(struct http_request *req)
{
    return &req->arena;
}

/* So that neither a body with a password nor its hash can be tried out by who sees the database. */
static void hash_request(const struct http_request *req, uint8_t out[SHA256_BYTES])
{
    struct pr_buf text;
    uint8_t body[SHA256_BYTES];
    sha256(http_req_body(req), body);
    pr_buf_init(&text, REQUEST_TARGET_MAX + 1024);
    pr_buf_append(&text, http_req_method(req));
    pr_buf_puts(&text, " ");
    pr_buf_append(&text, str_of(req->h2o->input.path));
    pr_buf_puts(&text, "\n");
    pr_buf_append(&text, pr_str_n(body, sizeof body));
    hmac_sha256(req->server->identity_secret, pr_buf_str(&text), out);
    pr_buf_fini(&text);
}

static bool is_visible(struct pr_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < 0x21 || s.p[i] > 0x7e)
            return false;
    }
    return true;
}

/* Two of a header that says one thing say nothing. */
static bool is_given_twice(const struct http_request *req, const char *name)
{
    const h2o_headers_t *headers = &req->h2o->headers;
    unsigned n = 0;
    for (size_t i = 0; i < headers->size; i++)
        n += pr_str_is(str_of(*headers->entries[i].name), name);
    return n > 1;
}

bool http_req_idempotency(const struct http_request *req, struct idempotency *out,
                          struct pr_fault *fault)
{
    struct pr_str key = http_req_header(req, "idempotency-key");
    *out = (struct idempotency){.given = key.p != NULL};
    if (!key.p)
        return true;
    if (key.n == 0 || key.n > 255 || !is_visible(key) || is_given_twice(req, "idempotency-key")) {
        pr_fault_set(fault, PR_ERR_INVALID, "idempotency-key",
                     "must be one header of 1 to 255 visible ASCII characters");
        return false;
    }
    sha256(key, out->key_hash);
    hash_request(req, out->request_hash);
    return true;
}

/* RFC 9110 section 8.3.1: the type ends at ';', case does not matter. */
static bool is_json(struct pr_str content_type)
{
    struct pr_str type, parameters;
    pr_str_cut(content_type, ';', &type, &parameters);
    return pr_str_is_nocase(pr_str_trim(type), "application/json");
}

json_t *http_req_json(struct http_request *req, struct pr_fault *fault)
{
    struct pr_str body = http_req_body(req);
    json_error_t error;
    if (!is_json(http_req_header(req, "content-type"))) {
        pr_fault_set(fault, PR_ERR_MEDIA_TYPE, "", "the body must be application/json");
        return NULL;
    }
    if (!pr_utf8_valid(body)) {
        pr_fault_set(fault, PR_ERR_INVALID, "body", "is not UTF-8");
        return NULL;
    }
    if (!json_depth_within(body, JSON_DEPTH_MAX)) {
        pr_fault_set(fault, PR_ERR_INVALID, "body", "is nested deeper than %d", JSON_DEPTH_MAX);
        return NULL;
    }
    json_t *json = json_loadb(body.p, body.n, JSON_REJECT_DUPLICATES, &error);
    if (!json) {
        pr_fault_set(fault, PR_ERR_INVALID, "body", "is not JSON: line %d, column %d", error.line,
                     error.column);
        return NULL;
    }
    if (!json_is_object(json)) {
        json_decref(json);
        pr_fault_set(fault, PR_ERR_INVALID, "body", "is not a JSON object");
        return NULL;
    }
    return json;
}
