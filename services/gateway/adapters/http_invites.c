/* Invitations: links that let one person sign up. */
#include "services/gateway/adapters/gateway_json.h"
#include "services/gateway/adapters/http_gateway.h"
#include "services/gateway/adapters/http_handlers.h"
#include "shared/http/input.h"

#define TEXT_MAX 64
#define EXPIRES_DEFAULT_S 604800
#define EXPIRES_MIN_S 60
#define EXPIRES_MAX_S 31536000

struct invite_body {
    struct pr_str role, tier;
    int64_t expires_in_s;
};

/* Behind the '#', which browsers keep to themselves: it is in no log on the way. */
static json_t *link_of(const struct gateway_call *call, const char *secret)
{
    return json_sprintf("%s/signup#invite=%s", call->gateway->config->public.text, secret);
}

static void made(void *arg, const struct pr_fault *fault, const char *secret,
                 const struct invite *invite, bool replayed)
{
    struct gateway_call *call = arg;
    if (fault->err) {
        call_reply_fault(call, fault);
        return;
    }
    json_t *json = invite_to_json(invite);
    json_object_set_new(json, "invite", json_string(secret));
    json_object_set_new(json, "url", link_of(call, secret));
    call_reply_created(call, json, replayed);
}

static bool read_invite(struct gateway_call *call, struct make_invite_cmd *out,
                        struct pr_fault *fault)
{
    static const struct input_field fields[] = {
        INPUT_FIELD(struct invite_body, role, "role", INPUT_TEXT, false, 0, TEXT_MAX),
        INPUT_FIELD(struct invite_body, tier, "tier", INPUT_TEXT, false, 0, TEXT_MAX),
        INPUT_FIELD(struct invite_body, expires_in_s, "expires_in", INPUT_INTEGER, false,
                    EXPIRES_MIN_S, EXPIRES_MAX_S),
        INPUT_END,
    };
    struct invite_body body = {
        .role = PR_STR("user"), .tier = PR_STR("free"), .expires_in_s = EXPIRES_DEFAULT_S};
    if (!input_read(call->req, fields, &body, fault))
        return false;
    out->expires_in_ms = body.expires_in_s * 1000;
    if (!identity_role_parse(body.role, &out->role))
        return pr_fault_set(fault, PR_ERR_INVALID, "role", "must be user or admin"), false;
    if (!identity_tier_parse(body.tier, &out->tier))
        return pr_fault_set(fault, PR_ERR_INVALID, "tier", "must be free, premium or business"),
               false;
    return true;
}

void post_invite(struct gateway_call *call)
{
    struct make_invite_cmd cmd = {
        .caller = call->caller.identity.account_id,
        .key = http_req_header(call->req, "idempotency-key"),
    };
    struct pr_fault fault;
    if (read_invite(call, &cmd, &fault) &&
        http_req_idempotency(call->req, &cmd.idempotency, &fault))
        make_invite(call_deps(call), &cmd, made, call);
    else
        call_reply_fault(call, &fault);
}

static void listed(void *arg, enum pr_err err, const struct invite_list *list)
{
    struct gateway_call *call = arg;
    if (err) {
        call_reply_error(call, err);
        return;
    }
    json_t *items = json_array();
    for (size_t i = 0; i < list->items_n; i++)
        json_array_append_new(items, invite_to_json(&list->items[i]));
    call_reply_json(call, 200, json_pack("{s:o}", "items", items));
}

void get_invites(struct gateway_call *call)
{
    list_invites(call_deps(call), listed, call);
}

void delete_invite(struct gateway_call *call)
{
    struct pr_uuid id;
    struct pr_fault fault;
    if (input_id(call->req, &id, &fault))
        revoke_invite(call_deps(call), &id, (struct pr_done){call_reply_done, call});
    else
        call_reply_fault(call, &fault);
}
