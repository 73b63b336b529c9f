#include "shared/http/disposition.h"

#include "shared/base/encode.h"
#include "shared/base/utf8.h"

/* The name for clients that know only quoted ASCII: one '_' for each other character, and for those
 * clients read differently ('"', '\', '%', '/'). True when that changed nothing. */
static bool put_ascii_name(struct pr_buf *out, struct pr_str name)
{
    bool same = true;
    for (size_t i = 0; i < name.n; i++) {
        uint8_t c = (uint8_t)name.p[i];
        bool safe = c >= ' ' && c <= '~' && !strchr("\"\\%/", c);
        same &= safe;
        if (safe)
            pr_buf_append(out, pr_str_n(&name.p[i], 1));
        else if ((c & 0xc0) != 0x80) /* not a later byte of a UTF-8 sequence */
            pr_buf_puts(out, "_");
    }
    return same;
}

void http_put_attachment(struct pr_buf *out, struct pr_str name)
{
    pr_buf_puts(out, "attachment; filename=\"");
    bool same = put_ascii_name(out, name);
    pr_buf_puts(out, "\"");
    if (!same && pr_utf8_valid(name)) {
        pr_buf_puts(out, "; filename*=UTF-8''");
        pr_uri_encode(out, name, false);
    }
}
