#include "services/media/domain/code.h"

#include "shared/base/utf8.h"

#include <assert.h>

static const char alphabet[] = "23456789ABCDEFGHJKMNPQRSTUVWXYZ";

#define ALPHABET_N ((unsigned)(sizeof alphabet - 1))

_Static_assert(sizeof alphabet - 1 == 31, "as its header says");

static bool looks_like_number(const char *code)
{
    size_t digits = strspn(code, "23456789");
    const char *exponent = code + digits + 1;
    return digits > 0 && code[digits] == 'E' && *exponent &&
           strspn(exponent, "23456789") == strlen(exponent);
}

/* 256 is no multiple of 31: the bytes above the last multiple would favour the first characters. */
bool code_from_random(const uint8_t *random, size_t n, size_t length, char out[CODE_LENGTH_MAX + 1])
{
    size_t drawn = 0;
    assert(length >= CODE_LENGTH_MIN && length <= CODE_LENGTH_MAX);
    for (size_t i = 0; i < n && drawn < length; i++) {
        if (random[i] < 256 / ALPHABET_N * ALPHABET_N)
            out[drawn++] = alphabet[random[i] % ALPHABET_N];
    }
    out[drawn] = 0;
    return drawn == length && !looks_like_number(out);
}

/* Unicode's White_Space, and the dashes U+2010 to U+2015. */
static bool is_gap(int32_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || c == '-' || c == 0x85 || c == 0xa0 ||
           c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || (c >= 0x2010 && c <= 0x2015) ||
           c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

bool code_normalize(struct pr_str typed, char out[CODE_LENGTH_MAX + 1])
{
    size_t n = 0;
    for (size_t i = 0; i < typed.n;) {
        int32_t c = pr_utf8_next(typed, &i);
        if (is_gap(c))
            continue;
        if (c >= 'a' && c <= 'z')
            c += 'A' - 'a';
        if (c <= 0 || c > 0x7f || !strchr(alphabet, c) || n == CODE_LENGTH_MAX)
            return false;
        out[n++] = (char)c;
    }
    out[n] = 0;
    return n >= CODE_LENGTH_MIN;
}

enum pr_err code_set_label(struct code *code, struct pr_str label, struct pr_fault *fault)
{
    static const char field[] = "label";
    label = pr_str_trim(label);
    if (label.n == 0 || label.n > CODE_LABEL_MAX)
        return pr_fault_set(fault, PR_ERR_INVALID, field, "must have 1 to %d bytes",
                            CODE_LABEL_MAX);
    if (!pr_utf8_valid(label))
        return pr_fault_set(fault, PR_ERR_INVALID, field, "must be UTF-8");
    if (pr_utf8_has_control(label))
        return pr_fault_set(fault, PR_ERR_INVALID, field, "must not hold control characters");
    (void)pr_str_copy(label, code->label, sizeof code->label);
    return PR_OK;
}

int64_t code_ends_at_ms(const struct code *code, int64_t event_expires_at_ms)
{
    bool own = code->expires_at_ms != 0 && code->expires_at_ms < event_expires_at_ms;
    return own ? code->expires_at_ms : event_expires_at_ms;
}
