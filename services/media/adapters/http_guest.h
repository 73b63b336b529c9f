/* http_guest: the routes of guests; each is in the table of http_media.c. The gateway says for whom
 * it asks, and hands on the token it found (client_seal.h). The handlers' argument
 * is a `const struct media_deps *`. */
#pragma once

#include "shared/http/server.h"

#define GUEST_BODY_MAX_BYTES ((size_t)4096)

void post_guest_access(void *deps, struct http_request *req);
void delete_guest_access(void *deps, struct http_request *req);
void get_guest_event(void *deps, struct http_request *req);
void get_one_guest_photo(void *deps, struct http_request *req);

/* Headers for no cache, no search engine, no page behind a link; in every answer. */
void guest_reply_privately(struct http_request *req);
