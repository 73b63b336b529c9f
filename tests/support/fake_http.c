#include "tests/support/fake_http.h"

#include "tests/support/test.h"

#define TEXT_MAX_BYTES ((size_t)64 << 20)

/* As the loop would, one after the other. */
static void send_pieces(struct http_request *req)
{
    while (req->sent.fn) {
        struct pr_done sent = req->sent;
        bool left = req->pieces == req->leaves_after;
        req->sent = (struct pr_done){NULL, NULL};
        pr_done_call(sent, left ? PR_ERR_UNAVAILABLE : PR_OK);
    }
}

void fake_http_run(const struct http_route *routes, const char *method, const char *path, void *arg,
                   struct http_request *req)
{
    for (; routes->method; routes++) {
        if (strcmp(routes->method, method) == 0 && strcmp(routes->path, path) == 0) {
            req->method = method;
            routes->handler(arg, req);
            send_pieces(req);
            return;
        }
    }
    fail_msg("no route %s %s", method, path);
}

void fake_http_fini(struct http_request *req)
{
    json_decref(req->json);
    pr_buf_fini(&req->text);
    pr_arena_fini(&req->arena);
    *req = (struct http_request){0};
}

const struct identity *http_req_identity(const struct http_request *req)
{
    return &req->identity;
}

struct pr_arena *http_req_arena(struct http_request *req)
{
    return &req->arena;
}

struct pr_str http_req_param(const struct http_request *req, const char *name)
{
    for (size_t i = 0; i < FAKE_HTTP_VALUES && req->params[i].name; i++) {
        if (strcmp(req->params[i].name, name) == 0)
            return pr_str(req->params[i].value);
    }
    return pr_str("");
}

bool http_req_query(const struct http_request *req, const char *name, struct pr_str *out)
{
    for (size_t i = 0; i < FAKE_HTTP_VALUES && req->query[i].name; i++) {
        if (strcmp(req->query[i].name, name) == 0) {
            *out = pr_str(req->query[i].value);
            return true;
        }
    }
    return false;
}

struct pr_str http_req_header(const struct http_request *req, const char *name)
{
    for (size_t i = 0; i < FAKE_HTTP_VALUES && req->headers[i].name; i++) {
        if (strcmp(req->headers[i].name, name) == 0)
            return pr_str(req->headers[i].value);
    }
    return pr_str("");
}

struct pr_str http_req_method(const struct http_request *req)
{
    return pr_str(req->method);
}

struct pr_str http_req_client_network(const struct http_request *req)
{
    (void)req;
    return pr_str("192.0.2.1");
}

bool http_req_idempotency(const struct http_request *req, struct idempotency *out,
                          struct pr_fault *fault)
{
    *out = req->idempotency;
    if (req->key_is_bad)
        pr_fault_set(fault, PR_ERR_INVALID, "idempotency-key", "is bad");
    return !req->key_is_bad;
}

json_t *http_req_json(struct http_request *req, struct pr_fault *fault)
{
    json_t *json = json_loads(req->body, JSON_REJECT_DUPLICATES, NULL);
    if (!json)
        pr_fault_set(fault, PR_ERR_INVALID, "body", "is not JSON");
    return json;
}

static void reply(struct http_request *req, int status)
{
    assert_int_equal(req->replies++, 0);
    req->status = status;
}

void http_reply_header(struct http_request *req, const char *name, struct pr_str value)
{
    assert_int_equal(req->replies, 0);
    req->header_name = name;
    assert_true(pr_str_copy(value, req->header_value, sizeof req->header_value));
    if (strcmp(name, "content-type") == 0)
        assert_true(pr_str_copy(value, req->content_type, sizeof req->content_type));
}

void http_reply(struct http_request *req, int status, const char *content_type, struct pr_str body)
{
    reply(req, status);
    assert_true(pr_str_copy(pr_str(content_type), req->content_type, sizeof req->content_type));
    pr_buf_init(&req->text, TEXT_MAX_BYTES);
    pr_buf_append(&req->text, body);
}

void http_reply_start(struct http_request *req, int status, int64_t content_length)
{
    assert_int_equal(content_length, -1);
    reply(req, status);
    pr_buf_init(&req->text, TEXT_MAX_BYTES);
}

static void end_text(struct http_request *req)
{
    req->replies++; /* nothing comes after it */
    if (strcmp(req->content_type, "application/json") == 0) {
        req->json = json_loadb(req->text.p, req->text.n, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(req->json);
    }
}

void http_reply_write(struct http_request *req, struct pr_str piece, bool last, struct pr_done sent)
{
    assert_int_equal(req->replies, 1);
    assert_null(req->sent.fn);
    pr_buf_append(&req->text, piece);
    req->pieces++;
    if (last)
        end_text(req);
    else
        req->sent = sent;
}

void http_reply_abort(struct http_request *req)
{
    struct pr_done sent = req->sent;
    req->sent = (struct pr_done){NULL, NULL};
    req->aborted = true;
    req->replies++;
    if (sent.fn)
        pr_done_call(sent, PR_ERR_UNAVAILABLE);
}

void http_reply_json(struct http_request *req, int status, json_t *body)
{
    reply(req, status);
    assert_non_null(body);
    req->json = body;
}

void http_reply_empty(struct http_request *req, int status)
{
    reply(req, status);
}

void http_reply_fault(struct http_request *req, const struct pr_fault *fault)
{
    assert_int_not_equal(fault->err, PR_OK);
    reply(req, pr_err_status(fault->err));
    req->fault = *fault;
}

void http_reply_error(struct http_request *req, enum pr_err err)
{
    http_reply_fault(req, &(struct pr_fault){.err = err});
}
