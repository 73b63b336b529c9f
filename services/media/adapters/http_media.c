#include "services/media/adapters/http_media.h"

#include "services/media/adapters/http_call.h"
#include "services/media/adapters/http_codes.h"
#include "services/media/adapters/http_events.h"
#include "services/media/adapters/http_finalize.h"
#include "services/media/adapters/http_guest.h"
#include "services/media/adapters/http_parts.h"
#include "services/media/adapters/http_zip.h"
#include "services/media/adapters/media_json.h"
#include "shared/base/alloc.h"
#include "shared/http/input.h"

#define BODY_MAX_BYTES ((size_t)16384)
#define BATCH_BODY_MAX_BYTES ((size_t)262144) /* BATCH_MAX of them with the longest names */

static void created(void *arg, const struct pr_fault *fault, const struct media *media,
                    const struct signed_upload *upload, bool replayed)
{
    struct call *call = arg;
    struct pr_arena arena = {0};
    bool in_parts = !fault->err && media->part_size_bytes && media->state == MEDIA_CREATED;
    json_t *json = fault->err ? NULL : media_to_json(call->deps, media, &arena);
    if (replayed && json)
        http_reply_header(call->req, "idempotent-replayed", pr_str("true"));
    if (fault->err)
        http_reply_fault(call->req, fault);
    else if (!json)
        http_reply_error(call->req, PR_ERR_INTERNAL);
    else
        http_reply_json(
            call->req, 201,
            json_pack("{s:o, s:o*, s:o*}", "media", json, "upload",
                      upload ? upload_to_json(upload, media->upload_expires_at_ms) : NULL,
                      "multipart", in_parts ? multipart_to_json(media) : NULL));
    pr_arena_fini(&arena);
    free(call);
}

static void post_media(void *deps, struct http_request *req)
{
#define FIELD(member, name, type, min, max)                                                        \
    INPUT_FIELD(struct create_media_cmd, announcement.member, name, type, true, min, max)
    static const struct input_field fields[] = {
        FIELD(filename, "filename", INPUT_TEXT, 0, BODY_MAX_BYTES),
        FIELD(content_type, "content_type", INPUT_TEXT, 0, BODY_MAX_BYTES),
        FIELD(size_bytes, "size", INPUT_INTEGER, INT64_MIN, INT64_MAX),
        FIELD(sha256_hex, "sha256", INPUT_TEXT, 0, BODY_MAX_BYTES),
        INPUT_FIELD(struct create_media_cmd, announcement.multipart, "multipart", INPUT_BOOLEAN,
                    false, 0, 0),
        INPUT_FIELD(struct create_media_cmd, event_id, "event_id", INPUT_ID_OR_NULL, false, 0, 0),
        INPUT_END_OPEN,
    };
#undef FIELD
    struct pr_fault fault;
    struct create_media_cmd cmd = {.caller = http_req_identity(req)->account_id};
    if (http_req_idempotency(req, &cmd.idempotency, &fault) &&
        input_read(req, fields, &cmd, &fault))
        create_media(deps, &cmd, created, call_new(deps, req));
    else
        http_reply_fault(req, &fault);
}

/* ---- many at once ---- */

static json_t *result_to_json(const struct media_deps *deps, const struct batch_result *result,
                              struct pr_arena *arena)
{
    const struct media *media = result->media;
    if (result->fault.err)
        return json_pack("{s:{s:s, s:s}}", "error", "field", result->fault.field, "detail",
                         result->fault.detail);
    json_t *json = media_to_json(deps, media, arena);
    if (!json)
        return NULL;
    if (!result->waits)
        return json_pack("{s:o, s:b}", "media", json, "existing", 1);
    if (media->part_size_bytes)
        return json_pack("{s:o, s:o}", "media", json, "multipart", multipart_to_json(media));
    return json_pack("{s:o, s:o}", "media", json, "upload",
                     upload_to_json(result->upload, media->upload_expires_at_ms));
}

static void batch_created(void *arg, const struct pr_fault *fault,
                          const struct batch_result *results, size_t n)
{
    struct call *call = arg;
    struct pr_arena arena = {0};
    json_t *items = json_array();
    bool good = true;
    for (size_t i = 0; i < n && !fault->err && good; i++)
        good = json_array_append_new(items, result_to_json(call->deps, &results[i], &arena)) == 0;
    if (fault->err)
        http_reply_fault(call->req, fault);
    else if (!good)
        http_reply_error(call->req, PR_ERR_INTERNAL);
    else
        http_reply_json(call->req, 201, json_pack("{s:O}", "items", items));
    json_decref(items);
    pr_arena_fini(&arena);
    free(call);
}

static void post_batch(void *deps, struct http_request *req)
{
#define FIELD(member, name, type, required, min, max)                                              \
    INPUT_FIELD(struct media_announcement, member, name, type, required, min, max)
    static const struct input_field item[] = {
        FIELD(filename, "filename", INPUT_TEXT, true, 0, BATCH_BODY_MAX_BYTES),
        FIELD(content_type, "content_type", INPUT_TEXT, true, 0, BATCH_BODY_MAX_BYTES),
        FIELD(size_bytes, "size", INPUT_INTEGER, true, INT64_MIN, INT64_MAX),
        FIELD(sha256_hex, "sha256", INPUT_TEXT, true, 0, BATCH_BODY_MAX_BYTES),
        FIELD(multipart, "multipart", INPUT_BOOLEAN, false, 0, 0),
        INPUT_END_OPEN,
    };
#undef FIELD
    struct body {
        struct pr_uuid event_id;
        struct input_objects items;
    } body = {.items = {.fields = item, .size = sizeof(struct media_announcement)}};
    static const struct input_field fields[] = {
        INPUT_FIELD(struct body, event_id, "event_id", INPUT_ID_OR_NULL, false, 0, 0),
        INPUT_FIELD(struct body, items, "items", INPUT_OBJECTS, true, 1, BATCH_MAX),
        INPUT_END_OPEN,
    };
    struct pr_fault fault;
    if (input_read(req, fields, &body, &fault))
        create_batch(deps,
                     &(struct create_batch_cmd){
                         .caller = http_req_identity(req)->account_id,
                         .event_id = body.event_id,
                         .items = body.items.items,
                         .items_n = body.items.n,
                     },
                     batch_created, call_new(deps, req));
    else
        http_reply_fault(req, &fault);
}

static void answered(void *arg, const struct pr_fault *fault, const struct media *media,
                     struct pr_arena *arena)
{
    call_reply_media(arg, 200, fault, media, arena);
}

static void get_one(void *deps, struct http_request *req)
{
    struct pr_fault fault;
    struct pr_uuid id;
    if (input_id(req, &id, &fault))
        get_media(deps, &http_req_identity(req)->account_id, &id, answered, call_new(deps, req));
    else
        http_reply_fault(req, &fault);
}

static void deleted(void *arg, const struct pr_fault *fault, const struct media *media,
                    struct pr_arena *arena)
{
    struct call *call = arg;
    (void)media;
    (void)arena;
    if (fault->err)
        http_reply_fault(call->req, fault);
    else
        http_reply_empty(call->req, 204);
    free(call);
}

static void delete_one(void *deps, struct http_request *req)
{
    struct pr_fault fault;
    struct pr_uuid id;
    if (input_id(req, &id, &fault))
        delete_media(deps, &http_req_identity(req)->account_id, &id, deleted, call_new(deps, req));
    else
        http_reply_fault(req, &fault);
}

static bool parse_list(struct http_request *req, struct media_query *out, struct pr_fault *fault)
{
    struct pr_str text;
    enum media_kind kind;
    *out = (struct media_query){
        .owner_id = http_req_identity(req)->account_id, .state = -1, .kind = -1};
    if (!call_media_state(req, &out->state, fault))
        return false;
    if (http_req_query(req, "kind", &text)) {
        if (!media_kind_parse(text, &kind))
            return pr_fault_set(fault, PR_ERR_INVALID, "kind", "must be image or video"), false;
        out->kind = (int)kind;
    }
    if (http_req_query(req, "linkable_to", &text) &&
        (!pr_uuid_parse(text, &out->linkable_to) || pr_uuid_is_nil(&out->linkable_to)))
        return pr_fault_set(fault, PR_ERR_INVALID, "linkable_to", "must be a UUID"), false;
    return input_page(req, &out->limit, &out->before_id, fault);
}

static void get_list(void *deps, struct http_request *req)
{
    struct pr_fault fault;
    struct media_query query;
    if (parse_list(req, &query, &fault))
        list_media(deps, &query, call_media_listed, call_new(deps, req));
    else
        http_reply_fault(req, &fault);
}

const struct http_route http_media_routes[] = {
    {"POST", "/media", post_media, HTTP_IDENTITY, BODY_MAX_BYTES, NULL},
    {"POST", "/media/batch", post_batch, HTTP_IDENTITY, BATCH_BODY_MAX_BYTES, NULL},
    {"POST", "/media/finalize", post_finalize, HTTP_IDENTITY, BODY_MAX_BYTES, NULL},
    {"GET", "/media", get_list, HTTP_IDENTITY, 0, NULL},
    {"GET", "/media/{id}", get_one, HTTP_IDENTITY, 0, NULL},
    {"DELETE", "/media/{id}", delete_one, HTTP_IDENTITY, 0, NULL},
    {"POST", "/events", post_event, HTTP_IDENTITY, EVENT_BODY_MAX_BYTES, NULL},
    {"GET", "/events", get_events, HTTP_IDENTITY, 0, NULL},
    {"GET", "/events/{id}", get_one_event, HTTP_IDENTITY, 0, NULL},
    {"PATCH", "/events/{id}", patch_event, HTTP_IDENTITY, EVENT_BODY_MAX_BYTES, NULL},
    {"DELETE", "/events/{id}", delete_one_event, HTTP_IDENTITY, 0, NULL},
    {"GET", "/events/{id}/media", get_event_media, HTTP_IDENTITY, 0, NULL},
    {"PUT", "/events/{id}/media", put_event_media, HTTP_IDENTITY, LINKS_BODY_MAX_BYTES, NULL},
    {"DELETE", "/events/{id}/media/{media_id}", delete_event_media, HTTP_IDENTITY, 0, NULL},
    {"POST", "/events/{id}/codes", post_codes, HTTP_IDENTITY, CODES_BODY_MAX_BYTES, NULL},
    {"GET", "/events/{id}/codes", get_codes, HTTP_IDENTITY, 0, NULL},
    {"GET", "/events/{id}/codes/{code_id}", get_one_code, HTTP_IDENTITY, 0, NULL},
    {"PATCH", "/events/{id}/codes/{code_id}", patch_code, HTTP_IDENTITY, CODES_BODY_MAX_BYTES,
     NULL},
    {"DELETE", "/events/{id}/codes/{code_id}", delete_one_code, HTTP_IDENTITY, 0, NULL},
    {"GET", "/events/{id}/codes.csv", get_codes_csv, HTTP_IDENTITY, 0, NULL},
    {"GET", "/events/{id}/cards", get_code_cards, HTTP_IDENTITY, 0, NULL},
    {"POST", "/guest/{account}/{slug}/access", post_guest_access, HTTP_CLIENT, GUEST_BODY_MAX_BYTES,
     NULL},
    {"DELETE", "/guest/{account}/{slug}/access", delete_guest_access, HTTP_CLIENT, 0, NULL},
    {"GET", "/guest/{account}/{slug}", get_guest_event, HTTP_CLIENT, 0, NULL},
    {"GET", "/guest/{account}/{slug}/photos/{id}", get_one_guest_photo, HTTP_CLIENT, 0, NULL},
    {"GET", "/guest/{account}/{slug}/zip", get_guest_zip, HTTP_CLIENT, 0, NULL},
    {"POST", "/guest/{account}/{slug}/selections", post_guest_selection, HTTP_CLIENT,
     SELECTION_BODY_MAX_BYTES, NULL},
    {"POST", "/media/{id}/parts", post_parts, HTTP_IDENTITY, PARTS_BODY_MAX_BYTES, NULL},
    {"GET", "/media/{id}/parts", get_parts, HTTP_IDENTITY, 0, NULL},
    {NULL, NULL, NULL, HTTP_PUBLIC, 0, NULL},
};
