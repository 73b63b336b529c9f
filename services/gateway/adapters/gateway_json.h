/* gateway_json: accounts, sessions, tokens, invitations and updates as clients see them (the schemas of
 * proto/openapi.yaml). Each returns a new reference. */
#pragma once

#include "services/gateway/domain/updates.h"
#include "services/gateway/usecases/ports.h"

#include <jansson.h>

json_t *account_to_json(const struct account *account);

/* current_id: of the session the caller came with; nil: of none. */
json_t *session_to_json(const struct credential *session, const struct pr_uuid *current_id);

/* secret NULL: it is not shown. */
json_t *token_to_json(const struct credential *token, const char *secret);
json_t *invite_to_json(const struct invite *invite);
json_t *update_to_json(const struct update *update);
