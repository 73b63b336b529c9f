/* uuid: RFC 9562 identifiers. New ones are version 7, so that they sort by time. */
#pragma once

#include "shared/base/str.h"

struct pr_uuid {
    uint8_t b[16];
};

#define PR_UUID_TEXT 37 /* 36 characters and the terminator */

struct pr_uuid pr_uuid_v7(int64_t now_ms);

/* The 8-4-4-4-12 form, either case; false for anything else. */
bool pr_uuid_parse(struct pr_str s, struct pr_uuid *out);

/* Lower case, terminated; returns out. */
char *pr_uuid_format(const struct pr_uuid *uuid, char out[PR_UUID_TEXT]);

bool pr_uuid_eq(const struct pr_uuid *a, const struct pr_uuid *b);
bool pr_uuid_is_nil(const struct pr_uuid *uuid);
