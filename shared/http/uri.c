#include "shared/http/uri.h"

#include "shared/base/encode.h"
#include "shared/base/utf8.h"

bool uri_decode_text(struct pr_arena *arena, struct pr_str s, bool plus_is_space,
                     struct pr_str *out)
{
    bool plus = plus_is_space && s.n && memchr(s.p, '+', s.n);
    *out = s;
    if (plus || (s.n && memchr(s.p, '%', s.n))) {
        char *text = pr_arena_alloc(arena, s.n);
        memcpy(text, s.p, s.n);
        for (size_t i = 0; plus && i < s.n; i++) {
            if (text[i] == '+')
                text[i] = ' ';
        }
        /* In place: what is decoded is never ahead of what is read. */
        if (!pr_uri_decode(pr_str_n(text, s.n), text, &out->n))
            return false;
        out->p = text;
    }
    return out->n == 0 || (!memchr(out->p, 0, out->n) && pr_utf8_valid(*out));
}

bool query_parse(struct pr_arena *arena, struct pr_str text, struct query *out)
{
    out->count = 0;
    while (text.n > 0) {
        struct pr_str pair, name, value;
        pr_str_cut(text, '&', &pair, &text);
        if (pair.n == 0)
            continue;
        pr_str_cut(pair, '=', &name, &value);
        if (out->count == QUERY_MAX ||
            !uri_decode_text(arena, name, true, &out->names[out->count]) ||
            !uri_decode_text(arena, value, true, &out->values[out->count]))
            return false;
        out->count++;
    }
    return true;
}

bool query_find(const struct query *query, const char *name, struct pr_str *out)
{
    for (unsigned i = 0; i < query->count; i++) {
        if (pr_str_is(query->names[i], name)) {
            *out = query->values[i];
            return true;
        }
    }
    return false;
}
