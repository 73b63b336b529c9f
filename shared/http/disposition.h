/* disposition: the header Content-Disposition of what is to be saved (RFC 6266). */
#pragma once

#include "shared/base/buf.h"

/* Appends: attachment; filename="…", of printable ASCII; when that is not the name itself and the
 * name is UTF-8, also filename*=UTF-8''… (RFC 8187). */
void http_put_attachment(struct pr_buf *out, struct pr_str name);
