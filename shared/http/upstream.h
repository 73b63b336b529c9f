/* upstream: the connections to a service, and what waits for one; for forward.c only. */
#pragma once

#include "shared/http/answer.h"
#include "shared/http/forward.h"

#define LINK_INPUT_SIZE 65536

enum link_state { LINK_CONNECTING, LINK_BUSY, LINK_IDLE, LINK_CLOSED, LINK_STATES };

/* One connection. */
struct link {
    uv_tcp_t tcp;
    struct http_upstream *upstream;
    struct link *prev, *next; /* of all */
    struct link *idle_next;   /* of those that idle */
    enum link_state state;
    struct exchange *exchange; /* NULL: it idles, or is closed */
    int64_t deadline_ms;       /* on the loop's clock */
    bool used;                 /* it has answered before */
    bool resolving, writing, reading;
    unsigned addresses; /* its name has */
    uv_getaddrinfo_t resolve;
    uv_connect_t connect;
    uv_write_t write;
    size_t input_n;
    char input[LINK_INPUT_SIZE];
};

/* A request on its way. It lives in the request's arena. */
struct exchange {
    struct http_upstream *upstream;
    struct http_request *req;
    struct exchange *next; /* in the queue for a link */
    struct link *link;
    int64_t deadline_ms;      /* in the queue */
    struct pr_str head, body; /* of the request */
    bool is_head, repeatable;
    unsigned address;      /* which one of the name's is tried */
    bool written, retried; /* a byte went out; it was sent a second time */

    struct answer answer;
    bool answering;                     /* the head is through */
    bool ended;                         /* the answer was read to its end */
    bool sending;                       /* a piece is on its way to the client */
    int64_t left;                       /* of ANSWER_LENGTH */
    struct phr_chunked_decoder decoder; /* of ANSWER_CHUNKED */
};

/* upstream.c. take() ends in exchange_connected or exchange_failed, now or later. */
struct pr_buf *upstream_scratch(struct http_upstream *upstream);
struct pr_str upstream_name(const struct http_upstream *upstream);
void upstream_take(struct exchange *exchange);
void link_give_back(struct link *link, bool reusable);
void link_set_deadline(struct link *link, int64_t in_ms); /* 0: none */
void link_pause(struct link *link);
void link_resume(struct link *link);

/* forward.c */
void exchange_connected(struct exchange *exchange);
void exchange_input(struct exchange *exchange, size_t n);    /* n more bytes in the link's input */
void exchange_broken(struct exchange *exchange, int uv_err); /* UV_EOF, or what went wrong */
void exchange_failed(struct exchange *exchange, enum pr_err err, const char *cause);
