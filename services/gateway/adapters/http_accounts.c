/* Accounts: everybody's own, and those an administrator looks after. */
#include "services/gateway/adapters/gateway_json.h"
#include "services/gateway/adapters/http_handlers.h"
#include "shared/http/input.h"

#define TEXT_MAX 1024 /* bytes; the usecases know what is right */

static void reply_account(struct gateway_call *call, const struct pr_fault *fault,
                          const struct account *account)
{
    if (fault->err)
        call_reply_fault(call, fault);
    else
        call_reply_json(call, 200, json_pack("{s:o}", "account", account_to_json(account)));
}

static void answered(void *arg, const struct pr_fault *fault, const struct account *account,
                     bool replayed)
{
    (void)replayed;
    reply_account(arg, fault, account);
}

static void signed_up(void *arg, const struct pr_fault *fault, const struct account *account,
                      bool replayed)
{
    if (fault->err)
        call_reply_fault(arg, fault);
    else
        call_reply_created(arg, json_pack("{s:o}", "account", account_to_json(account)), replayed);
}

void post_account(struct gateway_call *call)
{
    static const struct input_field fields[] = {
        INPUT_FIELD(struct sign_up_cmd, email, "email", INPUT_TEXT, true, 0, TEXT_MAX),
        INPUT_FIELD(struct sign_up_cmd, name, "name", INPUT_TEXT, true, 0, TEXT_MAX),
        INPUT_FIELD(struct sign_up_cmd, password, "password", INPUT_TEXT, true, 0, TEXT_MAX),
        INPUT_FIELD(struct sign_up_cmd, invite, "invite", INPUT_TEXT, false, 0, TEXT_MAX),
        INPUT_END,
    };
    struct sign_up_cmd cmd = {.invite = PR_STR("")};
    struct pr_fault fault;
    if (input_read(call->req, fields, &cmd, &fault) &&
        http_req_idempotency(call->req, &cmd.idempotency, &fault))
        sign_up(call_deps(call), &cmd, signed_up, call);
    else
        call_reply_fault(call, &fault);
}

void get_me(struct gateway_call *call)
{
    get_account(call_deps(call), &call->caller.identity.account_id, answered, call);
}

void patch_me(struct gateway_call *call)
{
    static const struct input_field fields[] = {
        INPUT_FIXED_FIELD("name"),
        INPUT_FIXED_FIELD("tier"),
        INPUT_FIXED_FIELD("role"),
        INPUT_FIXED_FIELD("disabled"),
        {"email", INPUT_TEXT, true, 0, 0, TEXT_MAX},
        INPUT_END,
    };
    struct pr_str email;
    struct pr_fault fault;
    if (input_read(call->req, fields, &email, &fault))
        change_email(call_deps(call), &call->caller.identity.account_id, email, answered, call);
    else
        call_reply_fault(call, &fault);
}

static void deleted(void *arg, const struct pr_fault *fault)
{
    struct gateway_call *call = arg;
    if (fault->err) {
        call_reply_fault(call, fault);
    } else {
        call_set_cookie(call, "");
        call_reply_empty(call);
    }
}

void delete_me(struct gateway_call *call)
{
    delete_account(call_deps(call), &call->caller.identity.account_id, deleted, call);
}

static void password_changed(void *arg, const struct pr_fault *fault)
{
    struct gateway_call *call = arg;
    if (fault->err)
        call_reply_fault(call, fault);
    else
        call_reply_empty(call);
}

void post_password(struct gateway_call *call)
{
    static const struct input_field fields[] = {
        INPUT_FIELD(struct change_password_cmd, current_password, "current_password", INPUT_TEXT,
                    true, 0, TEXT_MAX),
        INPUT_FIELD(struct change_password_cmd, new_password, "new_password", INPUT_TEXT, true, 0,
                    TEXT_MAX),
        INPUT_END,
    };
    struct change_password_cmd cmd = {.caller = call->caller};
    struct pr_fault fault;
    if (input_read(call->req, fields, &cmd, &fault))
        change_password(call_deps(call), &cmd, password_changed, call);
    else
        call_reply_fault(call, &fault);
}

static void listed(void *arg, enum pr_err err, const struct account_page *page)
{
    struct gateway_call *call = arg;
    if (err) {
        call_reply_error(call, err);
        return;
    }
    json_t *items = json_array();
    for (size_t i = 0; i < page->items_n; i++)
        json_array_append_new(items, account_to_json(&page->items[i]));
    const struct pr_uuid *last = page->more ? &page->items[page->items_n - 1].id : NULL;
    call_reply_json(call, 200, input_page_to_json(items, last));
}

void get_accounts(struct gateway_call *call)
{
    struct account_query query = {.search = PR_STR("")};
    struct pr_fault fault;
    (void)http_req_query(call->req, "search", &query.search);
    if (input_page(call->req, &query.limit, &query.before_id, &fault))
        list_accounts(call_deps(call), &query, listed, call);
    else
        call_reply_fault(call, &fault);
}

struct change_body {
    struct pr_str tier, role;
    int disabled;
};

static bool read_change(struct gateway_call *call, struct account_change *out,
                        struct pr_fault *fault)
{
    static const struct input_field fields[] = {
        INPUT_FIELD(struct change_body, tier, "tier", INPUT_TEXT, false, 0, TEXT_MAX),
        INPUT_FIELD(struct change_body, role, "role", INPUT_TEXT, false, 0, TEXT_MAX),
        INPUT_FIELD(struct change_body, disabled, "disabled", INPUT_BOOLEAN, false, 0, 0),
        INPUT_END,
    };
    struct change_body body = {.disabled = -1};
    if (!input_read(call->req, fields, &body, fault))
        return false;
    *out = (struct account_change){
        .has_tier = body.tier.p,
        .has_role = body.role.p,
        .has_disabled = body.disabled >= 0,
        .disabled = body.disabled > 0,
    };
    if (out->has_tier && !identity_tier_parse(body.tier, &out->tier))
        return pr_fault_set(fault, PR_ERR_INVALID, "tier", "must be free, premium or business"),
               false;
    if (out->has_role && !identity_role_parse(body.role, &out->role))
        return pr_fault_set(fault, PR_ERR_INVALID, "role", "must be user or admin"), false;
    return true;
}

void patch_account(struct gateway_call *call)
{
    struct account_change change;
    struct pr_uuid id;
    struct pr_fault fault;
    if (input_id(call->req, &id, &fault) && read_change(call, &change, &fault))
        administer_account(call_deps(call), &id, &change, answered, call);
    else
        call_reply_fault(call, &fault);
}
