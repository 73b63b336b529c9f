#include "services/media/adapters/http_codes.h"

#include "services/media/adapters/code_json.h"
#include "services/media/adapters/http_call.h"
#include "services/media/usecases/code_usecases.h"
#include "shared/base/alloc.h"
#include "shared/http/input.h"

#define LABELS_MAX_BYTES 65536
#define LENGTH_DEFAULT 6

static bool read_key(struct http_request *req, struct code_key *out, struct pr_fault *fault)
{
    out->owner_id = http_req_identity(req)->account_id;
    return input_id(req, &out->event_id, fault) &&
           input_param_id(req, "code_id", &out->code_id, fault);
}

static struct code_ids ids_of(const struct input_ids *ids)
{
    return (struct code_ids){ids->items, ids->n};
}

static json_t *codes_to_json(const struct call *call, const struct code_page *page)
{
    json_t *list = json_array();
    for (size_t i = 0; i < page->items_n; i++)
        json_array_append_new(list, code_to_json(call->deps, &page->event, &page->items[i]));
    return list;
}

/* ---- making them ---- */

static void reply_made(struct call *call, const struct pr_fault *fault, bool replayed, json_t *body)
{
    if (replayed && body)
        http_reply_header(call->req, "idempotent-replayed", pr_str("true"));
    if (body)
        http_reply_json(call->req, 201, body);
    else
        http_reply_fault(call->req, fault);
    free(call);
}

static void made_one(void *arg, const struct pr_fault *fault, const struct code_page *page,
                     bool replayed)
{
    struct call *call = arg;
    json_t *body = NULL;
    if (!fault->err)
        body = json_pack("{s:o}", "code", code_to_json(call->deps, &page->event, &page->items[0]));
    reply_made(call, fault, replayed, body);
}

static void made_many(void *arg, const struct pr_fault *fault, const struct code_page *page,
                      bool replayed)
{
    struct call *call = arg;
    json_t *body = NULL;
    if (!fault->err)
        body = json_pack("{s:o}", "codes", codes_to_json(call, page));
    reply_made(call, fault, replayed, body);
}

struct post_body {
    struct pr_str label, labels;
    struct input_ids media_ids;
    int all;
    int64_t length, expires_in;
};

void post_codes(void *deps, struct http_request *req)
{
    static const struct input_field fields[] = {
        INPUT_FIELD(struct post_body, label, "label", INPUT_TEXT, false, 0, LABELS_MAX_BYTES),
        INPUT_FIELD(struct post_body, labels, "labels", INPUT_TEXT, false, 0, LABELS_MAX_BYTES),
        INPUT_FIELD(struct post_body, media_ids, "media_ids", INPUT_IDS, false, 0,
                    CODE_PHOTOS_AT_ONCE),
        INPUT_FIELD(struct post_body, all, "all", INPUT_BOOLEAN, false, 0, 0),
        INPUT_FIELD(struct post_body, length, "length", INPUT_INTEGER, false, CODE_LENGTH_MIN,
                    CODE_LENGTH_MAX),
        INPUT_FIELD(struct post_body, expires_in, "expires_in", INPUT_INTEGER, false,
                    CODE_TTL_MIN_S, EVENT_TTL_MAX_S),
        INPUT_END,
    };
    struct pr_fault fault;
    struct post_body body = {.all = -1, .length = LENGTH_DEFAULT};
    struct make_codes_cmd cmd = {.caller = http_req_identity(req)->account_id};
    if (!input_id(req, &cmd.event_id, &fault) ||
        !http_req_idempotency(req, &cmd.idempotency, &fault) ||
        !input_read(req, fields, &body, &fault)) {
        http_reply_fault(req, &fault);
        return;
    }
    cmd.label = body.label;
    cmd.labels = body.labels;
    cmd.photos = ids_of(&body.media_ids);
    cmd.opens_all = body.all;
    cmd.length = body.length;
    cmd.expires_in_s = body.expires_in;
    make_codes(deps, &cmd, body.labels.p ? made_many : made_one, call_new(deps, req));
}

/* ---- reading them ---- */

static void listed(void *arg, enum pr_err err, struct code_page *page)
{
    struct call *call = arg;
    if (err) {
        http_reply_error(call->req, err);
    } else {
        const struct pr_uuid *last = page->more ? &page->items[page->items_n - 1].id : NULL;
        http_reply_json(call->req, 200, input_page_to_json(codes_to_json(call, page), last));
    }
    free(call);
}

void get_codes(void *deps, struct http_request *req)
{
    struct pr_fault fault;
    struct code_query query = {.owner_id = http_req_identity(req)->account_id};
    if (input_id(req, &query.event_id, &fault) &&
        input_page(req, &query.limit, &query.before_id, &fault))
        list_codes(deps, &query, listed, call_new(deps, req));
    else
        http_reply_fault(req, &fault);
}

static void found(void *arg, const struct pr_fault *fault, const struct code_found *found)
{
    struct call *call = arg;
    if (fault->err)
        http_reply_fault(call->req, fault);
    else
        http_reply_json(call->req, 200,
                        json_pack("{s:o, s:o}", "code",
                                  code_to_json(call->deps, &found->event, &found->code),
                                  "media_ids", code_photos_to_json(&found->photos)));
    free(call);
}

void get_one_code(void *deps, struct http_request *req)
{
    struct pr_fault fault;
    struct code_key key;
    if (read_key(req, &key, &fault))
        get_code(deps, &key, found, call_new(deps, req));
    else
        http_reply_fault(req, &fault);
}

/* ---- changing them ---- */

struct patch_body {
    struct pr_str label;
    struct input_ids media_ids, add, remove;
    int all, revoked;
    int64_t expires_in;
};

void patch_code(void *deps, struct http_request *req)
{
    static const struct input_field fields[] = {
        INPUT_FIXED_FIELD("access_code"),
        INPUT_FIELD(struct patch_body, label, "label", INPUT_TEXT, false, 0, LABELS_MAX_BYTES),
        INPUT_FIELD(struct patch_body, media_ids, "media_ids", INPUT_IDS, false, 0,
                    CODE_PHOTOS_AT_ONCE),
        INPUT_FIELD(struct patch_body, add, "add", INPUT_IDS, false, 0, CODE_PHOTOS_AT_ONCE),
        INPUT_FIELD(struct patch_body, remove, "remove", INPUT_IDS, false, 0, CODE_PHOTOS_AT_ONCE),
        INPUT_FIELD(struct patch_body, all, "all", INPUT_BOOLEAN, false, 0, 0),
        INPUT_FIELD(struct patch_body, revoked, "revoked", INPUT_BOOLEAN, false, 0, 0),
        INPUT_FIELD(struct patch_body, expires_in, "expires_in", INPUT_INTEGER, false, 0,
                    EVENT_TTL_MAX_S),
        INPUT_END,
    };
    struct pr_fault fault;
    struct patch_body body = {.all = -1, .revoked = -1, .expires_in = -1};
    struct change_code_cmd cmd;
    if (!read_key(req, &cmd.key, &fault) || !input_read(req, fields, &body, &fault)) {
        http_reply_fault(req, &fault);
        return;
    }
    cmd.label = body.label;
    cmd.opens_all = body.all;
    cmd.revoked = body.revoked;
    cmd.expires_in_s = body.expires_in;
    cmd.photos = ids_of(&body.media_ids);
    cmd.add = ids_of(&body.add);
    cmd.remove = ids_of(&body.remove);
    change_code(deps, &cmd, found, call_new(deps, req));
}

static void deleted(void *arg, enum pr_err err)
{
    struct http_request *req = arg;
    if (err)
        http_reply_error(req, err);
    else
        http_reply_empty(req, 204);
}

void delete_one_code(void *deps, struct http_request *req)
{
    struct pr_fault fault;
    struct code_key key;
    if (read_key(req, &key, &fault))
        delete_code(deps, &key, (struct pr_done){deleted, req});
    else
        http_reply_fault(req, &fault);
}
