/* A stream's states:
 *
 *     OPEN ──the client left, is no longer let in, does not keep up; we end──▶ ENDED ──▶ freed
 *
 * ENDED waits for the question that is under way, if one is, and for its timer.
 *
 * Every second or so an OPEN stream looks whether its client is still there, asks who it is
 * (authenticate: from memory, so that a revoked credential ends it within five seconds and nobody
 * waits for the database), and says something when it has been silent for long. A database that is
 * away ends no stream: nobody can be revoked meanwhile.
 *
 * What is to be told waits in `pending` while a piece is on its way. A reader that lets it grow past
 * PENDING_MAX_BYTES is cut: he comes again, and loads his list again. Idle streams hold no buffer. */
#include "services/gateway/adapters/http_updates.h"

#include "services/gateway/adapters/gateway_json.h"
#include "services/gateway/adapters/http_gateway.h"
#include "services/gateway/adapters/http_handlers.h"
#include "shared/base/alloc.h"
#include "shared/crypto/crypto.h"
#include "shared/metrics/metrics.h"

#include <assert.h>
#include <stdio.h>

#define ASK_EVERY_MS 1000
#define SILENCE_MS 15000
#define RETRY_MS 2000
#define COME_AGAIN_S "5" /* who has too many streams */
#define PIECE_MAX_BYTES ((size_t)8192)
#define PENDING_MAX_BYTES ((size_t)65536)
#define EVENT_MAX_BYTES ((size_t)512)
#define CLIENT_MAX 64

struct http_updates {
    uv_loop_t *loop;
    const struct gateway_deps *deps;
    struct updates *updates;
    TAILQ_HEAD(, stream) streams; /* those OPEN */
    size_t streams_count;         /* those ENDED as well */
    bool refusing;
    void (*closed)(void *arg);
    void *closed_arg;
};

struct stream {
    struct updates_listener listener;
    TAILQ_ENTRY(stream) link;
    struct http_updates *owner;
    struct http_request *req;
    uv_timer_t timer;
    char secret[SECRET_TEXT]; /* of the credential it came with */
    char client[CLIENT_MAX];  /* whose bucket pays for unknown secrets */
    struct pr_buf pending;
    size_t under_way; /* bytes of pending that are being sent; at most PIECE_MAX_BYTES */
    uint64_t said_ms; /* of the loop's clock: when something was sent last */
    bool asking, ended;
};

static struct metric streams_open = {
    .name = "pierrot_gateway_update_streams",
    .help = "Open streams of updates.",
    .kind = METRIC_GAUGE,
};

static struct metric streams_ended = {
    .name = "pierrot_gateway_update_streams_ended_total",
    .help = "Streams of updates that ended, by the cause.",
    .kind = METRIC_COUNTER,
    .labels = {"cause"},
};

/* ---- the end ---- */

static void close_if_empty(struct http_updates *owner)
{
    if (!owner->closed || owner->streams_count > 0)
        return;
    void (*closed)(void *arg) = owner->closed;
    void *closed_arg = owner->closed_arg;
    updates_destroy(owner->updates);
    free(owner);
    closed(closed_arg);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct stream *stream = handle->data;
    struct http_updates *owner = stream->owner;
    crypto_wipe(stream->secret, sizeof stream->secret);
    pr_buf_fini(&stream->pending);
    free(stream);
    owner->streams_count--;
    close_if_empty(owner);
}

/* The request is no business of the stream any more. */
static void leave(struct stream *stream, const char *cause)
{
    struct http_updates *owner = stream->owner;
    stream->ended = true;
    TAILQ_REMOVE(&owner->streams, stream, link);
    updates_leave(owner->updates, &stream->listener);
    metric_add(&streams_open, -1, NULL);
    metric_add(&streams_ended, 1, &cause);
    uv_timer_stop(&stream->timer);
    if (!stream->asking)
        uv_close((uv_handle_t *)&stream->timer, on_timer_closed);
}

/* A proper end where the wire is free, else the connection is cut. */
static void end(struct stream *stream, const char *cause)
{
    bool free_wire = stream->under_way == 0;
    leave(stream, cause);
    if (free_wire)
        http_reply_write(stream->req, pr_str(""), true, (struct pr_done){NULL, NULL});
    else
        http_reply_abort(stream->req); /* tells on_sent */
}

static void cut(struct stream *stream, const char *cause)
{
    leave(stream, cause);
    http_reply_abort(stream->req);
}

/* ---- what is said ---- */

static void flush(struct stream *stream);

static void on_sent(void *arg, enum pr_err err)
{
    struct stream *stream = arg;
    if (stream->ended)
        return; /* by us */
    if (err) {
        leave(stream, "left");
        return;
    }
    pr_buf_consume(&stream->pending, stream->under_way);
    stream->under_way = 0;
    if (stream->pending.n == 0)
        pr_buf_fini(&stream->pending);
    else
        flush(stream);
}

/* The stream may have ended when this returns. */
static void flush(struct stream *stream)
{
    struct pr_str piece = pr_buf_str(&stream->pending);
    if (stream->under_way > 0 || piece.n == 0)
        return;
    piece.n = piece.n < PIECE_MAX_BYTES ? piece.n : PIECE_MAX_BYTES;
    stream->under_way = piece.n;
    stream->said_ms = uv_now(stream->owner->loop);
    http_reply_write(stream->req, piece, false, (struct pr_done){on_sent, stream});
}

static void say(struct stream *stream, struct pr_str text)
{
    if (!stream->pending.p)
        pr_buf_init(&stream->pending, PENDING_MAX_BYTES);
    pr_buf_append(&stream->pending, text);
    if (stream->pending.full)
        cut(stream, "slow");
    else
        flush(stream);
}

static void tell(struct updates_listener *listener, const struct update *update)
{
    struct stream *stream = PR_CONTAINER(listener, struct stream, listener);
    char text[EVENT_MAX_BYTES] = "event: media\ndata: ";
    size_t n = strlen(text);
    json_t *json = update_to_json(update);
    n += json_dumpb(json, text + n, sizeof text - n - 2, JSON_COMPACT);
    json_decref(json);
    assert(n <= sizeof text - 2); /* an id and a word of UPDATE_REASON_MAX */
    text[n++] = '\n';
    text[n++] = '\n';
    say(stream, pr_str_n(text, n));
}

/* ---- is he still there, and who is he? ---- */

static void authenticated(void *arg, enum pr_err err, const struct caller *caller,
                          const char *header, const struct limit_verdict *limited)
{
    struct stream *stream = arg;
    (void)caller;
    (void)header;
    (void)limited;
    stream->asking = false;
    if (stream->ended)
        uv_close((uv_handle_t *)&stream->timer, on_timer_closed);
    else if (err && pr_err_class(err) != PR_CLASS_TEMPORARY)
        end(stream, "credential");
}

static void on_timer(uv_timer_t *timer)
{
    struct stream *stream = timer->data;
    if (http_req_client_left(stream->req)) {
        cut(stream, "left");
        return;
    }
    if (uv_now(timer->loop) - stream->said_ms >= SILENCE_MS)
        say(stream, pr_str(":\n\n"));
    if (stream->ended || stream->asking)
        return;
    stream->asking = true;
    authenticate(stream->owner->deps, pr_str(stream->secret), pr_str(stream->client), authenticated,
                 stream);
}

/* ---- the beginning ---- */

static struct stream *stream_new(struct http_updates *owner, struct gateway_call *call)
{
    struct stream *stream = PR_NEW(struct stream);
    struct pr_str secret;
    bool known =
        call_secret(call, &secret) && pr_str_copy(secret, stream->secret, sizeof stream->secret) &&
        pr_str_copy(http_req_client_network(call->req), stream->client, sizeof stream->client);
    assert(known); /* it was let in with it */
    (void)known;
    stream->listener.tell = tell;
    stream->owner = owner;
    stream->req = call->req;
    return stream;
}

static void open_stream(struct stream *stream)
{
    struct http_updates *owner = stream->owner;
    char text[32];
    TAILQ_INSERT_TAIL(&owner->streams, stream, link);
    owner->streams_count++;
    metric_add(&streams_open, 1, NULL);
    uv_timer_init(owner->loop, &stream->timer);
    stream->timer.data = stream;
    uv_timer_start(&stream->timer, on_timer, ASK_EVERY_MS, ASK_EVERY_MS);
    snprintf(text, sizeof text, "retry: %d\n\n", RETRY_MS);
    say(stream, pr_str(text));
}

void get_updates(struct gateway_call *call)
{
    struct http_updates *owner = call->gateway->updates;
    struct stream *stream;
    if (owner->refusing) {
        call_reply_error(call, PR_ERR_UNAVAILABLE);
        return;
    }
    stream = stream_new(owner, call);
    if (!updates_join(owner->updates, &stream->listener, &call->caller.identity.account_id)) {
        struct pr_fault fault;
        free(stream);
        (void)pr_fault_set(&fault, PR_ERR_LIMITED, "", "%d streams of this account are open",
                           HTTP_UPDATES_STREAMS_MAX);
        http_reply_header(call->req, "retry-after", pr_str(COME_AGAIN_S));
        call_reply_fault(call, &fault);
        return;
    }
    http_reply_header(call->req, "content-type", pr_str("text/event-stream"));
    http_reply_header(call->req, "x-accel-buffering", pr_str("no")); /* nginx: pass on at once */
    call_tell_limits(call);
    http_reply_start(call->req, 200, -1);
    open_stream(stream);
}

/* ---- all of them ---- */

struct http_updates *http_updates_create(uv_loop_t *loop, const struct gateway_deps *deps)
{
    struct http_updates *owner = PR_NEW(struct http_updates);
    owner->loop = loop;
    owner->deps = deps;
    owner->updates = updates_create(HTTP_UPDATES_STREAMS_MAX);
    TAILQ_INIT(&owner->streams);
    return owner;
}

struct updates *http_updates_of(struct http_updates *owner)
{
    return owner->updates;
}

void http_updates_end_streams(struct http_updates *owner)
{
    struct stream *stream;
    while ((stream = TAILQ_FIRST(&owner->streams)))
        end(stream, "ended");
}

void http_updates_refuse(struct http_updates *owner)
{
    owner->refusing = true;
    http_updates_end_streams(owner);
}

void http_updates_close(struct http_updates *owner, void (*closed)(void *arg), void *arg)
{
    assert(owner->refusing);
    owner->closed = closed;
    owner->closed_arg = arg;
    close_if_empty(owner);
}
