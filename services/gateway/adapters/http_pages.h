/* http_pages: the pages people see, what they are made of, and the documents of the API. All of it
 * is compiled in: the folder web/ and proto/openapi.yaml. */
#pragma once

#include "shared/http/file.h"
#include "shared/http/origin.h"

struct http_pages {
    struct http_file *files; /* ended by a NULL name */
    char content_security_policy[1024];
};

/* store: where browsers find the object store; the only other origin that a page may reach. */
void http_pages_init(struct http_pages *pages, const struct origin *store);
void http_pages_fini(struct http_pages *pages); /* after the server has closed; zeroed is fine */

/* Answers a GET by its path: /, /signup, /login, /account, /admin, /events, /assets/…,
 * /favicon.ico, /robots.txt, /api/openapi.yaml, /api/docs; 404 for anything else. */
void http_pages_answer(const struct http_pages *pages, struct http_request *req);

/* Answers with the page of one event, the same whatever the path: its script asks whose it is. */
void http_pages_answer_event(const struct http_pages *pages, struct http_request *req);

/* Answers with the guest's page, the same whatever the path: it knows of no event. */
void http_pages_answer_guest(const struct http_pages *pages, struct http_request *req);
