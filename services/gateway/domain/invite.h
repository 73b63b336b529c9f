/* invite: a link that lets one person sign up, as what it says. */
#pragma once

#include "shared/base/uuid.h"
#include "shared/http/identity.h"

struct invite {
    struct pr_uuid id;
    enum identity_tier tier;
    enum identity_role role;
    int64_t created_at_ms, expires_at_ms;
    int64_t used_at_ms; /* 0: not yet */
};
