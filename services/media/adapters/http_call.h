/* http_call: what the routes of media share: what an answer needs later, and lists of media. */
#pragma once

#include "services/media/usecases/usecases.h"
#include "shared/http/server.h"

struct call {
    const struct media_deps *deps;
    struct http_request *req;
};

struct call *call_new(const void *deps, struct http_request *req); /* freed by whoever answers */

/* {"media": …}, or the fault. Frees the call. */
void call_reply_media(struct call *call, int status, const struct pr_fault *fault,
                      const struct media *media, struct pr_arena *arena);

/* The query's state; -1 without. */
bool call_media_state(struct http_request *req, int *out, struct pr_fault *fault);

/* A list_media_done_fn; arg is the call. */
void call_media_listed(void *arg, enum pr_err err, const struct media_page *page);

/* Answers an event_fault_fn of a route whose success has no body (204); arg is the call. */
void call_ended(void *arg, const struct pr_fault *fault);
