/* render_verdict: what a decode worker's answer, or its end, says of the file it was given. */
#pragma once

#include "services/thumbnailer/usecases/ports.h"
#include "services/thumbnailer/worker/protocol.h"

/* Whether the files hold as many bytes as the answer says: who maps one must not meet its end earlier. */
bool render_reply_is_true(const struct render_reply *reply, const struct render_outcome *out);

/* Both fill out, whose files are there already. */
void render_verdict_of_reply(const struct render_reply *reply, struct render_outcome *out);

/* signal: what ended the worker, 0 when it exited. A crash or its CPU limit are the file's fault. SIGKILL
 * comes from outside (an operator, the kernel short of memory, our own limit: too_slow): the file may be
 * fine, and so it may when the worker exits by itself. */
void render_verdict_of_end(int signal, bool too_slow, struct render_outcome *out);
