/* One request on its way to a service, and its answer back.
 *
 *     queued -> asking -> head -> body -> ended
 *        |         |        |       |
 *        | 503     | 503    | 502   | the answer is cut
 *        | 2 s     |        | 504   |
 *
 * queued: for a link (upstream.c). asking: the request is being written. head: waits for the
 * answer's head. body: pieces go to the client as they come; while one is on its way the link is
 * read on until its buffer is full, so that memory stays what it is and neither side waits for the
 * other needlessly.
 *
 * A kept-alive link may be closed by the service just when it is used again. A request is then sent
 * a second time, on a fresh link: GET and HEAD when no byte of an answer came, others only when no
 * byte of theirs had gone out. A client that has left is noticed at the next piece; its link is
 * closed. */
#include "shared/http/forward.h"

#include "shared/base/alloc.h"
#include "shared/http/request.h"
#include "shared/http/upstream.h"

#include <assert.h>

#define ANSWER_MS 30000 /* to its first byte, and from each to the next */

/* A path that stays one word of the request line. */
static bool is_one_word(struct pr_str path)
{
    return path.n > 0 && path.p[0] == '/' && header_text_plain(path) &&
           !memchr(path.p, ' ', path.n) && !memchr(path.p, '\t', path.n);
}

static void put_header(struct pr_buf *out, const char *name, struct pr_str value)
{
    pr_buf_puts(out, name);
    pr_buf_puts(out, ": ");
    pr_buf_append(out, value);
    pr_buf_puts(out, "\r\n");
}

static void put_allowed_headers(struct pr_buf *out, const h2o_headers_t *headers)
{
    static const h2o_token_t *const allowed[] = {
        H2O_TOKEN_ACCEPT,
        H2O_TOKEN_ACCEPT_LANGUAGE,
        H2O_TOKEN_CONTENT_TYPE,
        H2O_TOKEN_IF_NONE_MATCH,
        H2O_TOKEN_RANGE,
        H2O_TOKEN_IF_RANGE,
        H2O_TOKEN_IF_MODIFIED_SINCE,
        H2O_TOKEN_USER_AGENT,
    };
    for (size_t i = 0; i < headers->size; i++) {
        const h2o_header_t *header = &headers->entries[i];
        bool wanted = pr_str_is(pr_str_n(header->name->base, header->name->len), "idempotency-key");
        for (size_t k = 0; k < PR_COUNT(allowed) && !wanted; k++)
            wanted = header->name == &allowed[k]->buf;
        if (!wanted)
            continue;
        pr_buf_append(out, pr_str_n(header->name->base, header->name->len));
        pr_buf_puts(out, ": ");
        pr_buf_append(out, pr_str_n(header->value.base, header->value.len));
        pr_buf_puts(out, "\r\n");
    }
}

static void put_head(struct pr_buf *out, const struct exchange *exchange, struct pr_str path,
                     const struct http_header *headers, size_t count)
{
    struct http_request *req = exchange->req;
    struct pr_str method = http_req_method(req), query = http_req_query_string(req);
    pr_buf_append(out, method);
    pr_buf_puts(out, " ");
    pr_buf_append(out, path);
    if (query.n > 0) {
        pr_buf_puts(out, "?");
        pr_buf_append(out, query);
    }
    pr_buf_puts(out, " HTTP/1.1\r\n");
    put_header(out, "host", upstream_name(exchange->upstream));
    put_header(out, "x-request-id", http_req_id(req));
    put_header(out, "traceparent", http_req_traceparent(req));
    put_allowed_headers(out, &req->h2o->headers);
    for (size_t i = 0; i < count; i++) {
        pr_buf_append(out, headers[i].name);
        pr_buf_puts(out, ": ");
        pr_buf_append(out, headers[i].value);
        pr_buf_puts(out, "\r\n");
    }
    if (exchange->body.n > 0 || pr_str_is(method, "POST") || pr_str_is(method, "PUT") ||
        pr_str_is(method, "PATCH"))
        pr_buf_printf(out, "content-length: %zu\r\n", exchange->body.n);
    pr_buf_puts(out, "\r\n");
}

void http_forward(struct http_upstream *upstream, struct http_request *req, struct pr_str path,
                  const struct http_header *headers, size_t count)
{
    struct exchange *exchange = pr_arena_alloc(http_req_arena(req), sizeof *exchange);
    struct pr_buf *head = upstream_scratch(upstream);
    struct pr_str method = http_req_method(req);
    bool sendable = is_one_word(path);
    for (size_t i = 0; i < count; i++)
        sendable =
            sendable && header_text_plain(headers[i].name) && header_text_plain(headers[i].value);
    exchange->upstream = upstream;
    exchange->req = req;
    exchange->body = http_req_body(req);
    exchange->is_head = pr_str_is(method, "HEAD");
    exchange->repeatable = exchange->is_head || pr_str_is(method, "GET");
    put_head(head, exchange, path, headers, count);
    if (!sendable || head->full) {
        http_reply_error(req, sendable ? PR_ERR_TOO_LARGE : PR_ERR_INTERNAL);
        return;
    }
    exchange->head = pr_arena_copy(http_req_arena(req), pr_buf_str(head));
    upstream_take(exchange);
}

static void tell_failure(const struct exchange *exchange, const char *what, const char *cause)
{
    const struct log_context *outer = log_context_enter(&exchange->req->context);
    log_at(LOG_WARN, what, LOG_STR("upstream", upstream_name(exchange->upstream)),
           LOG_TEXT("cause", cause));
    log_context_enter(outer);
}

/* The link is gone already. */
void exchange_failed(struct exchange *exchange, enum pr_err err, const char *cause)
{
    if (exchange->answering) {
        tell_failure(exchange, "upstream broke off its answer", cause);
        http_reply_abort(exchange->req);
    } else {
        tell_failure(exchange, "upstream failed", cause);
        http_reply_error(exchange->req, err);
    }
}

static void give_up(struct exchange *exchange, enum pr_err err, const char *cause)
{
    link_give_back(exchange->link, false);
    exchange_failed(exchange, err, cause);
}

static void on_written(uv_write_t *write, int status)
{
    struct link *link = PR_CONTAINER(write, struct link, write);
    (void)status; /* reading tells what is wrong */
    link->writing = false;
}

void exchange_connected(struct exchange *exchange)
{
    struct link *link = exchange->link;
    uv_buf_t bufs[2] = {
        uv_buf_init((char *)(uintptr_t)exchange->head.p, (unsigned)exchange->head.n),
        uv_buf_init((char *)(uintptr_t)exchange->body.p, (unsigned)exchange->body.n),
    };
    unsigned count = exchange->body.n > 0 ? 2 : 1;
    int sent = uv_try_write((uv_stream_t *)&link->tcp, bufs, count);
    if (sent < 0 && sent != UV_EAGAIN) {
        exchange_broken(exchange, sent);
        return;
    }
    link_set_deadline(link, ANSWER_MS);
    size_t done = sent > 0 ? (size_t)sent : 0;
    exchange->written = true;
    if (done == exchange->head.n + exchange->body.n)
        return;
    uv_buf_t *rest = bufs;
    if (done >= exchange->head.n) {
        done -= exchange->head.n;
        rest++;
        count--;
    }
    rest->base += done;
    rest->len -= done;
    link->writing = true;
    int err = uv_write(&link->write, (uv_stream_t *)&link->tcp, rest, count, on_written);
    assert(err == 0); /* it is connected, and nothing else can be wrong at once */
}

static void pump(struct exchange *exchange);

static void on_sent(void *arg, enum pr_err err)
{
    struct exchange *exchange = arg;
    struct link *link = exchange->link;
    exchange->sending = false;
    if (err) { /* the client has left, and with it the request */
        if (link)
            link_give_back(link, false);
        return;
    }
    if (!exchange->ended) {
        link_set_deadline(link, ANSWER_MS);
        link_resume(link);
    }
    pump(exchange);
}

/* Hands what there is to the client, unless it still has the piece before. */
static void pump(struct exchange *exchange)
{
    struct link *link = exchange->link;
    struct pr_str piece = {link->input, link->input_n};
    if (exchange->sending || (piece.n == 0 && !exchange->ended))
        return;
    link->input_n = 0;
    if (exchange->ended) {
        bool reusable = exchange->answer.keep_alive && exchange->answer.body != ANSWER_UNTIL_CLOSE;
        link->exchange = NULL; /* it may be gone when its last piece was taken */
        http_reply_write(exchange->req, piece, true, (struct pr_done){NULL, NULL});
        link_give_back(link, reusable);
        return;
    }
    exchange->sending = true;
    http_reply_write(exchange->req, piece, false, (struct pr_done){on_sent, exchange});
}

/* Takes n bytes that lie behind those the client has not got yet. False: they are broken. */
static bool take_body(struct exchange *exchange, size_t n)
{
    struct link *link = exchange->link;
    size_t body_n = n, extra = 0;
    ssize_t rest;
    switch (exchange->answer.body) {
    case ANSWER_NO_BODY:
        extra = n;
        body_n = 0;
        exchange->ended = true;
        break;
    case ANSWER_LENGTH:
        if ((int64_t)n > exchange->left)
            body_n = (size_t)exchange->left;
        extra = n - body_n;
        exchange->left -= (int64_t)body_n;
        exchange->ended = exchange->left == 0;
        break;
    case ANSWER_CHUNKED:
        rest = phr_decode_chunked(&exchange->decoder, link->input + link->input_n, &body_n);
        if (rest == -1)
            return false;
        exchange->ended = rest >= 0;
        extra = rest > 0 ? (size_t)rest : 0;
        break;
    case ANSWER_UNTIL_CLOSE:
        break;
    }
    if (extra > 0)
        exchange->answer.keep_alive = false; /* nobody asked for more */
    link->input_n += body_n;
    return true;
}

/* A client that is slow to take its piece is not the service's fault: no deadline. */
static void hold_back(struct link *link)
{
    link_pause(link);
    link_set_deadline(link, 0);
}

static void take_and_pump(struct exchange *exchange, size_t n)
{
    struct link *link = exchange->link;
    if (!take_body(exchange, n)) {
        give_up(exchange, PR_ERR_UPSTREAM, "broken chunks");
        return;
    }
    bool full = link->input_n == sizeof link->input;
    if (exchange->sending && (exchange->ended || full))
        hold_back(link); /* until on_sent */
    else
        link_set_deadline(link, ANSWER_MS);
    pump(exchange);
}

static void begin_answer(struct exchange *exchange, size_t head_size)
{
    struct link *link = exchange->link;
    struct answer *answer = &exchange->answer;
    size_t rest = link->input_n - head_size;
    for (size_t i = 0; i < answer->headers_count; i++) {
        const struct phr_header *header = &answer->headers[i];
        reply_header_copied(exchange->req, pr_str_n(header->name, header->name_len),
                            pr_str_n(header->value, header->value_len));
    }
    exchange->answering = true;
    exchange->left = answer->length;
    exchange->decoder.consume_trailer = 1;
    http_reply_start(exchange->req, answer->status, answer->length);
    memmove(link->input, link->input + head_size, rest);
    link->input_n = 0;
    if (rest > 0 || answer->body == ANSWER_NO_BODY || answer->length == 0) {
        take_and_pump(exchange, rest);
    } else { /* the head need not wait for the body */
        exchange->sending = true;
        http_reply_write(exchange->req, pr_str(""), false, (struct pr_done){on_sent, exchange});
    }
}

static void read_head(struct exchange *exchange)
{
    struct link *link = exchange->link;
    for (;;) {
        int size = answer_parse(link->input, link->input_n, exchange->is_head, &exchange->answer);
        if (size == 0)
            return;
        if (size < 0 || exchange->answer.status == 101) {
            give_up(exchange, PR_ERR_UPSTREAM, "the answer is no HTTP");
            return;
        }
        if (exchange->answer.status >= 200) {
            begin_answer(exchange, (size_t)size);
            return;
        }
        link->input_n -= (size_t)size; /* 100 Continue and its like are for us alone */
        memmove(link->input, link->input + size, link->input_n);
    }
}

void exchange_input(struct exchange *exchange, size_t n)
{
    if (exchange->answering) {
        take_and_pump(exchange, n);
    } else {
        exchange->link->input_n += n;
        read_head(exchange);
    }
}

static bool may_repeat(const struct exchange *exchange)
{
    const struct link *link = exchange->link;
    return link->used && !exchange->retried && link->input_n == 0 &&
           (exchange->repeatable || !exchange->written);
}

void exchange_broken(struct exchange *exchange, int uv_err)
{
    struct link *link = exchange->link;
    if (!exchange->answering && may_repeat(exchange)) {
        link_give_back(link, false);
        exchange->retried = true;
        upstream_take(exchange);
    } else if (exchange->answering && exchange->answer.body == ANSWER_UNTIL_CLOSE &&
               uv_err == UV_EOF) {
        exchange->ended = true;
        hold_back(link);
        pump(exchange);
    } else {
        give_up(exchange, PR_ERR_UPSTREAM, uv_strerror(uv_err));
    }
}
