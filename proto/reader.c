#include "proto/reader.h"

/* What a head says: how many bytes of number or length follow it, and how many besides those. */
struct head {
    enum {
        HEAD_BROKEN,
        HEAD_OTHER,
        HEAD_FALSE,
        HEAD_TRUE,
        HEAD_UINT,
        HEAD_INT,
        HEAD_STR,
        HEAD_BIN,
        HEAD_ARRAY,
        HEAD_MAP
    } kind;
    uint8_t width, besides;
};

/* Heads 0xc0 to 0xdf; those around them hold their number or length themselves. */
static const struct head heads[32] = {
    [0x00] = {HEAD_OTHER, 0, 0},  /* nil */
    [0x01] = {HEAD_BROKEN, 0, 0}, /* never used */
    [0x02] = {HEAD_FALSE, 0, 0},  [0x03] = {HEAD_TRUE, 0, 0},  [0x04] = {HEAD_BIN, 1, 0},
    [0x05] = {HEAD_BIN, 2, 0},    [0x06] = {HEAD_BIN, 4, 0},   [0x07] = {HEAD_OTHER, 1, 1},
    [0x08] = {HEAD_OTHER, 2, 1},  [0x09] = {HEAD_OTHER, 4, 1}, /* ext */
    [0x0a] = {HEAD_OTHER, 0, 4},  [0x0b] = {HEAD_OTHER, 0, 8}, /* float */
    [0x0c] = {HEAD_UINT, 1, 0},   [0x0d] = {HEAD_UINT, 2, 0},  [0x0e] = {HEAD_UINT, 4, 0},
    [0x0f] = {HEAD_UINT, 8, 0},   [0x10] = {HEAD_INT, 1, 0},   [0x11] = {HEAD_INT, 2, 0},
    [0x12] = {HEAD_INT, 4, 0},    [0x13] = {HEAD_INT, 8, 0},   [0x14] = {HEAD_OTHER, 0, 2},
    [0x15] = {HEAD_OTHER, 0, 3},  [0x16] = {HEAD_OTHER, 0, 5}, [0x17] = {HEAD_OTHER, 0, 9},
    [0x18] = {HEAD_OTHER, 0, 17}, /* fixext */
    [0x19] = {HEAD_STR, 1, 0},    [0x1a] = {HEAD_STR, 2, 0},   [0x1b] = {HEAD_STR, 4, 0},
    [0x1c] = {HEAD_ARRAY, 2, 0},  [0x1d] = {HEAD_ARRAY, 4, 0}, [0x1e] = {HEAD_MAP, 2, 0},
    [0x1f] = {HEAD_MAP, 4, 0},
};

static bool take(struct reader *in, uint64_t n, struct pr_str *out)
{
    if (n > in->rest.n)
        return false;
    *out = pr_str_n(in->rest.p, (size_t)n);
    in->rest = pr_str_n(in->rest.p + n, in->rest.n - (size_t)n);
    return true;
}

/* An array or map of n: what each element or pair needs at least must be there. */
static bool container(const struct reader *in, enum value_kind kind, uint64_t n, struct value *out)
{
    *out = (struct value){.kind = kind, .count = (size_t)n};
    return n <= in->rest.n / (kind == VALUE_MAP ? 2 : 1);
}

static bool text(struct reader *in, enum value_kind kind, uint64_t n, struct value *out)
{
    *out = (struct value){.kind = kind};
    return take(in, n, &out->bytes);
}

static void number(int64_t n, struct value *out)
{
    *out = (struct value){.kind = VALUE_INT, .number = n};
}

/* 0 to 8 bytes, big-endian; a signed one has at least one and is two's complement. */
static uint64_t integer(struct pr_str bytes, bool is_signed)
{
    uint64_t n = is_signed && (bytes.p[0] & 0x80) ? UINT64_MAX : 0;
    for (size_t i = 0; i < bytes.n; i++)
        n = n << 8 | (uint8_t)bytes.p[i];
    return n;
}

static bool long_form(struct reader *in, const struct head *head, struct value *out)
{
    struct pr_str bytes;
    if (!take(in, head->width, &bytes))
        return false;
    uint64_t n = integer(bytes, head->kind == HEAD_INT);
    *out = (struct value){.kind = VALUE_OTHER};
    switch (head->kind) {
    case HEAD_FALSE:
    case HEAD_TRUE:
        *out = (struct value){.kind = VALUE_BOOL, .number = head->kind == HEAD_TRUE};
        return true;
    case HEAD_UINT:
        if (n <= INT64_MAX)
            number((int64_t)n, out);
        return true;
    case HEAD_INT:
        number((int64_t)n, out);
        return true;
    case HEAD_STR:
        return text(in, VALUE_STR, n, out);
    case HEAD_BIN:
        return text(in, VALUE_BIN, n, out);
    case HEAD_ARRAY:
        return container(in, VALUE_ARRAY, n, out);
    case HEAD_MAP:
        return container(in, VALUE_MAP, n, out);
    case HEAD_OTHER:
        return take(in, n + head->besides, &bytes);
    case HEAD_BROKEN:
        break;
    }
    return false;
}

bool reader_next(struct reader *in, struct value *out)
{
    struct pr_str byte;
    if (!take(in, 1, &byte))
        return false;
    uint8_t head = (uint8_t)byte.p[0];
    if (head >= 0xc0 && head < 0xe0)
        return long_form(in, &heads[head - 0xc0], out);
    if (head >= 0xa0 && head < 0xc0)
        return text(in, VALUE_STR, head & 0x1f, out);
    if (head >= 0x90 && head < 0xa0)
        return container(in, VALUE_ARRAY, head & 0x0f, out);
    if (head >= 0x80 && head < 0x90)
        return container(in, VALUE_MAP, head & 0x0f, out);
    number((int8_t)head, out);
    return true;
}

bool reader_skip(struct reader *in, unsigned max_depth)
{
    struct value value;
    if (!reader_next(in, &value))
        return false;
    if (value.kind != VALUE_ARRAY && value.kind != VALUE_MAP)
        return true;
    if (max_depth == 0)
        return false;
    /* The count is below the bytes that are left, so doubling it cannot overflow. */
    size_t values = value.kind == VALUE_MAP ? value.count * 2 : value.count;
    for (size_t i = 0; i < values; i++) {
        if (!reader_skip(in, max_depth - 1))
            return false;
    }
    return true;
}
