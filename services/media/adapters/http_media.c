#include "services/media/adapters/http_media.h"

#include "services/media/adapters/media_json.h"
#include "shared/base/alloc.h"
#include "shared/http/input.h"

#define BODY_MAX_BYTES ((size_t)16384)

/* What an answer needs later. */
struct call {
    const struct media_deps *deps;
    struct http_request *req;
};

static struct call *call_new(const void *deps, struct http_request *req)
{
    struct call *call = PR_NEW(struct call);
    *call = (struct call){deps, req};
    return call;
}

static void reply_media(struct call *call, int status, const struct media *media,
                        struct pr_arena *arena)
{
    json_t *json = media_to_json(call->deps, media, arena);
    if (json)
        http_reply_json(call->req, status, json_pack("{s:o}", "media", json));
    else
        http_reply_error(call->req, PR_ERR_INTERNAL);
}

static void created(void *arg, const struct pr_fault *fault, const struct media *media,
                    const struct signed_upload *upload, bool replayed)
{
    struct call *call = arg;
    struct pr_arena arena = {0};
    json_t *json = fault->err ? NULL : media_to_json(call->deps, media, &arena);
    if (replayed && json)
        http_reply_header(call->req, "idempotent-replayed", pr_str("true"));
    if (fault->err)
        http_reply_fault(call->req, fault);
    else if (!json)
        http_reply_error(call->req, PR_ERR_INTERNAL);
    else
        http_reply_json(call->req, 201,
                        json_pack("{s:o, s:o*}", "media", json, "upload",
                                  upload ? upload_to_json(media, upload) : NULL));
    pr_arena_fini(&arena);
    free(call);
}

static void post_media(void *deps, struct http_request *req)
{
    static const struct input_field fields[] = {
        INPUT_FIELD(struct media_announcement, filename, "filename", INPUT_TEXT, true, 0,
                    BODY_MAX_BYTES),
        INPUT_FIELD(struct media_announcement, content_type, "content_type", INPUT_TEXT, true, 0,
                    BODY_MAX_BYTES),
        INPUT_FIELD(struct media_announcement, size_bytes, "size", INPUT_INTEGER, true, INT64_MIN,
                    INT64_MAX),
        INPUT_FIELD(struct media_announcement, sha256_hex, "sha256", INPUT_TEXT, true, 0,
                    BODY_MAX_BYTES),
        INPUT_END_OPEN,
    };
    struct pr_fault fault;
    struct create_media_cmd cmd = {.caller = http_req_identity(req)->account_id};
    if (http_req_idempotency(req, &cmd.idempotency, &fault) &&
        input_read(req, fields, &cmd.announcement, &fault))
        create_media(deps, &cmd, created, call_new(deps, req));
    else
        http_reply_fault(req, &fault);
}

static void answered(void *arg, const struct pr_fault *fault, const struct media *media,
                     struct pr_arena *arena)
{
    struct call *call = arg;
    if (fault->err)
        http_reply_fault(call->req, fault);
    else
        reply_media(call, 200, media, arena);
    free(call);
}

static void post_finalize(void *deps, struct http_request *req)
{
    static const struct input_field fields[] = {
        {"media_id", INPUT_ID, true, 0, 0, 0},
        INPUT_END_OPEN,
    };
    struct pr_fault fault;
    struct pr_uuid id;
    if (input_read(req, fields, &id, &fault))
        finalize_media(deps, &http_req_identity(req)->account_id, &id, answered,
                       call_new(deps, req));
    else
        http_reply_fault(req, &fault);
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
    enum media_state state;
    enum media_kind kind;
    *out = (struct media_query){http_req_identity(req)->account_id, {{0}}, -1, -1, 0};
    if (http_req_query(req, "state", &text)) {
        if (!media_state_parse(text, &state))
            return pr_fault_set(fault, PR_ERR_INVALID, "state",
                                "must be created, finalized, ready or rejected"),
                   false;
        out->state = (int)state;
    }
    if (http_req_query(req, "kind", &text)) {
        if (!media_kind_parse(text, &kind))
            return pr_fault_set(fault, PR_ERR_INVALID, "kind", "must be image or video"), false;
        out->kind = (int)kind;
    }
    return input_page(req, &out->limit, &out->before_id, fault);
}

static void listed(void *arg, enum pr_err err, const struct media_page *page)
{
    struct call *call = arg;
    struct pr_arena arena = {0};
    json_t *items = json_array();
    for (size_t i = 0; !err && i < page->items_n; i++) {
        json_t *item = media_to_json(call->deps, &page->items[i], &arena);
        if (!item || json_array_append_new(items, item))
            err = PR_ERR_INTERNAL;
    }
    if (err) {
        json_decref(items);
        http_reply_error(call->req, err);
    } else {
        const struct pr_uuid *last = page->more ? &page->items[page->items_n - 1].id : NULL;
        http_reply_json(
            call->req, 200,
            json_pack("{s:o, s:o}", "items", items, "next_cursor", input_next_cursor(last)));
    }
    pr_arena_fini(&arena);
    free(call);
}

static void get_list(void *deps, struct http_request *req)
{
    struct pr_fault fault;
    struct media_query query;
    if (parse_list(req, &query, &fault))
        list_media(deps, &query, listed, call_new(deps, req));
    else
        http_reply_fault(req, &fault);
}

const struct http_route http_media_routes[] = {
    {"POST", "/media", post_media, HTTP_IDENTITY, BODY_MAX_BYTES, NULL},
    {"POST", "/media/finalize", post_finalize, HTTP_IDENTITY, BODY_MAX_BYTES, NULL},
    {"GET", "/media", get_list, HTTP_IDENTITY, 0, NULL},
    {"GET", "/media/{id}", get_one, HTTP_IDENTITY, 0, NULL},
    {"DELETE", "/media/{id}", delete_one, HTTP_IDENTITY, 0, NULL},
    {NULL, NULL, NULL, HTTP_PUBLIC, 0, NULL},
};
