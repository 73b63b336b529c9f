/* client: HTTP requests of our own (libcurl's multi interface on the loop), to stores and other
 * people's APIs. Connections are kept alive. Nothing is followed, no proxy of the environment is
 * used. */
#pragma once

#include "shared/base/buf.h"
#include "shared/base/done.h"
#include "shared/http/header.h"

#include <uv.h>

/* Takes a piece of a body; false stops the transfer (PR_ERR_INTERNAL unless the owner knows
 * better). */
typedef bool (*http_sink_fn)(void *arg, struct pr_str bytes);

struct http_call {
    const char *method;
    struct pr_str url;
    const struct http_header *headers;
    size_t headers_count;
    struct pr_str body; /* borrowed until done; p == NULL: none */
    int64_t timeout_ms; /* for the whole call; 0: none, but it must not stall (below) */
    int64_t stall_ms;   /* less than 1 KiB/s for so long ends it with PR_ERR_TIMEOUT */
    int64_t max_bytes;  /* of the answer's body; more ends it with PR_ERR_TOO_LARGE */
    http_sink_fn sink;  /* gets the body of a 2xx answer; NULL: it goes to answer_body */
    void *sink_arg;

    int status;                /* out: HTTP status, 0 when there was none; known to the sink */
    struct pr_buf answer_body; /* out: unless sunk; the caller frees it (pr_buf_fini) */
    struct pr_buf answer_head; /* out: the header lines; read by http_call_header; caller frees */
    struct http_transfer *transfer; /* the client's; NULL once it is done */
};

struct http_client;
struct http_client *http_client_create(uv_loop_t *loop, unsigned max_connections_per_host);

/* call is borrowed until done. PR_OK whatever the status; PR_ERR_UNAVAILABLE (not reached, broken
 * off), PR_ERR_TIMEOUT, PR_ERR_TOO_LARGE. */
void http_client_send(struct http_client *client, struct http_call *call, struct pr_done done);

/* Of a call under way, for a reader that cannot keep up. A paused one gives its sink nothing more:
 * at most 64 KiB wait here, the rest with the sender, and stalling is no fault then. Resuming may
 * call the sink before it returns. Neither does anything when it is so already. */
void http_call_pause(struct http_call *call);
void http_call_resume(struct http_call *call);
/* Ends it with PR_ERR_UNAVAILABLE: before this returns, or, from its sink, soon. Nothing more
 * reaches the sink. Not from another call's sink. */
void http_call_cancel(struct http_call *call);

struct pr_str http_call_header(const struct http_call *call, const char *name); /* or empty */
void http_client_close(struct http_client *client, void (*closed)(void *arg), void *arg);
