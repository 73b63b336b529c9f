/* http_codes: the routes of access codes; each is in the table of http_media.c. The handlers'
 * argument is a `const struct media_deps *`. */
#pragma once

#include "shared/http/server.h"

#define CODES_BODY_MAX_BYTES                                                                       \
    ((size_t)262144) /* all that may be said, with the longest escapes people use */

void post_codes(void *deps, struct http_request *req);
void get_codes(void *deps, struct http_request *req);
void get_one_code(void *deps, struct http_request *req);
void patch_code(void *deps, struct http_request *req);
void delete_one_code(void *deps, struct http_request *req);
void get_codes_csv(void *deps, struct http_request *req); /* http_code_export.c */
void get_code_cards(void *deps, struct http_request *req);
