/* uri: what a request's target says, decoded (RFC 3986; WHATWG's urlencoded form for the query). */
#pragma once

#include "shared/base/arena.h"

/* %XX decoded, and '+' as a space when plus_is_space. False for a broken escape, a NUL or invalid
 * UTF-8. The result is a view of s, or a copy in the arena when anything had to be decoded. */
bool uri_decode_text(struct pr_arena *arena, struct pr_str s, bool plus_is_space,
                     struct pr_str *out);

#define QUERY_MAX 32

struct query {
    unsigned count;
    struct pr_str names[QUERY_MAX], values[QUERY_MAX]; /* decoded */
};

/* False when a name or value cannot be decoded, or there are more than QUERY_MAX. */
bool query_parse(struct pr_arena *arena, struct pr_str text, struct query *out);

/* The first of that name. */
bool query_find(const struct query *query, const char *name, struct pr_str *out);
