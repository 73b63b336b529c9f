/* ports: what the usecases of the gateway need of the world. Each asynchronous port completes
 * exactly once, now or later; what it fills or is given is borrowed until then. */
#pragma once

#include "services/gateway/domain/token.h"
#include "services/gateway/domain/token_cache.h"
#include "shared/base/done.h"
#include "shared/base/time.h"
#include "shared/http/identity.h"

struct account_repo {
    /* Who a token belongs to; expires_at_ms is left 0. PR_ERR_UNAUTHORIZED when it is nobody's, or
     * the account is disabled. */
    void (*find_token)(struct account_repo *repo, const uint8_t hash[TOKEN_HASH_BYTES],
                       struct identity *out, struct pr_done done);

    /* A token for the administrator, who is made when there is none. */
    void (*add_admin_token)(struct account_repo *repo, const uint8_t hash[TOKEN_HASH_BYTES],
                            int64_t now_ms, struct pr_done done);
};

/* What every usecase of the gateway works with; outlives them. */
struct gateway_deps {
    struct account_repo *repo;
    struct token_cache *tokens;
    struct pr_str identity_secret;
    const struct pr_clock *clock;
};
