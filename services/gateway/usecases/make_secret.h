/* make_secret: new texts that open something. */
#pragma once

#include "services/gateway/usecases/ports.h"

/* From random bytes. hash is what the repositories keep of it. */
void make_secret(enum secret_kind kind, char out[SECRET_TEXT], uint8_t hash[SECRET_HASH_BYTES]);

/* The same for the same id and Idempotency-Key: a POST that is sent again, because its answer was
 * lost, is shown the text that was made then, although nobody kept it. Only who has the key, the id
 * and the identity secret can make it; and as an id is drawn anew for each thing, a key that is used
 * again after it was forgotten never brings back a secret that was revoked. A new identity secret
 * makes another text: who repeats a request across that has to begin with a new key. */
void derive_secret(enum secret_kind kind, struct pr_str identity_secret, const struct pr_uuid *id,
                   struct pr_str key, char out[SECRET_TEXT], uint8_t hash[SECRET_HASH_BYTES]);
