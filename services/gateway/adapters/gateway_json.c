#include "services/gateway/adapters/gateway_json.h"

#include "shared/base/utf8.h"
#include "shared/http/json.h"

static json_t *time_or_null(int64_t at_ms)
{
    return at_ms ? json_time(at_ms) : json_null();
}

/* What a client once sent, and we cut: it may be anything but UTF-8. */
static json_t *foreign_text(const char *text)
{
    return pr_utf8_valid(pr_str(text)) ? json_string(text) : json_string("");
}

json_t *account_to_json(const struct account *account)
{
    return json_pack(
        "{s:o, s:s, s:o, s:s, s:s, s:b, s:o}", "id", json_id(&account->id), "name", account->name,
        "email", account->email[0] ? json_string(account->email) : json_null(), "tier",
        identity_tier_name(account->tier), "role", identity_role_name(account->role), "disabled",
        account->disabled, "created_at", json_time(account->created_at_ms));
}

json_t *session_to_json(const struct credential *session, const struct pr_uuid *current_id)
{
    return json_pack("{s:o, s:b, s:o, s:s, s:o, s:o, s:o}", "id", json_id(&session->id), "current",
                     pr_uuid_eq(&session->id, current_id), "agent", foreign_text(session->agent),
                     "address", session->address, "created_at", json_time(session->created_at_ms),
                     "last_used_at", time_or_null(session->last_used_at_ms), "expires_at",
                     json_time(session->expires_at_ms));
}

static json_t *scopes_to_json(unsigned scopes)
{
    char text[SCOPES_TEXT];
    struct pr_str word, rest;
    json_t *list = json_array();
    scopes_format(scopes, text);
    rest = pr_str(text);
    while (rest.n > 0) {
        pr_str_cut(rest, ' ', &word, &rest);
        json_array_append_new(list, json_text(word));
    }
    return list;
}

json_t *token_to_json(const struct credential *token, const char *secret)
{
    json_t *json = json_pack(
        "{s:o, s:s, s:o, s:o, s:o, s:o}", "id", json_id(&token->id), "name", token->name, "scopes",
        scopes_to_json(token->scopes), "created_at", json_time(token->created_at_ms), "expires_at",
        json_time(token->expires_at_ms), "last_used_at", time_or_null(token->last_used_at_ms));
    if (secret)
        json_object_set_new(json, "token", json_string(secret));
    return json;
}

json_t *invite_to_json(const struct invite *invite)
{
    return json_pack("{s:o, s:s, s:s, s:o, s:o, s:o}", "id", json_id(&invite->id), "role",
                     identity_role_name(invite->role), "tier", identity_tier_name(invite->tier),
                     "created_at", json_time(invite->created_at_ms), "expires_at",
                     json_time(invite->expires_at_ms), "used_at", time_or_null(invite->used_at_ms));
}

json_t *update_to_json(const struct update *update)
{
    json_t *json = json_object();
    json_object_set_new(json, "id", json_id(&update->media_id));
    json_object_set_new(json, "state", json_string(update_state_name(update->state)));
    if (update->reason.n > 0)
        json_object_set_new(json, "reason", json_text(update->reason));
    return json;
}
