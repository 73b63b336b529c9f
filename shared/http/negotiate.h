/* negotiate: what a client says it has, and takes (RFC 9110 sections 12.5.3 and 13.1.2). Pure. */
#pragma once

#include "shared/base/str.h"

/* If-None-Match names this entity tag (with its quotes), compared weakly, or is "*". */
bool etag_listed(struct pr_str if_none_match, struct pr_str etag);

/* Accept-Encoding takes gzip. Without the header (empty) it does not. */
bool gzip_accepted(struct pr_str accept_encoding);
