#include "services/gateway/domain/credential_cache.h"
#include "tests/support/test.h"

static void make_hash(uint8_t hash[SECRET_HASH_BYTES], uint8_t set, uint8_t rest)
{
    memset(hash, rest, SECRET_HASH_BYTES);
    hash[0] = set;
}

static struct credential_entry *put(struct credential_cache *cache, const uint8_t *hash,
                                    int64_t loaded_at_ms)
{
    struct credential_entry *entry =
        credential_cache_put(cache, hash, credential_cache_generation(cache));
    assert_non_null(entry);
    assert_int_equal(entry->loaded_at_ms, 0); /* it comes empty */
    entry->loaded_at_ms = loaded_at_ms;
    return entry;
}

static void test_what_is_put_is_found_until_dropped(void **state)
{
    (void)state;
    struct credential_cache *cache = credential_cache_create();
    uint8_t hash[SECRET_HASH_BYTES], other[SECRET_HASH_BYTES];
    make_hash(hash, 7, 1);
    make_hash(other, 7, 2);
    assert_null(credential_cache_find(cache, hash));
    struct credential_entry *entry = put(cache, hash, 5);
    assert_ptr_equal(credential_cache_find(cache, hash), entry);
    assert_null(credential_cache_find(cache, other));
    assert_ptr_equal(put(cache, hash, 6), entry);
    credential_cache_drop(cache, other);
    assert_non_null(credential_cache_find(cache, hash));
    credential_cache_drop(cache, hash);
    assert_null(credential_cache_find(cache, hash));
    credential_cache_destroy(cache);
}

static void test_a_full_place_loses_its_oldest(void **state)
{
    (void)state;
    struct credential_cache *cache = credential_cache_create();
    uint8_t hash[SECRET_HASH_BYTES];
    for (uint8_t i = 1; i <= 9; i++) {
        make_hash(hash, 3, i);
        put(cache, hash, i == 4 ? 1 : 100 + i);
    }
    for (uint8_t i = 1; i <= 9; i++) {
        make_hash(hash, 3, i);
        assert_int_equal(credential_cache_find(cache, hash) != NULL, i != 4);
    }
    credential_cache_destroy(cache);
}

static void test_an_account_goes_with_all_it_has_and_no_other(void **state)
{
    (void)state;
    struct credential_cache *cache = credential_cache_create();
    struct pr_uuid anna = pr_uuid_v7(1), ben = pr_uuid_v7(2);
    uint8_t hash[SECRET_HASH_BYTES];
    for (uint8_t i = 0; i < 200; i++) {
        make_hash(hash, i, i);
        put(cache, hash, 5)->caller.identity.account_id = i % 2 ? anna : ben;
    }
    credential_cache_drop_account(cache, &anna);
    for (uint8_t i = 0; i < 200; i++) {
        make_hash(hash, i, i);
        assert_int_equal(credential_cache_find(cache, hash) != NULL, i % 2 == 0);
    }
    credential_cache_destroy(cache);
}

static void test_what_was_loading_during_a_drop_is_not_put(void **state)
{
    (void)state;
    struct credential_cache *cache = credential_cache_create();
    struct pr_uuid anna = pr_uuid_v7(1);
    uint8_t hash[SECRET_HASH_BYTES];
    make_hash(hash, 1, 1);
    uint64_t before = credential_cache_generation(cache);
    credential_cache_drop_account(cache, &anna);
    assert_null(credential_cache_put(cache, hash, before));
    assert_null(credential_cache_find(cache, hash));
    put(cache, hash, 5);
    credential_cache_destroy(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_put_is_found_until_dropped),
        cmocka_unit_test(test_a_full_place_loses_its_oldest),
        cmocka_unit_test(test_an_account_goes_with_all_it_has_and_no_other),
        cmocka_unit_test(test_what_was_loading_during_a_drop_is_not_put),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
