#include "tests/support/fake_idempotency.h"

#include "tests/support/test.h"

enum creation fake_idempotency_claim(struct fake_idempotency *table, const struct pr_uuid *account,
                                     const struct idempotency *key, struct pr_uuid *subject)
{
    if (!key->given)
        return CREATION_NEW;
    if (table->busy)
        return CREATION_RUNNING;
    for (size_t i = 0; i < table->rows_n; i++) {
        const struct idempotency *earlier = &table->rows[i].key;
        if (!pr_uuid_eq(&table->rows[i].account, account) ||
            memcmp(earlier->key_hash, key->key_hash, sizeof key->key_hash) != 0)
            continue;
        *subject = table->rows[i].subject;
        return memcmp(earlier->request_hash, key->request_hash, sizeof key->request_hash) == 0
                   ? CREATION_REPLAYED
                   : CREATION_MISMATCH;
    }
    assert_true(table->rows_n < FAKE_KEYS);
    table->rows[table->rows_n].account = *account;
    table->rows[table->rows_n].subject = *subject;
    table->rows[table->rows_n++].key = *key;
    return CREATION_NEW;
}

void fake_idempotency_release(struct fake_idempotency *table, const struct idempotency *key)
{
    table->rows_n -= key->given;
}
