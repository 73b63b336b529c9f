#include "services/media/adapters/http_parts.h"

#include "services/media/adapters/http_call.h"
#include "services/media/adapters/media_json.h"
#include "shared/base/alloc.h"
#include "shared/base/encode.h"
#include "shared/http/input.h"

static const char field[] = "parts";

/* {"number": 1, "sha256": "…"}; other members are ignored. */
static bool read_part(const json_t *item, struct wanted_part *out, struct pr_fault *fault)
{
    const json_t *number = json_object_get(item, "number");
    const json_t *sha256 = json_object_get(item, "sha256");
    if (!json_is_integer(number) || !json_is_string(sha256)) {
        (void)pr_fault_set(fault, PR_ERR_INVALID, field, "have a number and a sha256 each");
        return false;
    }
    out->number = json_integer_value(number);
    if (!pr_hex_decode(pr_str_n(json_string_value(sha256), json_string_length(sha256)), out->sha256,
                       sizeof out->sha256)) {
        (void)pr_fault_set(fault, PR_ERR_INVALID, field,
                           "have a sha256 of 64 hexadecimal digits each");
        return false;
    }
    return true;
}

static bool read_parts(const json_t *body, struct sign_parts_cmd *cmd, struct pr_fault *fault)
{
    const json_t *list = json_object_get(body, field);
    if (!json_is_array(list) || json_array_size(list) < 1 ||
        json_array_size(list) > WANTED_PARTS_MAX) {
        (void)pr_fault_set(fault, PR_ERR_INVALID, field, "must be an array of 1 to %d parts",
                           WANTED_PARTS_MAX);
        return false;
    }
    cmd->parts_n = json_array_size(list);
    for (size_t i = 0; i < cmd->parts_n; i++) {
        if (!read_part(json_array_get(list, i), &cmd->parts[i], fault))
            return false;
    }
    return true;
}

static void parts_signed(void *arg, const struct pr_fault *fault, const struct sign_parts_cmd *cmd,
                         const struct signed_upload *uploads, int64_t expires_at_ms)
{
    struct call *call = arg;
    if (fault->err) {
        http_reply_fault(call->req, fault);
    } else {
        json_t *parts = json_array();
        for (size_t i = 0; i < cmd->parts_n; i++) {
            json_t *part = upload_to_json(&uploads[i], expires_at_ms);
            json_object_set_new(part, "number", json_integer(cmd->parts[i].number));
            json_array_append_new(parts, part);
        }
        http_reply_json(call->req, 200, json_pack("{s:o}", field, parts));
    }
    free(call);
}

void post_parts(void *deps, struct http_request *req)
{
    struct pr_fault fault;
    struct sign_parts_cmd *cmd = PR_NEW(struct sign_parts_cmd);
    cmd->caller = http_req_identity(req)->account_id;
    json_t *body = input_id(req, &cmd->media_id, &fault) ? http_req_json(req, &fault) : NULL;
    if (body && read_parts(body, cmd, &fault))
        sign_parts(deps, cmd, parts_signed, call_new(deps, req));
    else
        http_reply_fault(req, &fault);
    json_decref(body);
    free(cmd);
}

static void parts_listed(void *arg, const struct pr_fault *fault, const struct media *media,
                         const struct stored_parts *stored)
{
    struct call *call = arg;
    if (fault->err) {
        http_reply_fault(call->req, fault);
    } else {
        json_t *parts = json_array();
        for (size_t i = 0; i < stored->n; i++)
            json_array_append_new(parts, json_pack("{s:I, s:I}", "number",
                                                   (json_int_t)stored->items[i].number, "size",
                                                   (json_int_t)stored->items[i].size_bytes));
        http_reply_json(
            call->req, 200,
            json_pack("{s:o, s:o}", "multipart", multipart_to_json(media), field, parts));
    }
    free(call);
}

void get_parts(void *deps, struct http_request *req)
{
    struct pr_fault fault;
    struct pr_uuid id;
    if (input_id(req, &id, &fault))
        list_parts(deps, &http_req_identity(req)->account_id, &id, parts_listed,
                   call_new(deps, req));
    else
        http_reply_fault(req, &fault);
}
