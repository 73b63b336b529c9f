/* range: a part of an answer (RFC 9110, section 14), and whom it may be given to. */
#pragma once

#include "shared/base/str.h"

enum http_range {
    HTTP_RANGE_WHOLE,         /* none was asked for, or more than one, or what nobody understands */
    HTTP_RANGE_PART,          /* 206 */
    HTTP_RANGE_UNSATISFIABLE, /* 416, with "content-range: bytes * /size" without the blank */
};

/* What the headers Range and If-Range (empty: not there) ask of size_bytes whose strong entity tag
 * is etag. Of the whole, first and n are set as well. */
enum http_range http_range_read(struct pr_str range, struct pr_str if_range, struct pr_str etag,
                                int64_t size_bytes, int64_t *first, int64_t *n);
