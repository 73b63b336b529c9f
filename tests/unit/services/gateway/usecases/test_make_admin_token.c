#include "shared/crypto/crypto.h"
#include "tests/support/failures.h"
#include "tests/support/gateway_world.h"
#include "tests/support/logs.h"
#include "tests/support/test.h"

static char token[TOKEN_TEXT];

static void start(void *arg, struct pr_done done)
{
    struct gateway_world *world = arg;
    make_admin_token(&world->deps, token, done);
}

/* The repo keeps the hash of the text that was handed out, and nothing else of it. */
static void check(void *arg)
{
    struct gateway_world *world = arg;
    uint8_t hash[TOKEN_HASH_BYTES];
    sha256(pr_str(token), hash);
    assert_true(world->tokens_n > 0);
    assert_memory_equal(world->tokens[world->tokens_n - 1].hash, hash, sizeof hash);
    assert_true(world->tokens[world->tokens_n - 1].admin);
}

static void test_every_failure(void **state)
{
    (void)state;
    for_each_failure(&(struct failure_case){
        .setup = gateway_world_create,
        .teardown = gateway_world_destroy,
        .gate = gateway_world_gate,
        .start = start,
        .answer = PR_OK,
        .check = check,
    });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_failure),
    };
    return cmocka_run_group_tests(tests, logs_setup, logs_teardown);
}
