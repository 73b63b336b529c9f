/* gateway_world: everything the gateway's usecases need, faked, with a clock that stands and a repo
 * that knows the tokens given to it. */
#pragma once

#include "services/gateway/usecases/usecases.h"
#include "tests/support/clock.h"
#include "tests/support/gate.h"

#define GATEWAY_WORLD_NOW_MS 1795248000000 /* 2026-11-21T08:00:00Z */
#define GATEWAY_WORLD_TOKENS 8

struct gateway_world {
    struct gate gate;
    struct test_clock clock;
    struct account_repo repo;
    struct {
        uint8_t hash[TOKEN_HASH_BYTES];
        struct identity identity;
        bool admin;
    } tokens[GATEWAY_WORLD_TOKENS];
    size_t tokens_n;
    struct gateway_deps deps;
};

/* void *, because struct failure_case takes worlds of any kind. */
void *gateway_world_create(void);
void gateway_world_destroy(void *world); /* no call may be held */
struct gate *gateway_world_gate(void *world);

/* A token of a new account with this name; text is what clients send after "Bearer ". */
void gateway_world_add_token(struct gateway_world *world, const char *name, char text[TOKEN_TEXT]);
void gateway_world_revoke_all(struct gateway_world *world);
