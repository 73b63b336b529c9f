/* usecases: what the gateway does itself, one function each; the file of the same name tells how.
 */
#pragma once

#include "services/gateway/usecases/ports.h"

/* Turns the Authorization header into the identity header for the services. PR_ERR_UNAUTHORIZED
 * when it is none of ours. identity is borrowed for the call. */
typedef void (*authenticate_done_fn)(void *arg, enum pr_err err, const char *identity);
void authenticate(const struct gateway_deps *deps, struct pr_str authorization,
                  authenticate_done_fn done, void *arg);

/* Makes an administrator's token; its text is shown this once. */
void make_admin_token(const struct gateway_deps *deps, char token[TOKEN_TEXT], struct pr_done done);
