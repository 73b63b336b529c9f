/* `pierrot-gateway admin-token`: a token for the first administrator.
 *
 *     add -> finish
 */
#include "services/gateway/usecases/usecases.h"

#include "shared/base/alloc.h"
#include "shared/crypto/crypto.h"
#include "shared/flow/flow.h"

struct make_admin_token {
    struct flow flow;
    const struct gateway_deps *deps;
    uint8_t hash[TOKEN_HASH_BYTES];
    struct pr_done done;
};

static enum pr_err add(void *arg)
{
    struct make_admin_token *op = arg;
    op->deps->repo->add_admin_token(op->deps->repo, op->hash, pr_now_ms(op->deps->clock),
                                    flow_wait(&op->flow));
    return PR_OK;
}

static void finish(void *arg, enum pr_err err)
{
    struct make_admin_token *op = arg;
    pr_done_call(op->done, err);
    free(op);
}

void make_admin_token(const struct gateway_deps *deps, char token[TOKEN_TEXT], struct pr_done done)
{
    static const struct flow_step steps[] = {
        FLOW_STEP(add),
        FLOW_STEPS_END,
    };
    struct make_admin_token *op = PR_NEW(struct make_admin_token);
    uint8_t random[TOKEN_RANDOM_BYTES];
    crypto_random(random, sizeof random);
    token_format(random, token);
    crypto_wipe(random, sizeof random);
    sha256(pr_str(token), op->hash);
    op->deps = deps;
    op->done = done;
    flow_start(&op->flow, "make_admin_token", steps, finish, op);
}
