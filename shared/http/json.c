#include "shared/http/json.h"

#include "shared/base/time.h"

bool json_depth_within(struct pr_str text, unsigned max)
{
    unsigned depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (quoted) {
            if (c == '\\')
                i++;
            else if (c == '"')
                quoted = false;
        } else if (c == '"') {
            quoted = true;
        } else if (c == '[' || c == '{') {
            if (++depth > max)
                return false;
        } else if ((c == ']' || c == '}') && depth > 0) {
            depth--;
        }
    }
    return true;
}

json_t *json_text(struct pr_str text)
{
    return json_stringn(text.p, text.n);
}

json_t *json_time(int64_t at_ms)
{
    char text[PR_RFC3339_TEXT];
    return json_string(pr_time_rfc3339(at_ms, text));
}

json_t *json_id(const struct pr_uuid *id)
{
    char text[PR_UUID_TEXT];
    return json_string(pr_uuid_format(id, text));
}
