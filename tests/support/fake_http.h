/* fake_http: a request without a server, for tests of routes. Its functions take the place of those
 * of shared/http in the program that is linked with them; how a real server parses, bounds and
 * answers is tested there. */
#pragma once

#include "shared/http/server.h"

#define FAKE_HTTP_VALUES 6

struct http_request {
    struct identity identity;
    const char *body; /* JSON */
    struct idempotency idempotency;
    bool key_is_bad; /* the one of the idempotency */
    struct {
        const char *name, *value;
    } params[FAKE_HTTP_VALUES], query[FAKE_HTTP_VALUES], headers[FAKE_HTTP_VALUES];
    const char *method; /* fake_http_run sets it */
    struct pr_arena arena;

    /* The answer. */
    unsigned replies;
    int status;
    const char *header_name; /* of the last one; NULL: none */
    char header_value[256];
    char content_type[64]; /* of a text */
    size_t pieces;         /* that a streamed body came in */
    size_t leaves_after;   /* the client, after so many pieces; 0: never */
    struct pr_done sent;   /* of a piece on its way; fake_http_run lets them all go */
    json_t *json;          /* also of one in pieces; NULL: without a body, or with a text */
    struct pr_buf text;    /* a body that is no JSON, in one piece or many */
    bool aborted;
    struct pr_fault fault; /* when it is an error */
};

/* Finds the route and runs its handler. */
void fake_http_run(const struct http_route *routes, const char *method, const char *path, void *arg,
                   struct http_request *req);
void fake_http_fini(struct http_request *req);
