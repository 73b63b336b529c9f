/* fake_idempotency: the table idempotency and its claims in memory, for fakes of repositories. It
 * forgets nothing: Postgres has a clock of its own for that. */
#pragma once

#include "services/gateway/usecases/ports.h"

#define FAKE_KEYS 64

struct fake_idempotency {
    struct {
        struct pr_uuid account, subject;
        struct idempotency key;
    } rows[FAKE_KEYS];
    size_t rows_n;
    bool busy; /* as if another transaction had every key in hand */
};

/* As idempotency_claim in SQL: *subject is what is to be created; on CREATION_REPLAYED, what was. */
enum creation fake_idempotency_claim(struct fake_idempotency *table, const struct pr_uuid *account,
                                     const struct idempotency *key, struct pr_uuid *subject);

/* What was claimed last was refused, and is free again. */
void fake_idempotency_release(struct fake_idempotency *table, const struct idempotency *key);
