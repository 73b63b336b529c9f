/* utf8: is this text, and can it be shown? (RFC 3629) */
#pragma once

#include "shared/base/str.h"

/* The next code point, *i (below s.n) moved behind it; -1 when the bytes are not one: *i then is
 * anywhere behind the first of them. */
int32_t pr_utf8_next(struct pr_str s, size_t *i);

/* Well-formed UTF-8: no overlong form, no surrogate, nothing above U+10FFFF. */
bool pr_utf8_valid(struct pr_str s);

/* Holds a control character: C0, DEL, C1, or one that turns the direction of text (U+202A-202E,
 * U+2066-2069, U+200E, U+200F, U+061C). s must be valid. */
bool pr_utf8_is_control(int32_t point);
bool pr_utf8_has_control(struct pr_str s);
