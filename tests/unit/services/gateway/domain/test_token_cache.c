#include "services/gateway/domain/token_cache.h"
#include "tests/support/test.h"

static void make_hash(uint8_t hash[TOKEN_HASH_BYTES], uint8_t set, uint8_t rest)
{
    memset(hash, rest, TOKEN_HASH_BYTES);
    hash[0] = set;
}

static void test_what_is_put_is_found_until_dropped(void **state)
{
    (void)state;
    struct token_cache *cache = token_cache_create();
    uint8_t hash[TOKEN_HASH_BYTES], other[TOKEN_HASH_BYTES];
    make_hash(hash, 7, 1);
    make_hash(other, 7, 2);
    assert_null(token_cache_find(cache, hash));
    token_cache_put(cache, hash)->loaded_at_ms = 5;
    assert_int_equal(token_cache_find(cache, hash)->loaded_at_ms, 5);
    assert_null(token_cache_find(cache, other));
    assert_ptr_equal(token_cache_put(cache, hash), token_cache_put(cache, hash));
    token_cache_put(cache, hash)->loaded_at_ms = 6;
    token_cache_drop(cache, other);
    assert_non_null(token_cache_find(cache, hash));
    token_cache_drop(cache, hash);
    assert_null(token_cache_find(cache, hash));
    token_cache_destroy(cache);
}

static void test_a_full_place_loses_its_oldest(void **state)
{
    (void)state;
    struct token_cache *cache = token_cache_create();
    uint8_t hash[TOKEN_HASH_BYTES];
    for (uint8_t i = 1; i <= 9; i++) {
        make_hash(hash, 3, i);
        token_cache_put(cache, hash)->loaded_at_ms = i == 4 ? 1 : 100 + i;
    }
    for (uint8_t i = 1; i <= 9; i++) {
        make_hash(hash, 3, i);
        assert_int_equal(token_cache_find(cache, hash) != NULL, i != 4);
    }
    token_cache_destroy(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_put_is_found_until_dropped),
        cmocka_unit_test(test_a_full_place_loses_its_oldest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
