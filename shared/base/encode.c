#include "shared/base/encode.h"

#include <sodium.h>

void pr_hex_encode(const void *bytes, size_t n, char *out)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *b = bytes;
    for (size_t i = 0; i < n; i++) {
        *out++ = digits[b[i] >> 4];
        *out++ = digits[b[i] & 15];
    }
    *out = 0;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool pr_hex_decode(struct pr_str hex, void *out, size_t n)
{
    uint8_t *to = out;
    if (hex.n != 2 * n)
        return false;
    for (size_t i = 0; i < n; i++) {
        int high = hex_digit(hex.p[2 * i]), low = hex_digit(hex.p[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        to[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

void pr_base64_encode(const void *bytes, size_t n, char *out)
{
    sodium_bin2base64(out, PR_BASE64_SIZE(n), bytes, n, sodium_base64_VARIANT_ORIGINAL);
}

void pr_base64url_encode(const void *bytes, size_t n, char *out)
{
    sodium_bin2base64(out, PR_BASE64URL_SIZE(n), bytes, n,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static bool base64_decode(struct pr_str text, void *out, size_t *n, int variant)
{
    const char *end;
    size_t room = *n;
    for (size_t i = 0; i < text.n; i++) {
        if ((uint8_t)text.p[i] > 0x7f)
            return false; /* libsodium 1.0.18 takes such bytes for digits */
    }
    return sodium_base642bin(out, room, text.p, text.n, NULL, n, &end, variant) == 0 &&
           (size_t)(end - text.p) == text.n;
}

bool pr_base64_decode(struct pr_str text, void *out, size_t *n)
{
    return base64_decode(text, out, n, sodium_base64_VARIANT_ORIGINAL);
}

bool pr_base64url_decode(struct pr_str text, void *out, size_t *n)
{
    return base64_decode(text, out, n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static bool unreserved(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void pr_uri_encode(struct pr_buf *out, struct pr_str s, bool keep_slash)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = (uint8_t)s.p[i];
        if (unreserved(s.p[i]) || (keep_slash && c == '/'))
            pr_buf_append(out, pr_str_n(s.p + i, 1));
        else
            pr_buf_append(out, pr_str_n((char[]){'%', digits[c >> 4], digits[c & 15]}, 3));
    }
}

bool pr_uri_decode(struct pr_str s, char *out, size_t *n)
{
    *n = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != '%') {
            out[(*n)++] = s.p[i];
            continue;
        }
        if (s.n - i < 3 || !pr_hex_decode(pr_str_n(s.p + i + 1, 2), out + *n, 1))
            return false;
        (*n)++;
        i += 2;
    }
    return true;
}

void pr_xml_escape(struct pr_buf *out, struct pr_str text)
{
    for (size_t i = 0; i < text.n; i++) {
        switch (text.p[i]) {
        case '&':
            pr_buf_puts(out, "&amp;");
            break;
        case '<':
            pr_buf_puts(out, "&lt;");
            break;
        case '>':
            pr_buf_puts(out, "&gt;");
            break;
        case '"':
            pr_buf_puts(out, "&quot;");
            break;
        default:
            pr_buf_append(out, pr_str_n(&text.p[i], 1));
        }
    }
}
