/* Sessions: browsers that are logged in. */
#include "services/gateway/adapters/gateway_json.h"
#include "services/gateway/adapters/http_handlers.h"
#include "shared/http/input.h"

#define TEXT_MAX 1024

static void logged_in(void *arg, const struct pr_fault *fault, const struct limit_verdict *limited,
                      const char *secret, const struct credential *session,
                      const struct account *account)
{
    struct gateway_call *call = arg;
    if (limited)
        call_count(call, limited);
    if (fault->err) {
        call_reply_fault(call, fault);
        return;
    }
    call_set_cookie(call, secret);
    call_reply_json(call, 201,
                    json_pack("{s:o, s:o}", "session", session_to_json(session, &session->id),
                              "account", account_to_json(account)));
}

void post_session(struct gateway_call *call)
{
    static const struct input_field fields[] = {
        INPUT_FIELD(struct log_in_cmd, email, "email", INPUT_TEXT, true, 0, TEXT_MAX),
        INPUT_FIELD(struct log_in_cmd, password, "password", INPUT_TEXT, true, 0, TEXT_MAX),
        INPUT_END,
    };
    struct log_in_cmd cmd = {
        .agent = http_req_header(call->req, "user-agent"),
        .address = http_req_client(call->req),
    };
    struct pr_fault fault;
    if (!call_session(call, &cmd.replaces))
        cmd.replaces = pr_str("");
    if (input_read(call->req, fields, &cmd, &fault))
        log_in(call_deps(call), &cmd, logged_in, call);
    else
        call_reply_fault(call, &fault);
}

/* The caller's own session; a program with a token has none. */
static const struct pr_uuid *current(const struct gateway_call *call)
{
    static const struct pr_uuid none;
    return call->caller.kind == CREDENTIAL_SESSION ? &call->caller.credential_id : &none;
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
        json_array_append_new(items, session_to_json(&list->items[i], current(call)));
    call_reply_json(call, 200, json_pack("{s:o}", "items", items));
}

void get_sessions(struct gateway_call *call)
{
    list_credentials(call_deps(call), &call->caller.identity.account_id, CREDENTIAL_SESSION, listed,
                     call);
}

/* The browser that asks is logged out: nothing is left for its cookie to be good for. */
static void own_ended(void *arg, enum pr_err err)
{
    struct gateway_call *call = arg;
    if (!err)
        call_set_cookie(call, "");
    call_reply_done(call, err);
}

void delete_sessions(struct gateway_call *call)
{
    revoke_sessions(call_deps(call), &call->caller.identity.account_id,
                    (struct pr_done){own_ended, call});
}

static void end_session(struct gateway_call *call, const struct pr_uuid *id)
{
    bool own = pr_uuid_eq(id, current(call));
    revoke_credential(call_deps(call), &call->caller.identity.account_id, CREDENTIAL_SESSION, id,
                      (struct pr_done){own ? own_ended : call_reply_done, call});
}

void delete_session(struct gateway_call *call)
{
    struct pr_uuid id;
    struct pr_fault fault;
    if (input_id(call->req, &id, &fault))
        end_session(call, &id);
    else
        call_reply_fault(call, &fault);
}

void delete_current_session(struct gateway_call *call)
{
    if (call->caller.kind == CREDENTIAL_SESSION)
        end_session(call, &call->caller.credential_id);
    else
        call_reply_error(call, PR_ERR_NOT_FOUND);
}
