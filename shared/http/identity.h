/* identity: who a request is made for, as the gateway vouches for it in the header
 * x-pierrot-identity.
 *
 * The header is base64url(payload) "." base64url(HMAC-SHA256(secret, payload)); the payload is
 * "1|<account id>|<name>|<tier>|<role>|<expires, Unix ms>". Services verify it and trust nothing
 * else. */
#pragma once

#include "shared/base/str.h"
#include "shared/base/uuid.h"

#define IDENTITY_HEADER "x-pierrot-identity"
#define IDENTITY_HEADER_MAX 256

enum identity_tier { TIER_FREE, TIER_PREMIUM, TIER_BUSINESS };
enum identity_role { ROLE_USER, ROLE_ADMIN };

struct identity {
    struct pr_uuid account_id;
    char name[33];
    enum identity_tier tier;
    enum identity_role role;
    int64_t expires_at_ms;
};

/* Terminated; false when it does not fit. */
bool identity_sign(struct pr_str secret, const struct identity *identity,
                   char out[IDENTITY_HEADER_MAX]);

/* False when it is not ours, malformed or expired at now_ms. Constant time in the signature. */
bool identity_verify(struct pr_str secret, struct pr_str header, int64_t now_ms,
                     struct identity *out);

const char *identity_tier_name(enum identity_tier tier);
bool identity_tier_parse(struct pr_str name, enum identity_tier *out);
const char *identity_role_name(enum identity_role role);
bool identity_role_parse(struct pr_str name, enum identity_role *out);
