/* The services' own requests: each is a presigned URL like a browser's, for the internal endpoint.
 *
 *     s3_head, … -> send: sign, hand to the HTTP client -> on_answer: verdict -> done */
#include "shared/s3/private.h"

#include "shared/base/alloc.h"
#include "shared/base/encode.h"
#include "shared/log/log.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#define URL_MAX_BYTES ((size_t)8192)
#define EXPIRES_IN_S 300
#define STALL_MS 15000

static struct pr_str between(struct pr_str s, const char *open, const char *close)
{
    const char *from = s.n ? memmem(s.p, s.n, open, strlen(open)) : NULL;
    if (!from)
        return pr_str_n("", 0);
    from += strlen(open);
    const char *to = memmem(from, (size_t)(s.p + s.n - from), close, strlen(close));
    return to ? pr_str_n(from, (size_t)(to - from)) : pr_str_n("", 0);
}

static bool is_one_of(struct pr_str code, const char *const *codes)
{
    while (*codes && !pr_str_is(code, *codes))
        codes++;
    return *codes != NULL;
}

/* The one line about a refused request; the path alone, as the query is a key to the object. */
static void log_refusal(const struct s3_call *call, struct pr_str code)
{
    struct pr_str url, query;
    pr_str_cut(pr_buf_str(&call->url), '?', &url, &query);
    log_at(LOG_WARN, "the object store refused a request", LOG_TEXT("method", call->http.method),
           LOG_STR("url", url), LOG_INT("status", call->http.status), LOG_STR("code", code));
}

/* Base64 of the whole object's SHA-256; a composite one ("…-3", of parts) is not that. */
static bool read_sha256(struct pr_str text, uint8_t out[SHA256_BYTES])
{
    size_t n = SHA256_BYTES;
    return pr_base64_decode(text, out, &n) && n == SHA256_BYTES;
}

static enum pr_err read_head(struct s3_call *call)
{
    struct s3_object *object = call->out;
    if (!pr_str_to_int(http_call_header(&call->http, "content-length"), 0, INT64_MAX,
                       &object->size_bytes))
        return PR_ERR_UPSTREAM;
    object->found = true;
    object->has_sha256 =
        read_sha256(http_call_header(&call->http, "x-amz-checksum-sha256"), object->sha256);
    if (!pr_str_copy(http_call_header(&call->http, "content-type"), object->content_type,
                     sizeof(object->content_type)))
        return PR_ERR_UPSTREAM;
    return PR_OK;
}

enum pr_err s3_call_refused(const struct s3_call *call, struct pr_str code)
{
    static const char *const part_faults[] = {"InvalidPart", "InvalidPartOrder", "EntityTooSmall",
                                              NULL};
    static const char *const passing[] = {"InternalError", "SlowDown", "ServiceUnavailable",
                                          "RequestTimeout", NULL};
    if (call->http.status == 412 || is_one_of(code, part_faults))
        return PR_ERR_CONFLICT;
    log_refusal(call, code);
    return call->http.status >= 500 || call->http.status == 429 || is_one_of(code, passing)
               ? PR_ERR_UNAVAILABLE
               : PR_ERR_UPSTREAM;
}

static enum pr_err verdict(struct s3_call *call)
{
    int status = call->http.status;
    struct pr_str code = between(pr_buf_str(&call->http.answer_body), "<Code>", "</Code>");
    if (status >= 200 && status <= 299)
        return call->read ? call->read(call) : PR_OK;
    if (status == 404 && call->absent != PR_ERR_UPSTREAM && !pr_str_is(code, "NoSuchBucket"))
        return call->absent;
    return s3_call_refused(call, code);
}

/* Counted here, as the client's limit is for an error's text as well. */
static bool on_bytes(void *arg, struct pr_str bytes)
{
    struct s3_call *call = arg;
    call->sink.room -= (int64_t)bytes.n;
    call->sink.full = call->sink.room < 0;
    return !call->sink.full && call->sink.fn(call->sink.arg, bytes);
}

/* A store that knows no ranges sends all with status 200. */
static bool is_asked_range(struct s3_call *call)
{
    const struct s3_range *range = call->range;
    int64_t length;
    if (range->size_bytes == range->total_bytes)
        return call->http.status == 200 &&
               pr_str_to_int(http_call_header(&call->http, "content-length"), 0, INT64_MAX,
                             &length) &&
               length == range->total_bytes;
    snprintf(call->range_text, sizeof call->range_text, "bytes %" PRId64 "-%" PRId64 "/%" PRId64,
             range->first, range->first + range->size_bytes - 1, range->total_bytes);
    return call->http.status == 206 &&
           pr_str_is(http_call_header(&call->http, "content-range"), call->range_text);
}

static bool on_range_bytes(void *arg, struct pr_str bytes)
{
    struct s3_call *call = arg;
    if (call->sink.room == call->range->size_bytes && !is_asked_range(call)) {
        call->other = true;
        return false;
    }
    return on_bytes(call, bytes);
}

static enum pr_err range_verdict(const struct s3_call *call, enum pr_err err)
{
    if (call->other || call->http.status == 416)
        return PR_ERR_CONFLICT;
    if (err == PR_OK && call->sink.room > 0)
        return PR_ERR_CONFLICT; /* an empty object, where bytes should be */
    return err;
}

static void on_answer(void *arg, enum pr_err err)
{
    struct s3_call *call = arg;
    struct pr_done done = call->done;
    if (call->range)
        call->range->call = NULL;
    if (err == PR_OK && !(call->range && call->http.status == 416))
        err = verdict(call);
    else if (call->sink.full)
        err = PR_ERR_TOO_LARGE;
    if (call->range)
        err = range_verdict(call, err);
    pr_buf_fini(&call->url);
    pr_buf_fini(&call->body);
    pr_buf_fini(&call->http.answer_body);
    pr_buf_fini(&call->http.answer_head);
    free(call);
    pr_done_call(done, err);
}

struct s3_call *s3_call_new(struct s3 *s3, const char *method, enum pr_err absent,
                            struct pr_done done)
{
    struct s3_call *call = PR_NEW(struct s3_call);
    call->s3 = s3;
    call->absent = absent;
    call->done = done;
    call->http.method = method;
    call->http.headers = call->sent;
    call->http.max_bytes = S3_ANSWER_MAX_BYTES;
    pr_buf_init(&call->url, URL_MAX_BYTES);
    return call;
}

void s3_call_send(struct s3_call *call, struct pr_str key, size_t headers_count)
{
    struct s3 *s3 = call->s3;
    const struct s3_request request = {.method = call->http.method,
                                       .key = key,
                                       .headers = call->headers,
                                       .headers_count = headers_count,
                                       .params = call->params,
                                       .params_count = call->params_count};
    if (!s3_sign(&s3->signer, &s3->internal, &request, pr_now_ms(s3->clock), EXPIRES_IN_S,
                 &call->url)) {
        on_answer(call, PR_ERR_INVALID);
        return;
    }
    for (size_t i = 0; i < headers_count; i++) {
        if (strcmp(call->headers[i].name, "content-length") != 0) /* the client's own business */
            call->sent[call->http.headers_count++] =
                (struct http_header){pr_str(call->headers[i].name), pr_str(call->headers[i].value)};
    }
    call->http.url = pr_buf_str(&call->url);
    http_client_send(s3->client, &call->http, (struct pr_done){on_answer, call});
}

void s3_head(struct s3 *s3, struct pr_str key, struct s3_object *out, struct pr_done done)
{
    struct s3_call *call = s3_call_new(s3, "HEAD", PR_OK, done);
    *out = (struct s3_object){0};
    call->out = out;
    call->read = read_head;
    call->http.max_bytes = INT64_MAX; /* the length told is the object's, and none of it comes */
    call->http.timeout_ms = S3_SHORT_TIMEOUT_MS;
    call->headers[0] = (struct s3_header){"x-amz-checksum-mode", "ENABLED"};
    s3_call_send(call, key, 1);
}

void s3_get(struct s3 *s3, struct pr_str key, int64_t max_bytes, http_sink_fn sink, void *arg,
            struct pr_done done)
{
    struct s3_call *call = s3_call_new(s3, "GET", PR_ERR_NOT_FOUND, done);
    call->http.stall_ms = STALL_MS;
    call->http.max_bytes = max_bytes > S3_ANSWER_MAX_BYTES ? max_bytes : S3_ANSWER_MAX_BYTES;
    call->http.sink = on_bytes;
    call->http.sink_arg = call;
    call->sink.fn = sink;
    call->sink.arg = arg;
    call->sink.room = max_bytes;
    s3_call_send(call, key, 0);
}

void s3_get_range(struct s3 *s3, struct pr_str key, struct s3_range *range, struct pr_done done)
{
    struct s3_call *call = s3_call_new(s3, "GET", PR_ERR_NOT_FOUND, done);
    assert(range->size_bytes > 0 && range->first >= 0);
    assert(range->first + range->size_bytes <= range->total_bytes);
    call->http.stall_ms = STALL_MS;
    call->http.max_bytes =
        range->size_bytes > S3_ANSWER_MAX_BYTES ? range->size_bytes : S3_ANSWER_MAX_BYTES;
    call->http.sink = on_range_bytes;
    call->http.sink_arg = call;
    call->sink.fn = range->sink;
    call->sink.arg = range->sink_arg;
    call->sink.room = range->size_bytes;
    call->range = range;
    range->call = &call->http;
    if (range->size_bytes < range->total_bytes) { /* not signed: it need not be */
        snprintf(call->range_text, sizeof call->range_text, "bytes=%" PRId64 "-%" PRId64,
                 range->first, range->first + range->size_bytes - 1);
        call->sent[call->http.headers_count++] =
            (struct http_header){PR_STR("range"), pr_str(call->range_text)};
    }
    s3_call_send(call, key, 0);
}

void s3_range_pause(struct s3_range *range)
{
    if (range->call)
        http_call_pause(range->call);
}

void s3_range_resume(struct s3_range *range)
{
    if (range->call)
        http_call_resume(range->call);
}

void s3_range_cancel(struct s3_range *range)
{
    if (range->call)
        http_call_cancel(range->call);
}

void s3_put(struct s3 *s3, const struct s3_put *put, struct pr_str bytes, struct pr_done done)
{
    assert(put->size_bytes == (int64_t)bytes.n);
    struct s3_call *call = s3_call_new(s3, "PUT", PR_ERR_UPSTREAM, done);
    call->http.stall_ms = STALL_MS;
    call->http.body = pr_str_n(bytes.n ? bytes.p : "", bytes.n); /* NULL would mean no body */
    size_t count = s3_put_headers(put, call->headers);
    if (count)
        s3_call_send(call, put->key, count);
    else
        on_answer(call, PR_ERR_INVALID);
}

void s3_delete(struct s3 *s3, struct pr_str key, struct pr_done done)
{
    struct s3_call *call = s3_call_new(s3, "DELETE", PR_OK, done);
    call->http.timeout_ms = S3_SHORT_TIMEOUT_MS;
    s3_call_send(call, key, 0);
}

void s3_probe(struct s3 *s3, struct pr_done done)
{
    struct s3_call *call = s3_call_new(s3, "HEAD", PR_ERR_UPSTREAM, done);
    call->http.timeout_ms = S3_SHORT_TIMEOUT_MS;
    s3_call_send(call, pr_str_n("", 0), 0);
}
