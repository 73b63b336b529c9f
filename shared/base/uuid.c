#include "shared/base/uuid.h"

#include "shared/base/encode.h"

#include <sodium.h>

struct pr_uuid pr_uuid_v7(int64_t now_ms)
{
    struct pr_uuid uuid;
    randombytes_buf(uuid.b, sizeof uuid.b);
    for (int i = 0; i < 6; i++)
        uuid.b[i] = (uint8_t)(now_ms >> (40 - 8 * i));
    uuid.b[6] = (uint8_t)(0x70 | (uuid.b[6] & 0x0f));
    uuid.b[8] = (uint8_t)(0x80 | (uuid.b[8] & 0x3f));
    return uuid;
}

bool pr_uuid_parse(struct pr_str s, struct pr_uuid *out)
{
    static const int groups[] = {8, 4, 4, 4, 12};
    char hex[32];
    size_t at = 0, n = 0;
    if (s.n != PR_UUID_TEXT - 1)
        return false;
    for (int g = 0; g < 5; g++) {
        if (g > 0 && s.p[at++] != '-')
            return false;
        memcpy(hex + n, s.p + at, (size_t)groups[g]);
        n += (size_t)groups[g];
        at += (size_t)groups[g];
    }
    return pr_hex_decode(pr_str_n(hex, sizeof hex), out->b, sizeof out->b);
}

char *pr_uuid_format(const struct pr_uuid *uuid, char out[PR_UUID_TEXT])
{
    char hex[33], *to = out;
    pr_hex_encode(uuid->b, sizeof uuid->b, hex);
    for (int i = 0; i < 32; i++) {
        if (i == 8 || i == 12 || i == 16 || i == 20)
            *to++ = '-';
        *to++ = hex[i];
    }
    *to = 0;
    return out;
}

bool pr_uuid_eq(const struct pr_uuid *a, const struct pr_uuid *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

bool pr_uuid_is_nil(const struct pr_uuid *uuid)
{
    static const struct pr_uuid nil;
    return pr_uuid_eq(uuid, &nil);
}
