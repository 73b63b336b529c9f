/* http_parts: what answers the routes of uploads in parts; the table is in http_media.c. */
#pragma once

#include "shared/http/server.h"

#define PARTS_BODY_MAX_BYTES ((size_t)16384) /* WANTED_PARTS_MAX of them */

void post_parts(void *deps, struct http_request *req);
void get_parts(void *deps, struct http_request *req);
