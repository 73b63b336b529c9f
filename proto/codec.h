/* codec: any message to msgpack and back, by the table of its fields. Services use the functions of
 * messages.h; this is for them and for what looks at the tables (asyncapi.yaml, the tests). */
#pragma once

#include "proto/messages.h"

/* Maps and arrays within each other, the message itself being the first. */
#define MESSAGE_MAX_DEPTH 8

enum field_kind { FIELD_UUID, FIELD_STR, FIELD_BYTES, FIELD_INT, FIELD_BOOL, FIELD_LIST };

/* A line of messages.def. */
struct message_field {
    const char *name;
    enum field_kind kind;
    bool required;
    int64_t min, max; /* of the value, its bytes or its elements, by the kind */
    size_t at;        /* offset of the member */
    size_t has_at;    /* offset of has_<name>; optional fields only */
    size_t count_at;  /* offset of <name>_count; lists only */
    const struct message_record *(*record)(void); /* of the elements; lists only */
    const char *example;                          /* as text; not for lists */
    const char *doc;
};

struct message_record {
    const char *name, *doc;
    size_t size; /* of the struct */
    const struct message_field *fields;
    size_t fields_count;
};

/* msg and out are the struct that the record describes; errors as in messages.h. */
enum pr_err message_encode(const struct message_record *record, const void *msg,
                           struct pr_buf *out) PR_CHECK;
enum pr_err message_decode(const struct message_record *record, struct pr_str bytes, void *out,
                           struct pr_fault *fault) PR_CHECK;
