/* redis_poll: lets a hiredis connection wait on a libuv loop. hiredis's own adapter is not used: it
 * takes a socket that libuv gave up on for a quiet one, and its connection then hangs for ever. */
#pragma once

#include <hiredis/async.h>
#include <stdbool.h>
#include <uv.h>

/* Attaches a fresh connection; closed comes once the loop has let go of its socket, after hiredis
 * freed the connection. False, with nothing to come, when the loop refuses the socket. */
bool redis_poll_attach(redisAsyncContext *context, uv_loop_t *loop, void (*closed)(void *arg),
                       void *arg);
