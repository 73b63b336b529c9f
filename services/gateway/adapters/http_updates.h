/* http_updates: GET /api/updates, what happens to the caller's media as it happens: a stream of
 * server-sent events (HTML Living Standard, section 9.2). Life of a stream: http_updates.c. */
#pragma once

#include "services/gateway/domain/updates.h"
#include "services/gateway/usecases/usecases.h"

#include <uv.h>

struct http_updates;

#define HTTP_UPDATES_STREAMS_MAX 16 /* of an account, in this process */

/* deps is borrowed. */
struct http_updates *http_updates_create(uv_loop_t *loop, const struct gateway_deps *deps);
struct updates *http_updates_of(struct http_updates *owner); /* to be told what happens */

/* Ends every stream: whoever wants to go on asks again, and looks up what he may have missed. */
void http_updates_end_streams(struct http_updates *owner);

/* The same, and whoever asks again is told to come later (503). Before the server closes, which waits
 * for answers. */
void http_updates_refuse(struct http_updates *owner);

/* After refuse, and when the server is gone; then calls closed. The memory is gone by then. */
void http_updates_close(struct http_updates *owner, void (*closed)(void *arg), void *arg);
