#include "tests/support/gateway_world.h"

#include "shared/base/alloc.h"
#include "shared/crypto/crypto.h"
#include "tests/support/loop.h"

#include <stdio.h>

#define DAY_MS INT64_C(86400000)

static const char identity_secret[] = "0123456789abcdef0123456789abcdef";

void *gateway_world_create(void)
{
    struct gateway_world *world = PR_NEW(struct gateway_world);
    struct limit_rate rate = {"", GATEWAY_WORLD_LIMIT, 60000, 1};
    test_clock_init(&world->clock, GATEWAY_WORLD_NOW_MS);
    fake_account_repo_init(&world->accounts, &world->gate);
    fake_credential_repo_init(&world->credentials, &world->accounts);
    fake_invite_repo_init(&world->invites, &world->accounts);
    fake_password_hasher_init(&world->passwords, &world->gate);
    assert_int_equal(uv_loop_init(&world->loop), 0);
    world->deps = (struct gateway_deps){
        .accounts = &world->accounts.port,
        .credentials = &world->credentials.port,
        .invites = &world->invites.port,
        .passwords = &world->passwords.port,
        .limiter =
            limiter_create(&world->loop, &(struct limiter_options){.clock = &world->clock.port}),
        .cache = credential_cache_create(),
        .identity_secret = pr_str(identity_secret),
        .clock = &world->clock.port,
        .signup = SIGNUP_OPEN,
        .session_ttl_ms = 30 * DAY_MS,
        .session_idle_ms = 14 * DAY_MS,
        .login_rate = rate,
        .unknown_rate = rate,
    };
    world->deps.login_rate.name = "login";
    world->deps.unknown_rate.name = "unknown";
    return world;
}

void gateway_world_destroy(void *arg)
{
    struct gateway_world *world = arg;
    bool closed = false;
    assert_int_equal(gate_held(&world->gate), 0);
    credential_cache_destroy(world->deps.cache);
    limiter_close(world->deps.limiter, loop_set_true, &closed);
    loop_close_clean(&world->loop);
    assert_true(closed);
    free(world);
}

struct gate *gateway_world_gate(void *world)
{
    return &((struct gateway_world *)world)->gate;
}

struct account gateway_world_add_account(struct gateway_world *world, const char *name,
                                         enum identity_role role)
{
    char hash[PASSWORD_HASH_TEXT];
    struct account account = {
        .id = pr_uuid_v7(world->clock.now_ms),
        .role = role,
        .version = 1,
        .created_at_ms = world->clock.now_ms,
    };
    snprintf(account.name, sizeof account.name, "%s", name);
    snprintf(account.email, sizeof account.email, "%s@example.com", name);
    fake_password_hash(pr_str(GATEWAY_WORLD_PASSWORD), hash);
    fake_account_repo_put(&world->accounts, &account, hash);
    return account;
}

static void make_text(enum secret_kind kind, char text[SECRET_TEXT],
                      uint8_t hash[SECRET_HASH_BYTES])
{
    uint8_t random[SECRET_RANDOM_BYTES];
    crypto_random(random, sizeof random);
    secret_format(kind, random, text);
    sha256(pr_str(text), hash);
}

struct credential gateway_world_add_credential(struct gateway_world *world,
                                               const struct pr_uuid *account_id,
                                               enum credential_kind kind, char text[SECRET_TEXT])
{
    uint8_t hash[SECRET_HASH_BYTES];
    struct credential credential = {
        .id = pr_uuid_v7(world->clock.now_ms),
        .account_id = *account_id,
        .kind = kind,
        .scopes = SCOPE_ALL,
        .created_at_ms = world->clock.now_ms,
        .expires_at_ms = world->clock.now_ms + DAY_MS,
    };
    make_text(kind == CREDENTIAL_SESSION ? SECRET_SESSION : SECRET_TOKEN, text, hash);
    fake_credential_repo_put(&world->credentials, &credential, hash);
    return credential;
}

void gateway_world_add_token(struct gateway_world *world, const char *name, char text[SECRET_TEXT])
{
    struct account account = gateway_world_add_account(world, name, ROLE_USER);
    gateway_world_add_credential(world, &account.id, CREDENTIAL_TOKEN, text);
}

struct invite gateway_world_add_invite(struct gateway_world *world, enum identity_tier tier,
                                       enum identity_role role, char text[SECRET_TEXT])
{
    uint8_t hash[SECRET_HASH_BYTES];
    struct invite invite = {
        .id = pr_uuid_v7(world->clock.now_ms),
        .tier = tier,
        .role = role,
        .created_at_ms = world->clock.now_ms,
        .expires_at_ms = world->clock.now_ms + DAY_MS,
    };
    make_text(SECRET_INVITE, text, hash);
    fake_invite_repo_put(&world->invites, &invite, hash);
    return invite;
}

const struct credential *gateway_world_find(const struct gateway_world *world, const char *secret)
{
    uint8_t hash[SECRET_HASH_BYTES];
    sha256(pr_str(secret), hash);
    for (size_t i = 0; i < world->credentials.rows_n; i++) {
        if (memcmp(world->credentials.rows[i].hash, hash, sizeof hash) == 0)
            return &world->credentials.rows[i].credential;
    }
    return NULL;
}

struct caller gateway_world_caller(const struct account *account, enum credential_kind kind,
                                   const struct pr_uuid *credential_id)
{
    struct caller caller = {
        .identity = {.account_id = account->id, .tier = account->tier, .role = account->role},
        .credential_id = *credential_id,
        .kind = kind,
        .scopes = account->role == ROLE_ADMIN ? SCOPE_ALL : SCOPE_READ | SCOPE_WRITE,
    };
    memcpy(caller.identity.name, account->name, sizeof account->name);
    return caller;
}

static void authenticated(void *arg, enum pr_err err, const struct caller *caller,
                          const char *header, const struct limit_verdict *limited)
{
    (void)caller;
    (void)header;
    (void)limited;
    gateway_answered(arg, err);
}

enum pr_err gateway_world_authenticate(struct gateway_world *world, const char *secret)
{
    struct gateway_answer answer = {0};
    authenticate(&world->deps, pr_str(secret), pr_str("192.0.2.1"), authenticated, &answer);
    assert_int_equal(answer.calls, 1);
    return answer.fault.err;
}

/* The last thing a done function does: what next wakes may end the answer's life. */
static void answered(struct gateway_answer *answer, const struct pr_fault *fault)
{
    answer->calls++;
    answer->fault = *fault;
    if (answer->next.fn)
        pr_done_call(answer->next, fault->err);
}

void gateway_answered(void *arg, enum pr_err err)
{
    answered(arg, &(struct pr_fault){.err = err});
}

void gateway_answered_fault(void *arg, const struct pr_fault *fault)
{
    answered(arg, fault);
}

void gateway_answered_account(void *arg, const struct pr_fault *fault,
                              const struct account *account, bool replayed)
{
    struct gateway_answer *answer = arg;
    answer->account = *account;
    answer->replayed = replayed;
    answered(answer, fault);
}

void gateway_answered_login(void *arg, const struct pr_fault *fault,
                            const struct limit_verdict *limited, const char *secret,
                            const struct credential *session, const struct account *account)
{
    struct gateway_answer *answer = arg;
    memcpy(answer->secret, secret, sizeof answer->secret);
    answer->credential = *session;
    answer->account = *account;
    answer->limited = limited;
    if (limited)
        assert_false(limited->allowed);
    answered(answer, fault);
}

void gateway_answered_token(void *arg, const struct pr_fault *fault, const char *secret,
                            const struct credential *token, bool replayed)
{
    struct gateway_answer *answer = arg;
    memcpy(answer->secret, secret, sizeof answer->secret);
    answer->credential = *token;
    answer->replayed = replayed;
    answered(answer, fault);
}

void gateway_answered_invite(void *arg, const struct pr_fault *fault, const char *secret,
                             const struct invite *invite, bool replayed)
{
    struct gateway_answer *answer = arg;
    memcpy(answer->secret, secret, sizeof answer->secret);
    answer->invite = *invite;
    answer->replayed = replayed;
    answered(answer, fault);
}

void gateway_expect(struct gateway_answer *answer, enum pr_err err, const char *field)
{
    assert_int_equal(answer->calls, 1);
    assert_string_equal(pr_err_name(answer->fault.err), pr_err_name(err));
    assert_string_equal(answer->fault.field, field);
    answer->calls = 0;
}
