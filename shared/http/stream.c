/* Streamed answers. Chunks are written here and not by h2o, which would close the connection after
 * every chunked answer but a 200, and could not be told to leave one unfinished. */
#include "shared/http/request.h"

#include "shared/base/alloc.h"

#include <assert.h>
#include <errno.h>
#include <sys/socket.h>

static struct pr_done take_sent(struct http_request *req)
{
    struct pr_done sent = req->sent;
    req->sent = (struct pr_done){NULL, NULL};
    return sent;
}

static void tell(struct pr_done sent, enum pr_err err)
{
    if (sent.fn)
        pr_done_call(sent, err);
}

static void on_proceed(h2o_generator_t *generator, h2o_req_t *h2o)
{
    struct http_request *req = PR_CONTAINER(generator, struct http_request, generator);
    (void)h2o;
    tell(take_sent(req), PR_OK);
}

/* The client has left. An owner who waits is told now, another one at its next piece. */
static void on_stop(h2o_generator_t *generator, h2o_req_t *h2o)
{
    struct http_request *req = PR_CONTAINER(generator, struct http_request, generator);
    (void)h2o;
    if (!req->sent.fn)
        return;
    req->owned = false;
    tell(take_sent(req), PR_ERR_UNAVAILABLE);
}

void http_reply_start(struct http_request *req, int status, int64_t content_length)
{
    h2o_req_t *h2o = req->h2o;
    if (!h2o)
        return; /* the first piece tells */
    reply_head(req, status, content_length < 0 ? SIZE_MAX : (size_t)content_length);
    bool persistent = h2o->http1_is_persistent;
    req->bodyless = reply_is_bodyless(req, status);
    req->chunked = content_length < 0 && !req->bodyless && h2o->version >= 0x101;
    req->length_left = content_length;
    if (req->chunked)
        h2o_add_header(&h2o->pool, &h2o->res.headers, H2O_TOKEN_TRANSFER_ENCODING, NULL,
                       H2O_STRLIT("chunked"));
    else if (content_length < 0 && !req->bodyless)
        persistent = false; /* the end of the connection ends it */
    req->generator = (h2o_generator_t){on_proceed, on_stop};
    h2o_start_response(h2o, &req->generator);
    h2o->http1_is_persistent = persistent ? 1 : 0;
    req->started = true;
}

static const char *copy_piece(struct http_request *req, struct pr_str piece)
{
    if (piece.n > req->piece_size) {
        req->piece = pr_realloc(req->piece, piece.n);
        req->piece_size = piece.n;
    }
    if (piece.n)
        memcpy(req->piece, piece.p, piece.n);
    return req->piece;
}

/* Fills bufs with the piece as it goes over the wire; returns their count. */
static size_t frame(struct http_request *req, struct pr_str piece, bool last, h2o_iovec_t bufs[3])
{
    size_t n = 0;
    if (piece.n > 0) {
        if (req->chunked) {
            int head = snprintf(req->chunk_head, sizeof req->chunk_head, "%zx\r\n", piece.n);
            bufs[n++] = h2o_iovec_init(req->chunk_head, (size_t)head);
        }
        bufs[n++] = h2o_iovec_init(copy_piece(req, piece), piece.n);
        if (req->chunked)
            bufs[n++] = last ? h2o_iovec_init(H2O_STRLIT("\r\n0\r\n\r\n"))
                             : h2o_iovec_init(H2O_STRLIT("\r\n"));
    } else if (req->chunked && last) {
        bufs[n++] = h2o_iovec_init(H2O_STRLIT("0\r\n\r\n"));
    }
    return n;
}

/* Whoever waits may keep what he waits with in the request's arena: the request stays until he was
 * told. */
static void tell_and_release(struct http_request *req, struct pr_done sent, enum pr_err err)
{
    tell(sent, err);
    req->holds--;
    request_release(req);
}

static bool keeps_promise(struct http_request *req, struct pr_str piece, bool last)
{
    if (req->length_left < 0)
        return true;
    req->length_left -= (int64_t)piece.n;
    return req->length_left == 0 || (req->length_left > 0 && !last);
}

void http_reply_write(struct http_request *req, struct pr_str piece, bool last, struct pr_done sent)
{
    h2o_iovec_t bufs[3];
    req->holds++;
    if (!req->h2o) {
        req->owned = false;
        tell_and_release(req, sent, last ? PR_OK : PR_ERR_UNAVAILABLE);
        return;
    }
    assert(req->started && !req->sent.fn);
    if (req->bodyless) {
        req->owned = false;
        h2o_send(req->h2o, NULL, 0, H2O_SEND_STATE_FINAL);
        tell_and_release(req, sent, last ? PR_OK : PR_ERR_UNAVAILABLE);
        return;
    }
    if (!keeps_promise(req, piece, last)) {
        http_reply_abort(req);
        tell_and_release(req, sent, last ? PR_OK : PR_ERR_UNAVAILABLE);
        return;
    }
    size_t count = frame(req, piece, last, bufs);
    if (last) {
        req->owned = false;
        h2o_send(req->h2o, bufs, count, H2O_SEND_STATE_FINAL);
        tell_and_release(req, sent, PR_OK);
    } else if (count == 0 && req->head_sent) {
        tell_and_release(req, sent, PR_OK);
    } else {
        req->head_sent = true;
        req->sent = sent;
        req->holds--;
        h2o_send(req->h2o, bufs, count, H2O_SEND_STATE_IN_PROGRESS);
    }
}

bool http_req_client_left(const struct http_request *req)
{
    char byte;
    if (!req->h2o)
        return true;
    ssize_t n = recv(h2o_socket_get_fd(req->connection->sock), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

void http_reply_abort(struct http_request *req)
{
    /* A reset, since the end of the connection may be a proper end of the answer. */
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    struct pr_done sent = take_sent(req);
    req->holds++;
    req->owned = false;
    if (req->h2o) {
        int fd = h2o_socket_get_fd(req->connection->sock);
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        if (!req->started)
            http_reply_start(req, 500, 0);
        h2o_send(req->h2o, NULL, 0, H2O_SEND_STATE_ERROR);
    }
    tell_and_release(req, sent, PR_ERR_UNAVAILABLE);
}
