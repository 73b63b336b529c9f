/* http_events: what answers the routes of events; the table is in http_media.c. */
#pragma once

#include "shared/http/server.h"

#define EVENT_BODY_MAX_BYTES ((size_t)4096)
#define LINKS_BODY_MAX_BYTES ((size_t)32768)

void post_event(void *deps, struct http_request *req);
void get_events(void *deps, struct http_request *req);
void get_one_event(void *deps, struct http_request *req);
void patch_event(void *deps, struct http_request *req);
void delete_one_event(void *deps, struct http_request *req);
void get_event_media(void *deps, struct http_request *req);
void put_event_media(void *deps, struct http_request *req);
void delete_event_media(void *deps, struct http_request *req);
