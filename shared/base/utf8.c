#include "shared/base/utf8.h"

int32_t pr_utf8_next(struct pr_str s, size_t *i)
{
    static const int32_t smallest[] = {0, 0x80, 0x800, 0x10000};
    uint8_t first = (uint8_t)s.p[(*i)++];
    int more = first < 0x80 ? 0 : first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : -1;
    if (more < 0 || first > 0xf4)
        return -1;
    int32_t point = more == 0 ? first : first & (0x3f >> more);
    for (int k = 0; k < more; k++) {
        if (*i == s.n || ((uint8_t)s.p[*i] & 0xc0) != 0x80)
            return -1;
        point = point << 6 | ((uint8_t)s.p[(*i)++] & 0x3f);
    }
    if (point < smallest[more] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
        return -1;
    return point;
}

bool pr_utf8_valid(struct pr_str s)
{
    for (size_t i = 0; i < s.n;) {
        if (pr_utf8_next(s, &i) < 0)
            return false;
    }
    return true;
}

bool pr_utf8_is_control(int32_t c)
{
    return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x61c || c == 0x200e || c == 0x200f ||
           (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

bool pr_utf8_has_control(struct pr_str s)
{
    for (size_t i = 0; i < s.n;) {
        if (pr_utf8_is_control(pr_utf8_next(s, &i)))
            return true;
    }
    return false;
}
