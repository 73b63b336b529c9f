/* The way of a request to its handler, and what it is answered when it does not get there:
 *
 *     CORS headers
 *     the address's limit        429
 *     who is it?                 401, 429 (too many unknown credentials), 503
 *     the account's limit        429
 *     role, scope, another site  403
 *     -> the route's handler
 *
 * A public route asks nobody who he is: a broken or unknown credential does no harm there. Nor does
 * a guest's: whether his token is good, the service says that answers him.
 * Authorization beats the cookie, so that a program in a browser is what its token says.
 *
 * Nearly always each stage answers at once, from memory, and the handler runs before door_enter
 * returns. A stage that must ask (a lease of tokens from Redis, a credential not seen lately from
 * Postgres) goes on later. Everything is kept in the request's arena. */
#include "services/gateway/adapters/door.h"

#include "services/gateway/adapters/cors.h"
#include "services/gateway/adapters/http_gateway.h"

static const struct pr_str api = PR_STR("/api/");

/* Takes a token of this bucket, then goes on with next. */
static void take(struct gateway_call *call, const struct limit_rate *rate, struct pr_str key,
                 void (*next)(void *arg, enum pr_err err))
{
    if (rate->count == 0) {
        call->verdict = (struct limit_verdict){.allowed = true};
        next(call, PR_OK);
        return;
    }
    limiter_take(call_deps(call)->limiter, rate, key, &call->verdict, (struct pr_done){next, call});
}

/* False when it is answered. */
static bool has_passed(struct gateway_call *call)
{
    if (call->verdict.rate)
        call_count(call, &call->verdict);
    if (!call->verdict.allowed)
        call_reply_error(call, PR_ERR_LIMITED);
    return call->verdict.allowed;
}

/* Cookies come along with whatever a page of any site makes the browser ask. */
static bool is_from_another_site(const struct gateway_call *call)
{
    const struct http_request *req = call->req;
    struct origin_claim claim;
    bool by_cookie = call_is_anonymous(call) || call->caller.kind == CREDENTIAL_SESSION;
    if (!by_cookie || !call_changes_something(call))
        return false;
    claim = (struct origin_claim){
        .sec_fetch_site = http_req_header(req, "sec-fetch-site"),
        .origin = http_req_header(req, "origin"),
        .host = http_req_header(req, "host"),
    };
    return !origin_may_write(&claim, &call->gateway->config->public);
}

static void admit(struct gateway_call *call)
{
    const struct caller *caller = &call->caller;
    bool changes = call_changes_something(call);
    unsigned scope = changes ? SCOPE_WRITE : SCOPE_READ;
    if (call->route->access == ACCESS_ADMIN) {
        scope = SCOPE_ADMIN;
        if (caller->identity.role != ROLE_ADMIN) {
            call_reply_forbidden(call, "for administrators");
            return;
        }
    }
    if (!call_is_anonymous(call) && !(caller->scopes & scope))
        call_reply_forbidden(call, scope == SCOPE_ADMIN   ? "the token lacks the scope admin"
                                   : scope == SCOPE_WRITE ? "the token lacks the scope write"
                                                          : "the token lacks the scope read");
    else if (is_from_another_site(call))
        call_reply_forbidden(call, "the request comes from a page of another site");
    else
        call->route->handler(call);
}

static void account_counted(void *arg, enum pr_err err)
{
    struct gateway_call *call = arg;
    (void)err; /* there is always a verdict */
    if (has_passed(call))
        admit(call);
}

static void authenticated(void *arg, enum pr_err err, const struct caller *caller,
                          const char *header, const struct limit_verdict *limited)
{
    struct gateway_call *call = arg;
    if (limited)
        call_count(call, limited);
    if (err) {
        call_reply_error(call, err);
        return;
    }
    call->caller = *caller;
    bool fits = pr_str_copy(pr_str(header), call->identity, sizeof call->identity);
    enum rate_class class = rate_class_of(call->route->rate, http_req_method(call->req));
    const struct identity *identity = &call->caller.identity;
    if (fits)
        take(call, &call->gateway->config->rates.account[identity->tier][class],
             pr_str_n(identity->account_id.b, sizeof identity->account_id.b), account_counted);
    else
        call_reply_error(call, PR_ERR_INTERNAL);
}

static void address_counted(void *arg, enum pr_err err)
{
    struct gateway_call *call = arg;
    struct pr_str secret;
    (void)err;
    if (!has_passed(call))
        return;
    if (call_is_anonymous(call))
        admit(call);
    else if (call_secret(call, &secret))
        authenticate(call_deps(call), secret, http_req_client_network(call->req), authenticated,
                     call);
    else
        call_reply_error(call, PR_ERR_UNAUTHORIZED);
}

void door_enter(void *arg, struct http_request *req)
{
    const struct http_gateway *gateway = arg;
    struct gateway_call *call = pr_arena_alloc(http_req_arena(req), sizeof *call);
    *call = (struct gateway_call){
        .req = req,
        .gateway = gateway,
        .route = http_req_route(req)->data,
    };
    if (pr_str_has_prefix(http_req_path(req), api))
        cors_allow(&gateway->config->cors, req);
    enum rate_class class = rate_class_of(call->route->rate, http_req_method(req));
    take(call, &gateway->config->rates.address[class], http_req_client_network(req),
         address_counted);
}

void door_preflight(void *arg, struct http_request *req)
{
    const struct http_gateway *gateway = arg;
    cors_answer_preflight(&gateway->config->cors, req);
}
