/* fake_password_hasher: password_hasher without the work: a hash is "fake$" and the password's
 * SHA-256. LIMITED, as when too many wait, comes from the gate. */
#pragma once

#include "services/gateway/usecases/ports.h"
#include "tests/support/gate.h"

struct fake_password_hasher {
    struct password_hasher port;
    struct gate *gate;
    unsigned hashed, verified; /* how often it had its work; verified: also for nothing */
};

/* gate is borrowed. */
void fake_password_hasher_init(struct fake_password_hasher *hasher, struct gate *gate);

/* What hash makes of it. */
void fake_password_hash(struct pr_str password, char out[PASSWORD_HASH_TEXT]);
