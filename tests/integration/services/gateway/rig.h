/* rig: the gateway's routes between a real client and a media that believes the identity header and
 * tells what else it got. What the usecases need is faked (gateway_world). */
#pragma once

#include "services/gateway/adapters/http_gateway.h"
#include "shared/http/client.h"
#include "tests/support/await.h"
#include "tests/support/gateway_world.h"
#include "tests/support/test.h"

#define RIG_BODY_MAX_BYTES ((size_t)65536)
#define RIG_HEADERS 8

struct rig {
    uv_loop_t loop;
    struct gateway_world *world;
    struct gateway_config config; /* at https://photos.example; limits far away */
    struct http_gateway gateway;
    struct http_server *public, *media;
    unsigned arrived; /* at media */

    struct account account; /* alice */
    struct credential token, session;
    char token_text[SECRET_TEXT], session_text[SECRET_TEXT];

    struct http_client *client;
    struct await await;
    struct http_call call; /* the last one, with its answer */
    char url[1024], credential[128];
    struct http_header headers[RIG_HEADERS]; /* of the next request */
    size_t headers_n;
};

int rig_setup(void **state);
int rig_teardown(void **state);
void rig_close_server(struct rig *rig, struct http_server **server);

/* For the next request. A prt_… goes as a token, a prs_… as a cookie, anything else as it is into
 * Authorization; NULL or "": none. */
void rig_add_header(struct rig *rig, const char *name, const char *value);
void rig_identify(struct rig *rig, const char *credential);

/* The status; body NULL: none. */
int rig_ask(struct rig *rig, const char *method, const char *path, const char *body);
int rig_ask_as(struct rig *rig, const char *credential, const char *method, const char *path,
               const char *body);

struct pr_str rig_header(struct rig *rig, const char *name); /* of the answer, or empty */
void assert_header(struct rig *rig, const char *name, const char *value);
void assert_answer_has(struct rig *rig, const char *text); /* its body */
