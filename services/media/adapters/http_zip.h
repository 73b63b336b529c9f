/* http_zip: the photos of a guest's code as a ZIP archive, all or some, that can be resumed. */
#pragma once

#include "shared/http/server.h"

#define ZIP_IDS_MAX 200 /* as many as fit into a request's target */

#define SELECTION_BODY_MAX_BYTES ((size_t)524288) /* EVENT_PHOTOS_MAX ids are 390,000 */

/* GET /guest/{account}/{slug}/zip?ids=…, or ?selection=…; in the table of http_media.c. deps: a const
 * struct media_deps. */
void get_guest_zip(void *deps, struct http_request *req);
/* POST /guest/{account}/{slug}/selections: for archives of more than ZIP_IDS_MAX. */
void post_guest_selection(void *deps, struct http_request *req);
