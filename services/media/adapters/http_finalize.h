/* http_finalize: POST /media/finalize. Of an upload in many parts the store may take minutes to make
 * one object, and nobody on the way waits for so long: then the answer is 202, and who asks again
 * waits for the same work. */
#pragma once

#include "shared/http/server.h"

/* Those under way. */
struct finalizations {
    uv_loop_t *loop; /* borrowed */
    uint64_t patience_ms;
    struct finalization *first;
};

/* In the table of http_media.c. deps: a const struct media_deps. */
void post_finalize(void *deps, struct http_request *req);
