/* One request, start to end: sniff, decode, make both renditions and the placeholder. */
#ifndef PIERROT_THUMBNAILER_WORKER_RENDER_H
#define PIERROT_THUMBNAILER_WORKER_RENDER_H

#include "services/thumbnailer/worker/protocol.h"

/* Fills every field of `reply` but jobs_left. The descriptors stay open. */
void render(const struct render_request *request, const int fds[RENDER_FD_COUNT],
            struct render_reply *reply);

/* Opens and loads all that the libraries will ever need; false when one of them cannot start. */
bool render_prepare(void);

#endif
