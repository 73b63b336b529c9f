/* Tokens: what programs send instead of a password. */
#include "services/gateway/adapters/gateway_json.h"
#include "services/gateway/adapters/http_handlers.h"
#include "shared/http/input.h"

#define TEXT_MAX 1024
#define EXPIRES_DEFAULT_S 7776000 /* 90 days */
#define EXPIRES_MAX_S 315360000   /* ten years */

struct token_body {
    struct pr_str name, scopes;
    int64_t expires_in_s;
};

static void made(void *arg, const struct pr_fault *fault, const char *secret,
                 const struct credential *token, bool replayed)
{
    if (fault->err)
        call_reply_fault(arg, fault);
    else
        call_reply_created(arg, token_to_json(token, secret), replayed);
}

static bool read_token(struct gateway_call *call, struct make_token_cmd *out,
                       struct pr_fault *fault)
{
    static const struct input_field fields[] = {
        INPUT_FIELD(struct token_body, name, "name", INPUT_TEXT, true, 0, TEXT_MAX),
        INPUT_FIELD(struct token_body, scopes, "scopes", INPUT_WORDS, true, 0, TEXT_MAX),
        INPUT_FIELD(struct token_body, expires_in_s, "expires_in", INPUT_INTEGER, false, 1,
                    EXPIRES_MAX_S),
        INPUT_END,
    };
    struct token_body body = {.expires_in_s = EXPIRES_DEFAULT_S};
    if (!input_read(call->req, fields, &body, fault))
        return false;
    out->name = body.name;
    out->expires_in_ms = body.expires_in_s * 1000;
    if (scopes_parse(body.scopes, &out->scopes))
        return true;
    (void)pr_fault_set(fault, PR_ERR_INVALID, "scopes", "must be some of read, write, admin");
    return false;
}

void post_token(struct gateway_call *call)
{
    struct make_token_cmd cmd = {
        .caller = call->caller,
        .key = http_req_header(call->req, "idempotency-key"),
    };
    struct pr_fault fault;
    if (read_token(call, &cmd, &fault) && http_req_idempotency(call->req, &cmd.idempotency, &fault))
        make_token(call_deps(call), &cmd, made, call);
    else
        call_reply_fault(call, &fault);
}

static void listed(void *arg, enum pr_err err, const struct credential_list *list)
{
    struct gateway_call *call = arg;
    if (err) {
        call_reply_error(call, err);
        return;
    }
    json_t *items = json_array();
    for (size_t i = 0; i < list->items_n; i++)
        json_array_append_new(items, token_to_json(&list->items[i], NULL));
    call_reply_json(call, 200, json_pack("{s:o}", "items", items));
}

void get_tokens(struct gateway_call *call)
{
    list_credentials(call_deps(call), &call->caller.identity.account_id, CREDENTIAL_TOKEN, listed,
                     call);
}

void delete_token(struct gateway_call *call)
{
    struct pr_uuid id;
    struct pr_fault fault;
    if (input_id(call->req, &id, &fault))
        revoke_credential(call_deps(call), &call->caller.identity.account_id, CREDENTIAL_TOKEN, &id,
                          (struct pr_done){call_reply_done, call});
    else
        call_reply_fault(call, &fault);
}
