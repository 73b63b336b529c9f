/* harness: a server on a free port of 127.0.0.1, and a client that talks to it from a thread of its
 * own, with blocking sockets, as rudely as it likes. When the client has finished, the server is
 * closed and the loop must close clean. The thread only collects; assertions are made after it. */
#pragma once

#include "shared/http/server.h"

#include <stdio.h>

#define ANSWERS 16

struct answer_text {
    char *p; /* terminated */
    size_t n;
};

struct harness {
    uv_loop_t loop;
    struct http_server_options options; /* what a test sets before; the rest is filled in */
    struct http_server *server;
    unsigned port;
    void (*client)(struct harness *harness);
    struct answer_text answers[ANSWERS];
    int64_t numbers[ANSWERS];
    char log[262144]; /* what was logged */
    size_t log_n;
    bool stopping;                            /* the client has finished */
    void (*on_stop)(struct harness *harness); /* instead of closing the server; NULL: that */
    uv_async_t finished;
};

#define HARNESS_SECRET "the secret of the tests"

/* Runs to the end; arg of the handlers is the harness. */
void harness_run(struct harness *harness, const struct http_route *routes, unsigned max_connections,
                 void (*client)(struct harness *harness));
void harness_start(struct harness *harness, const struct http_route *routes,
                   unsigned max_connections);
void harness_finish(struct harness *harness, void (*client)(struct harness *harness));
void harness_free(struct harness *harness); /* the answers */

/* Of handlers: GET /metrics, and an answer "late" after a while. */
void get_metrics(void *arg, struct http_request *req);
void answer_late(struct harness *harness, struct http_request *req, uint64_t after_ms);

/* For the client's thread. */
int dial(unsigned port);
int dial_from(const char *address, unsigned port); /* one of 127.0.0.0/8; -1: refused */
bool send_text(int fd, const char *text);
bool send_bytes(int fd, const void *p, size_t n);
/* Reads to the end of the connection, or until nothing came for wait_ms; -1 as n: it was reset. */
struct answer_text read_rest(int fd, int wait_ms);
/* One connection: sends, reads to the end (requests should say "connection: close"). */
struct answer_text talk(unsigned port, const char *text);

void assert_contains(struct answer_text answer, const char *text);
void assert_lacks(struct answer_text answer, const char *text);
void assert_status(struct answer_text answer, int status);
