/* reader: msgpack values one after the other from bytes nobody vouches for, without allocating.
 * Every length is checked against the bytes that are left before it is believed.
 * (https://github.com/msgpack/msgpack/blob/master/spec.md) */
#pragma once

#include "shared/base/str.h"

enum value_kind {
    VALUE_OTHER, /* what no message of ours holds: nil, float, ext, an integer above INT64_MAX */
    VALUE_BOOL,
    VALUE_INT,
    VALUE_STR,
    VALUE_BIN,
    VALUE_ARRAY,
    VALUE_MAP,
};

struct value {
    enum value_kind kind;
    int64_t number;      /* VALUE_INT; VALUE_BOOL: 0 or 1 */
    struct pr_str bytes; /* VALUE_STR, VALUE_BIN: a view into the input */
    size_t count;        /* VALUE_ARRAY: elements; VALUE_MAP: pairs. They follow as values */
};

struct reader {
    struct pr_str rest;
};

/* The next value, of an array or map its head only. False when the bytes end or are not msgpack. */
bool reader_next(struct reader *in, struct value *out);

/* Passes over the next value and all that is in it; at most max_depth containers within each other.
 */
bool reader_skip(struct reader *in, unsigned max_depth);
