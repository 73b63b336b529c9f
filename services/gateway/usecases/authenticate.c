/* Every request: who is it? Answered from memory; the database is asked for a token not seen
 * lately.
 *
 *     fresh (up to 2 s):  answered at once
 *     ageing (to 4 s):    answered at once, and loaded again behind it
 *     older, or unknown:  find_token -> remember -> finish
 *
 * So a token that was revoked, or an account that changed, is known everywhere within 5 seconds,
 * and a client that keeps calling never waits for the database. */
#include "services/gateway/usecases/usecases.h"

#include "shared/base/alloc.h"
#include "shared/crypto/crypto.h"
#include "shared/flow/flow.h"

#define FRESH_MS 2000
#define STALE_MS 4000
#define IDENTITY_TTL_MS 30000

_Static_assert(TOKEN_IDENTITY_MAX == IDENTITY_HEADER_MAX, "the cache keeps what is signed");

struct authenticate {
    struct flow flow;
    const struct gateway_deps *deps;
    uint8_t hash[TOKEN_HASH_BYTES];
    struct identity identity; /* find_token fills it */
    char header[IDENTITY_HEADER_MAX];
    authenticate_done_fn done; /* NULL: nobody waits, the cache is refreshed */
    void *done_arg;
};

static enum pr_err find_token(void *arg)
{
    struct authenticate *op = arg;
    op->deps->repo->find_token(op->deps->repo, op->hash, &op->identity, flow_wait(&op->flow));
    return PR_OK;
}

static enum pr_err remember(void *arg)
{
    struct authenticate *op = arg;
    int64_t now_ms = pr_now_ms(op->deps->clock);
    op->identity.expires_at_ms = now_ms + IDENTITY_TTL_MS;
    if (!identity_sign(op->deps->identity_secret, &op->identity, op->header))
        return PR_ERR_INTERNAL;
    struct token_entry *entry = token_cache_put(op->deps->tokens, op->hash);
    entry->loaded_at_ms = now_ms;
    memcpy(entry->identity, op->header, sizeof entry->identity);
    return PR_OK;
}

static void finish(void *arg, enum pr_err err)
{
    struct authenticate *op = arg;
    if (err == PR_ERR_UNAUTHORIZED)
        token_cache_drop(op->deps->tokens, op->hash);
    struct token_entry *entry = token_cache_find(op->deps->tokens, op->hash);
    if (entry)
        entry->refreshing = false;
    if (op->done)
        op->done(op->done_arg, err, op->header);
    free(op);
}

static void load(const struct gateway_deps *deps, const uint8_t hash[TOKEN_HASH_BYTES],
                 authenticate_done_fn done, void *arg)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(find_token),
        FLOW_STEP(remember),
        FLOW_STEPS_END,
    };
    struct authenticate *op = PR_NEW(struct authenticate);
    op->deps = deps;
    memcpy(op->hash, hash, sizeof op->hash);
    op->done = done;
    op->done_arg = arg;
    flow_start(&op->flow, "authenticate", steps, finish, op);
}

void authenticate(const struct gateway_deps *deps, struct pr_str authorization,
                  authenticate_done_fn done, void *arg)
{
    uint8_t hash[TOKEN_HASH_BYTES];
    struct pr_str token;
    if (!token_from_authorization(authorization, &token)) {
        done(arg, PR_ERR_UNAUTHORIZED, NULL);
        return;
    }
    sha256(token, hash);
    struct token_entry *entry = token_cache_find(deps->tokens, hash);
    int64_t age_ms = entry ? pr_now_ms(deps->clock) - entry->loaded_at_ms : INT64_MAX;
    if (age_ms < 0 || age_ms >= STALE_MS) {
        load(deps, hash, done, arg);
        return;
    }
    char identity[IDENTITY_HEADER_MAX];
    memcpy(identity, entry->identity, sizeof identity);
    if (age_ms >= FRESH_MS && !entry->refreshing) {
        entry->refreshing = true;
        load(deps, hash, NULL, NULL);
    }
    done(arg, PR_OK, identity);
}
