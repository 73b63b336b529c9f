/* input: what a request says, checked and read: the members of its JSON body by a table, ids, pages
 * of a list. What is wrong is a fault (400) that names the field.
 *
 *     static const struct input_field fields[] = {
 *         INPUT_FIELD(struct body, name, "name", INPUT_TEXT, true, 0, 64),
 *         INPUT_END,
 *     };
 *     if (!input_read(req, fields, &body, &fault)) … */
#pragma once

#include "shared/http/server.h"

#include <stddef.h>

enum input_type {
    INPUT_TEXT,    /* struct pr_str, at most max bytes */
    INPUT_ID,      /* struct pr_uuid */
    INPUT_INTEGER, /* int64_t, min to max */
    INPUT_BOOLEAN, /* int, 0 or 1 */
    INPUT_WORDS,   /* struct pr_str: an array of words, joined by spaces; max bytes in all */
    INPUT_FIXED,   /* fills nothing: who sends it is told that it cannot be changed */
};

struct input_field {
    const char *name; /* NULL ends a table */
    enum input_type type;
    bool required; /* else what it fills stays as it was; of the end: no other members are taken */
    size_t offset; /* of what it fills */
    int64_t min, max;
};

#define INPUT_FIELD(struct_type, member, name, type, required, min, max)                           \
    {                                                                                              \
        name, type, required, offsetof(struct_type, member), min, max                              \
    }
#define INPUT_FIXED_FIELD(name)                                                                    \
    {                                                                                              \
        name, INPUT_FIXED, false, 0, 0, 0                                                          \
    }
#define INPUT_END /* any other member is a fault */                                                \
    {                                                                                              \
        NULL, INPUT_FIXED, true, 0, 0, 0                                                           \
    }
#define INPUT_END_OPEN /* other members are ignored */                                             \
    {                                                                                              \
        NULL, INPUT_FIXED, false, 0, 0, 0                                                          \
    }

/* The JSON body (http_req_json); texts are copied into the request's arena. */
bool input_read(struct http_request *req, const struct input_field *fields, void *out,
                struct pr_fault *fault);

/* The path's {id}. */
bool input_id(const struct http_request *req, struct pr_uuid *out, struct pr_fault *fault);

/* The query's limit (1 to 100, 20 without) and cursor: the id of the last item seen, in base64url,
 * opaque to clients; nil without. */
bool input_page(const struct http_request *req, size_t *limit, struct pr_uuid *before_id,
                struct pr_fault *fault);

/* A list's next_cursor; a new reference. last NULL: there is no more. */
json_t *input_next_cursor(const struct pr_uuid *last);
