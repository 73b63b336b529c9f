/* cors: pages of the configured origins may read our answers (Fetch Standard, "CORS protocol"):
 * with API tokens; our cookie is for our own pages, so credentials are never allowed. */
#pragma once

#include "shared/http/origin.h"
#include "shared/http/server.h"

/* The headers of an answer to a page of an allowed origin; nothing to any other. */
void cors_allow(const struct origins *allowed, struct http_request *req);

/* Answers OPTIONS. */
void cors_answer_preflight(const struct origins *allowed, struct http_request *req);
