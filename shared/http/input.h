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
    INPUT_TEXT,       /* struct pr_str, at most max bytes */
    INPUT_ID,         /* struct pr_uuid */
    INPUT_ID_OR_NULL, /* struct pr_uuid; nil for null, and only then */
    INPUT_IDS,        /* struct input_ids: an array of min to max ids, none of them twice */
    INPUT_INTEGER,    /* int64_t, min to max */
    INPUT_BOOLEAN,    /* int, 0 or 1 */
    INPUT_WORDS,      /* struct pr_str: an array of words, joined by spaces; max bytes in all */
    INPUT_OBJECTS,    /* struct input_objects: an array of min to max objects */
    INPUT_FIXED,      /* fills nothing: who sends it is told that it cannot be changed */
};

struct input_ids {
    const struct pr_uuid *items; /* in the request's arena, as they were sent; NULL: none were */
    size_t n;
};

/* The table of an item's members and the size of what it fills are given; items live as long as the
 * request, zeroed but for what was read. A fault names "items[3].size". */
struct input_objects {
    const struct input_field *fields;
    size_t size;
    void *items;
    size_t n;
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

/* The JSON body (http_req_json); texts and ids are copied into the request's arena. */
bool input_read(struct http_request *req, const struct input_field *fields, void *out,
                struct pr_fault *fault);

/* The path's {id}. */
bool input_id(const struct http_request *req, struct pr_uuid *out, struct pr_fault *fault);

/* The same of another {name}. */
bool input_param_id(const struct http_request *req, const char *name, struct pr_uuid *out,
                    struct pr_fault *fault);

/* The query's limit (1 to 100, 20 without) and cursor: the id of the last item seen, in base64url,
 * opaque to clients; nil without. */
bool input_page(const struct http_request *req, size_t *limit, struct pr_uuid *before_id,
                struct pr_fault *fault);

/* What such a list answers: items (taken) and next_cursor. last NULL: there is no more. */
json_t *input_page_to_json(json_t *items, const struct pr_uuid *last);
