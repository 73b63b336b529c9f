/* file: a file that is served from memory as it is: pages, scripts, icons. */
#pragma once

#include "shared/http/server.h"

#define HTTP_ETAG 46

struct http_file {
    const char *name;         /* how it is asked for; for whoever looks it up */
    const char *content_type; /* "text/css; charset=utf-8" */
    struct pr_str bytes;

    /* Made by http_file_prepare. */
    struct pr_str gzip; /* empty: not worth it */
    char etag[HTTP_ETAG], gzip_etag[HTTP_ETAG];
};

/* Once, at the start: the entity tags (strong, of the content's SHA-256), and of text that gets
 * smaller by it the form in gzip. name, content_type and bytes are borrowed. */
void http_file_prepare(struct http_file *file);
void http_file_fini(struct http_file *file); /* after the server has closed */

/* Answers 200, or 304 when If-None-Match says that the client has it; in gzip to who takes it. The
 * cache may keep it, but asks each time (Cache-Control: no-cache). */
void http_reply_file(struct http_request *req, const struct http_file *file);
