/* guest_seal: what only we can make: the seals of guests' tokens, and the names under which wrong
 * codes are counted. */
#pragma once

#include "services/media/usecases/guest_usecases.h"

/* The token of who knew this code. */
void guest_seal_token(const struct media_deps *deps, const struct pr_uuid *code_id,
                      char out[GUEST_TOKEN_TEXT]);

/* False when the token is not of our making. Constant time in the seal. */
bool guest_seal_check(const struct media_deps *deps, struct pr_str token, struct pr_uuid *code_id);

/* Keyed, so that the table tells nobody who tried: kind is static, parts are joined. */
void guest_seal_guess(const struct media_deps *deps, const char *kind, struct pr_str a,
                      struct pr_str b, uint8_t out[GUESS_KEY_BYTES]);
