/* password_argon: passwords hashed by Argon2id (RFC 9106, by libsodium) with OWASP's least
 * parameters: 19 MiB, two passes, one lane. Each hash takes tens of milliseconds, so they are made
 * on threads of their own, niced down: the loop, and whoever else it serves, goes first. */
#pragma once

#include "services/gateway/usecases/ports.h"

#include <uv.h>

#define PASSWORD_ARGON_WAITING_MAX 64 /* beside those being hashed; to one more: PR_ERR_LIMITED */

struct password_argon;

struct password_argon *password_argon_create(uv_loop_t *loop, unsigned threads);
struct password_hasher *password_argon_port(struct password_argon *argon);

/* What waits, or comes now, ends with PR_ERR_UNAVAILABLE; what is being hashed is waited for; then
 * closed is called, later. */
void password_argon_close(struct password_argon *argon, void (*closed)(void *arg), void *arg);
