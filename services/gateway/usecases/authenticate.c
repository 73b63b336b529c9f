/* Every request: who is it? Answered from memory; the database is asked for a credential not seen
 * lately.
 *
 *     fresh (up to 2 s):  answered at once
 *     ageing (to 4 s):    answered at once, and loaded again behind it
 *     older, or unknown:  find -> charge -> remember -> finish
 *
 * So a credential that was revoked elsewhere, or an account that changed there, is known within 5
 * seconds, and a client that keeps calling never waits for the database. What this process changes
 * itself is dropped from the cache at once; a load that was under way then answers, but is not
 * remembered.
 *
 * Guessing costs: a secret nobody knows takes a token from its client's bucket (charge), and while
 * that is empty no secret from there is looked up but those in the cache, however old. Who shares an
 * address with somebody guessing is so kept waiting only if we never saw him, or not for long. */
#include "services/gateway/usecases/expect.h"
#include "services/gateway/usecases/usecases.h"

#include "shared/base/alloc.h"
#include "shared/crypto/crypto.h"
#include "shared/flow/flow.h"

#define FRESH_MS 2000
#define STALE_MS 4000
#define IDENTITY_TTL_MS 30000

static const struct pr_str nobody_pays = PR_STR("");

struct authenticate {
    struct flow flow;
    const struct gateway_deps *deps;
    uint8_t hash[SECRET_HASH_BYTES];
    struct pr_str payer;    /* the client, when a miss costs something; else empty */
    uint64_t generation;    /* of the cache, when find began */
    struct caller caller;   /* find fills it */
    struct expected nobody; /* find: the secret is nobody's */
    struct limit_verdict charged;
    char header[IDENTITY_HEADER_MAX];
    authenticate_done_fn done; /* NULL: nobody waits, the cache is refreshed */
    void *done_arg;
};

static enum pr_err find(void *arg)
{
    struct authenticate *op = arg;
    struct credential_repo *repo = op->deps->credentials;
    int64_t now_ms = pr_now_ms(op->deps->clock);
    op->generation = credential_cache_generation(op->deps->cache);
    repo->find(repo, op->hash, now_ms, now_ms - op->deps->session_idle_ms, &op->caller,
               expect(&op->nobody, PR_ERR_UNAUTHORIZED, flow_wait(&op->flow)));
    return PR_OK;
}

static enum pr_err charge(void *arg)
{
    struct authenticate *op = arg;
    if (op->nobody.came && op->payer.n > 0)
        limiter_take(op->deps->limiter, &op->deps->unknown_rate, op->payer, &op->charged,
                     flow_wait(&op->flow));
    return PR_OK;
}

static enum pr_err remember(void *arg)
{
    struct authenticate *op = arg;
    int64_t now_ms = pr_now_ms(op->deps->clock);
    if (op->nobody.came) {
        credential_cache_drop(op->deps->cache, op->hash);
        return PR_ERR_UNAUTHORIZED;
    }
    op->caller.identity.expires_at_ms = now_ms + IDENTITY_TTL_MS;
    if (!identity_sign(op->deps->identity_secret, &op->caller.identity, op->header))
        return PR_ERR_INTERNAL;
    struct credential_entry *entry =
        credential_cache_put(op->deps->cache, op->hash, op->generation);
    if (entry) {
        entry->loaded_at_ms = now_ms;
        entry->caller = op->caller;
        memcpy(entry->header, op->header, sizeof entry->header);
    }
    return PR_OK;
}

static void finish(void *arg, enum pr_err err)
{
    struct authenticate *op = arg;
    struct credential_entry *entry = credential_cache_find(op->deps->cache, op->hash);
    if (entry)
        entry->refreshing = false;
    if (op->done)
        op->done(op->done_arg, err, &op->caller, op->header, NULL);
    free(op);
}

static void load(const struct gateway_deps *deps, const uint8_t hash[SECRET_HASH_BYTES],
                 struct pr_str payer, authenticate_done_fn done, void *arg)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(find),
        FLOW_STEP(charge),
        FLOW_STEP(remember),
        FLOW_STEPS_END,
    };
    struct authenticate *op = PR_NEW(struct authenticate);
    op->deps = deps;
    memcpy(op->hash, hash, sizeof op->hash);
    op->payer = payer;
    op->done = done;
    op->done_arg = arg;
    flow_start(&op->flow, "authenticate", steps, finish, op);
}

static void answer_from_cache(const struct gateway_deps *deps, struct credential_entry *entry,
                              bool ageing, authenticate_done_fn done, void *arg)
{
    struct credential_entry copy = *entry;
    if (ageing && !entry->refreshing) {
        entry->refreshing = true;
        load(deps, copy.hash, nobody_pays, NULL, NULL); /* it may empty or refill the entry */
    }
    done(arg, PR_OK, &copy.caller, copy.header, NULL);
}

void authenticate(const struct gateway_deps *deps, struct pr_str secret, struct pr_str client,
                  authenticate_done_fn done, void *arg)
{
    uint8_t hash[SECRET_HASH_BYTES];
    struct limit_verdict guesses = {.allowed = true};
    sha256(secret, hash);
    struct credential_entry *entry = credential_cache_find(deps->cache, hash);
    int64_t age_ms = entry ? pr_now_ms(deps->clock) - entry->loaded_at_ms : INT64_MAX;
    if (age_ms >= 0 && age_ms < STALE_MS) {
        answer_from_cache(deps, entry, age_ms >= FRESH_MS, done, arg);
        return;
    }
    if (!entry && !secret_is(SECRET_SESSION, secret) && !secret_is(SECRET_TOKEN, secret)) {
        done(arg, PR_ERR_UNAUTHORIZED, NULL, NULL, NULL);
        return;
    }
    if (!entry)
        limiter_peek(deps->limiter, &deps->unknown_rate, client, &guesses);
    if (guesses.allowed)
        load(deps, hash, entry ? nobody_pays : client, done, arg);
    else
        done(arg, PR_ERR_LIMITED, NULL, NULL, &guesses);
}
