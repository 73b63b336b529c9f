/* What h2o answers by itself (a body announced or grown too large, broken chunks, an unknown
 * expectation) becomes a problem like any other, with an id, a line in the log and a place in the
 * metrics.
 *
 * Such a client is often still sending. To close at once would reset the connection and could take
 * the answer with it, so what comes is read and thrown away for a moment (RFC 9112 section 9.6):
 *
 *     written -> lingering -> (end of input | LINGER_MAX bytes | a second) -> closed
 */
#include "shared/http/request.h"

#include "shared/base/alloc.h"

#include <sys/socket.h>

#define LINGER_MAX ((size_t)256 << 20)

struct refusal_filter {
    h2o_filter_t super;
    struct http_server *server;
};

struct refusal {
    h2o_ostream_t super;
    h2o_req_t *h2o;
    struct connection *connection;
    struct pr_str body;
    h2o_timeout_entry_t timeout;
    size_t thrown_away;
    bool written;
};

static void end(struct refusal *refusal)
{
    if (h2o_timeout_is_linked(&refusal->timeout))
        h2o_timeout_unlink(&refusal->timeout);
    h2o_socket_read_stop(refusal->connection->sock);
    refusal->connection->refusal = NULL;
    h2o_ostream_send_next(&refusal->super, refusal->h2o, NULL, 0, H2O_SEND_STATE_FINAL);
}

static void on_timeout(h2o_timeout_entry_t *entry)
{
    end(PR_CONTAINER(entry, struct refusal, timeout));
}

static void on_input(h2o_socket_t *sock, const char *err)
{
    struct connection *connection = sock->on_close.data;
    struct refusal *refusal = connection->refusal;
    refusal->thrown_away += sock->input->size;
    h2o_buffer_consume(&sock->input, sock->input->size);
    if (err || refusal->thrown_away > LINGER_MAX)
        end(refusal);
}

static void linger(struct refusal *refusal)
{
    h2o_context_t *ctx = refusal->h2o->conn->ctx;
    refusal->connection->refusal = refusal;
    refusal->timeout.cb = on_timeout;
    h2o_timeout_link(ctx->loop, &ctx->one_sec_timeout, &refusal->timeout);
    shutdown(h2o_socket_get_fd(refusal->connection->sock), SHUT_WR);
    h2o_socket_read_start(refusal->connection->sock, on_input);
}

/* Called with h2o's text, which is dropped for ours, and again when that is written. */
static void on_send(h2o_ostream_t *self, h2o_req_t *h2o, h2o_iovec_t *bufs, size_t count,
                    h2o_send_state_t state)
{
    struct refusal *refusal = (struct refusal *)(void *)self;
    (void)bufs;
    (void)count;
    (void)state;
    if (refusal->written) {
        linger(refusal);
        return;
    }
    h2o_iovec_t body = h2o_iovec_init(refusal->body.p, refusal->body.n);
    refusal->written = true;
    h2o_ostream_send_next(self, h2o, &body, 1, H2O_SEND_STATE_IN_PROGRESS);
}

static void on_stop(h2o_ostream_t *self, h2o_req_t *h2o)
{
    struct refusal *refusal = (struct refusal *)(void *)self;
    (void)h2o;
    if (h2o_timeout_is_linked(&refusal->timeout))
        h2o_timeout_unlink(&refusal->timeout);
    refusal->connection->refusal = NULL;
}

static void on_answer(h2o_filter_t *filter, h2o_req_t *h2o, h2o_ostream_t **slot)
{
    struct http_server *server = ((struct refusal_filter *)(void *)filter)->server;
    struct http_request *req = request_create(server, h2o);
    struct refusal *refusal = (void *)h2o_add_ostream(h2o, sizeof *refusal, slot);
    int status = h2o->res.status;
    bool too_large = status == 413;
    *refusal = (struct refusal){
        .super = {.next = refusal->super.next, .do_send = on_send, .stop = on_stop},
        .h2o = h2o,
        .connection = req->connection,
        .body = reply_problem_json(req, status,
                                   too_large ? pr_err_text(PR_ERR_TOO_LARGE) : reply_reason(status),
                                   too_large ? "body" : NULL, NULL),
    };
    h2o->res.headers = (h2o_headers_t){NULL, 0, 0};
    h2o_add_header(&h2o->pool, &h2o->res.headers, H2O_TOKEN_CONTENT_TYPE, NULL,
                   H2O_STRLIT("application/problem+json"));
    reply_head(req, status, refusal->body.n);
    h2o_setup_next_ostream(h2o, &refusal->super.next);
}

void refusal_register(struct http_server *server, h2o_pathconf_t *pathconf)
{
    h2o_filter_t *filter = h2o_create_filter(pathconf, sizeof(struct refusal_filter));
    filter->on_setup_ostream = on_answer;
    ((struct refusal_filter *)(void *)filter)->server = server;
}
