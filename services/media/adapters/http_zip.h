/* http_zip: the photos of a guest's code as a ZIP archive, all or some, that can be resumed. */
#pragma once

#include "shared/http/server.h"

#define ZIP_IDS_MAX 200 /* as many as fit into a request's target */

/* GET /guest/{account}/{slug}/zip?ids=…; in the table of http_media.c. deps: a const struct media_deps. */
void get_guest_zip(void *deps, struct http_request *req);
