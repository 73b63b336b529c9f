#include "tests/support/gateway_world.h"

#include "shared/base/alloc.h"
#include "shared/crypto/crypto.h"
#include "tests/support/test.h"

#include <stdio.h>

static const char secret[] = "0123456789abcdef0123456789abcdef";

struct args {
    struct gateway_world *world;
    const uint8_t *hash;
    struct identity *out;
};

static enum pr_err find_effect(const void *arg)
{
    const struct args *args = arg;
    for (size_t i = 0; i < args->world->tokens_n; i++) {
        if (memcmp(args->world->tokens[i].hash, args->hash, TOKEN_HASH_BYTES) == 0) {
            *args->out = args->world->tokens[i].identity;
            return PR_OK;
        }
    }
    return PR_ERR_UNAUTHORIZED;
}

static void find_token(struct account_repo *repo, const uint8_t hash[TOKEN_HASH_BYTES],
                       struct identity *out, struct pr_done done)
{
    struct args args = {PR_CONTAINER(repo, struct gateway_world, repo), hash, out};
    gate_pass(&args.world->gate, "find_token", find_effect, &args, sizeof args, done);
}

static enum pr_err add_effect(const void *arg)
{
    const struct args *args = arg;
    struct gateway_world *world = args->world;
    assert_true(world->tokens_n < GATEWAY_WORLD_TOKENS);
    memcpy(world->tokens[world->tokens_n].hash, args->hash, TOKEN_HASH_BYTES);
    world->tokens[world->tokens_n].admin = true;
    world->tokens[world->tokens_n++].identity =
        (struct identity){pr_uuid_v7(1), "admin", TIER_BUSINESS, ROLE_ADMIN, 0};
    return PR_OK;
}

static void add_admin_token(struct account_repo *repo, const uint8_t hash[TOKEN_HASH_BYTES],
                            int64_t now_ms, struct pr_done done)
{
    struct args args = {PR_CONTAINER(repo, struct gateway_world, repo), hash, NULL};
    assert_int_equal(now_ms, args.world->clock.now_ms);
    gate_pass(&args.world->gate, "add_admin_token", add_effect, &args, sizeof args, done);
}

void *gateway_world_create(void)
{
    struct gateway_world *world = PR_NEW(struct gateway_world);
    test_clock_init(&world->clock, GATEWAY_WORLD_NOW_MS);
    world->repo = (struct account_repo){find_token, add_admin_token};
    world->deps = (struct gateway_deps){
        .repo = &world->repo,
        .tokens = token_cache_create(),
        .identity_secret = pr_str(secret),
        .clock = &world->clock.port,
    };
    return world;
}

void gateway_world_destroy(void *arg)
{
    struct gateway_world *world = arg;
    assert_int_equal(gate_held(&world->gate), 0);
    token_cache_destroy(world->deps.tokens);
    free(world);
}

struct gate *gateway_world_gate(void *world)
{
    return &((struct gateway_world *)world)->gate;
}

void gateway_world_add_token(struct gateway_world *world, const char *name, char text[TOKEN_TEXT])
{
    uint8_t random[TOKEN_RANDOM_BYTES] = {(uint8_t)(world->tokens_n + 1)};
    struct identity identity = {pr_uuid_v7(2), "", TIER_FREE, ROLE_USER, 0};
    assert_true(world->tokens_n < GATEWAY_WORLD_TOKENS);
    token_format(random, text);
    snprintf(identity.name, sizeof identity.name, "%s", name);
    sha256(pr_str(text), world->tokens[world->tokens_n].hash);
    world->tokens[world->tokens_n++].identity = identity;
}

void gateway_world_revoke_all(struct gateway_world *world)
{
    world->tokens_n = 0;
}
