#include "shared/base/str.h"

#include "shared/base/alloc.h"

#include <strings.h>

bool pr_str_eq_nocase(struct pr_str a, struct pr_str b)
{
    return a.n == b.n && (a.n == 0 || strncasecmp(a.p, b.p, a.n) == 0);
}

bool pr_str_is_nocase(struct pr_str a, const char *text)
{
    return pr_str_eq_nocase(a, pr_str(text));
}

void pr_lower(char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (text[i] >= 'A' && text[i] <= 'Z')
            text[i] = (char)(text[i] - 'A' + 'a');
    }
}

bool pr_str_has_prefix(struct pr_str s, struct pr_str prefix)
{
    return s.n >= prefix.n && pr_str_eq(pr_str_n(s.p, prefix.n), prefix);
}

bool pr_str_has_suffix(struct pr_str s, struct pr_str suffix)
{
    return s.n >= suffix.n && pr_str_eq(pr_str_n(s.p + s.n - suffix.n, suffix.n), suffix);
}

struct pr_str pr_str_trim(struct pr_str s)
{
    while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = pr_str_n(s.p + 1, s.n - 1);
    while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

bool pr_str_cut(struct pr_str s, char at, struct pr_str *head, struct pr_str *tail)
{
    const char *found = s.n ? memchr(s.p, at, s.n) : NULL;
    if (!found) {
        *head = s;
        *tail = (struct pr_str){NULL, 0};
        return false;
    }
    *head = pr_str_n(s.p, (size_t)(found - s.p));
    *tail = pr_str_n(found + 1, s.n - head->n - 1);
    return true;
}

bool pr_str_to_int(struct pr_str s, int64_t min, int64_t max, int64_t *out)
{
    bool negative = s.n > 0 && s.p[0] == '-';
    size_t i = negative ? 1 : 0;
    int64_t value = 0;
    if (i == s.n)
        return false;
    for (; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        int64_t digit = s.p[i] - '0';
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, negative ? -digit : digit, &value))
            return false;
    }
    if (value < min || value > max)
        return false;
    *out = value;
    return true;
}

bool pr_str_copy(struct pr_str s, char *out, size_t size)
{
    if (s.n >= size) {
        out[0] = 0;
        return false;
    }
    if (s.n)
        memcpy(out, s.p, s.n);
    out[s.n] = 0;
    return true;
}

char *pr_str_dup(struct pr_str s)
{
    char *copy = pr_alloc(s.n + 1);
    if (s.n)
        memcpy(copy, s.p, s.n);
    return copy;
}
