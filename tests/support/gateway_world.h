/* gateway_world: everything the gateway's usecases need: its repositories and passwords faked, the
 * limiter and the cache as they are, and a clock that stands. */
#pragma once

#include "services/gateway/usecases/usecases.h"
#include "tests/support/clock.h"
#include "tests/support/fake_account_repo.h"
#include "tests/support/fake_credential_repo.h"
#include "tests/support/fake_invite_repo.h"
#include "tests/support/fake_password_hasher.h"

#include <uv.h>

#define GATEWAY_WORLD_NOW_MS 1795248000000 /* 2026-11-21T08:00:00Z */
#define GATEWAY_WORLD_PASSWORD "a fairly long one"
#define GATEWAY_WORLD_LIMIT 5 /* logins of one address, guesses of one client, a minute */

/* What a usecase answered; things are copies. */
struct gateway_answer {
    unsigned calls;
    struct pr_fault fault;
    struct account account;
    struct credential credential;
    struct invite invite;
    char secret[SECRET_TEXT];
    bool replayed, limited;
    struct pr_done next; /* fn NULL: nobody else is told */
};

struct gateway_world {
    struct gate gate;
    struct test_clock clock;
    struct fake_account_repo accounts;
    struct fake_credential_repo credentials;
    struct fake_invite_repo invites;
    struct fake_password_hasher passwords;
    uv_loop_t loop; /* the limiter's */
    struct gateway_deps deps;
    struct gateway_answer answer; /* the last one, for tests that want it to outlive a function */
};

/* void *, because struct failure_case takes worlds of any kind. */
void *gateway_world_create(void);
void gateway_world_destroy(void *world); /* no call may be held */
struct gate *gateway_world_gate(void *world);

/* An account of the tier free with the address <name>@example.com and GATEWAY_WORLD_PASSWORD. */
struct account gateway_world_add_account(struct gateway_world *world, const char *name,
                                         enum identity_role role);

/* A credential of the account with all scopes, good for a day; text is its secret. */
struct credential gateway_world_add_credential(struct gateway_world *world,
                                               const struct pr_uuid *account_id,
                                               enum credential_kind kind, char text[SECRET_TEXT]);

/* A token of a new account with this name; text is what clients send after "Bearer ". */
void gateway_world_add_token(struct gateway_world *world, const char *name, char text[SECRET_TEXT]);

/* An invitation for a day; text is its secret. */
struct invite gateway_world_add_invite(struct gateway_world *world, enum identity_tier tier,
                                       enum identity_role role, char text[SECRET_TEXT]);

/* What is stored of a session's or token's secret; NULL when nothing is. */
const struct credential *gateway_world_find(const struct gateway_world *world, const char *secret);

/* Who the account is, asking with this credential; id nil: none in particular. */
struct caller gateway_world_caller(const struct account *account, enum credential_kind kind,
                                   const struct pr_uuid *credential_id);

/* Authenticates with the secret from the address 192.0.2.1, all ports open. */
enum pr_err gateway_world_authenticate(struct gateway_world *world, const char *secret);

/* The usecases' done functions; arg: struct gateway_answer. */
void gateway_answered(void *arg, enum pr_err err);
void gateway_answered_fault(void *arg, const struct pr_fault *fault);
void gateway_answered_account(void *arg, const struct pr_fault *fault,
                              const struct account *account, bool replayed);
void gateway_answered_login(void *arg, const struct pr_fault *fault,
                            const struct limit_verdict *limited, const char *secret,
                            const struct credential *session, const struct account *account);
void gateway_answered_token(void *arg, const struct pr_fault *fault, const char *secret,
                            const struct credential *token, bool replayed);
void gateway_answered_invite(void *arg, const struct pr_fault *fault, const char *secret,
                             const struct invite *invite, bool replayed);

/* Fails the test unless it was answered once, with this error and field; empty answer again. */
void gateway_expect(struct gateway_answer *answer, enum pr_err err, const char *field);
