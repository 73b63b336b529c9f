#include "services/media/adapters/http_media.h"

#include "services/media/adapters/media_json.h"
#include "shared/base/alloc.h"
#include "shared/base/encode.h"

#define BODY_MAX_BYTES ((size_t)16384)
#define PAGE_MAX 100
#define PAGE_DEFAULT 20

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

/* A required member of a JSON body. */
static bool get_text(const json_t *body, const char *name, struct pr_str *out,
                     struct pr_fault *fault)
{
    const json_t *value = json_object_get(body, name);
    if (!json_is_string(value)) {
        (void)pr_fault_set(fault, PR_ERR_INVALID, name, value ? "must be a string" : "is required");
        return false;
    }
    *out = pr_str_n(json_string_value(value), json_string_length(value));
    return true;
}

static bool get_int(const json_t *body, const char *name, int64_t *out, struct pr_fault *fault)
{
    const json_t *value = json_object_get(body, name);
    if (!json_is_integer(value)) {
        (void)pr_fault_set(fault, PR_ERR_INVALID, name,
                           value ? "must be a whole number" : "is required");
        return false;
    }
    *out = json_integer_value(value);
    return true;
}

static bool parse_id(struct pr_str text, const char *field, struct pr_uuid *out,
                     struct pr_fault *fault)
{
    if (pr_uuid_parse(text, out))
        return true;
    (void)pr_fault_set(fault, PR_ERR_INVALID, field, "must be a UUID");
    return false;
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
                    const struct signed_upload *upload)
{
    struct call *call = arg;
    struct pr_arena arena = {0};
    json_t *json = fault->err ? NULL : media_to_json(call->deps, media, &arena);
    if (fault->err)
        http_reply_fault(call->req, fault);
    else if (!json)
        http_reply_error(call->req, PR_ERR_INTERNAL);
    else
        http_reply_json(
            call->req, 201,
            json_pack("{s:o, s:o}", "media", json, "upload", upload_to_json(media, upload)));
    pr_arena_fini(&arena);
    free(call);
}

static bool parse_create(const json_t *body, struct media_announcement *out, struct pr_fault *fault)
{
    return get_text(body, "filename", &out->filename, fault) &&
           get_text(body, "content_type", &out->content_type, fault) &&
           get_int(body, "size", &out->size_bytes, fault) &&
           get_text(body, "sha256", &out->sha256_hex, fault);
}

static void post_media(void *deps, struct http_request *req)
{
    struct pr_fault fault;
    struct create_media_cmd cmd = {.caller = http_req_identity(req)->account_id};
    json_t *body = http_req_json(req, &fault);
    if (body && parse_create(body, &cmd.announcement, &fault)) {
        /* The announcement's views must outlive the wait; the body does not. */
        struct pr_arena *arena = http_req_arena(req);
        struct media_announcement *a = &cmd.announcement;
        a->filename = pr_arena_copy(arena, a->filename);
        a->content_type = pr_arena_copy(arena, a->content_type);
        a->sha256_hex = pr_arena_copy(arena, a->sha256_hex);
        create_media(deps, &cmd, created, call_new(deps, req));
    } else {
        http_reply_fault(req, &fault);
    }
    json_decref(body);
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
    struct pr_fault fault;
    struct pr_str text;
    struct pr_uuid id;
    json_t *body = http_req_json(req, &fault);
    if (body && get_text(body, "media_id", &text, &fault) &&
        parse_id(text, "media_id", &id, &fault))
        finalize_media(deps, &http_req_identity(req)->account_id, &id, answered,
                       call_new(deps, req));
    else
        http_reply_fault(req, &fault);
    json_decref(body);
}

static void get_one(void *deps, struct http_request *req)
{
    struct pr_fault fault;
    struct pr_uuid id;
    if (parse_id(http_req_param(req, "id"), "id", &id, &fault))
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
    if (parse_id(http_req_param(req, "id"), "id", &id, &fault))
        delete_media(deps, &http_req_identity(req)->account_id, &id, deleted, call_new(deps, req));
    else
        http_reply_fault(req, &fault);
}

/* A cursor is the id of the last item seen, in base64url: opaque to clients. */
static bool parse_cursor(struct pr_str text, struct pr_uuid *out, struct pr_fault *fault)
{
    size_t n = sizeof out->b;
    if (pr_base64url_decode(text, out->b, &n) && n == sizeof out->b)
        return true;
    (void)pr_fault_set(fault, PR_ERR_INVALID, "cursor", "must be a next_cursor of this list");
    return false;
}

static bool parse_list(struct http_request *req, struct media_query *out, struct pr_fault *fault)
{
    struct pr_str text;
    enum media_state state;
    enum media_kind kind;
    int64_t limit = PAGE_DEFAULT;
    *out = (struct media_query){http_req_identity(req)->account_id, {{0}}, -1, -1, 0};
    if (http_req_query(req, "limit", &text) && !pr_str_to_int(text, 1, PAGE_MAX, &limit))
        return pr_fault_set(fault, PR_ERR_INVALID, "limit", "must be 1 to %d", PAGE_MAX), false;
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
    out->limit = (size_t)limit;
    return !http_req_query(req, "cursor", &text) || parse_cursor(text, &out->before_id, fault);
}

static void listed(void *arg, enum pr_err err, const struct media_page *page)
{
    struct call *call = arg;
    struct pr_arena arena = {0};
    json_t *items = json_array();
    char cursor[PR_BASE64URL_SIZE(sizeof(struct pr_uuid))];
    for (size_t i = 0; !err && i < page->items_n; i++) {
        json_t *item = media_to_json(call->deps, &page->items[i], &arena);
        if (!item || json_array_append_new(items, item))
            err = PR_ERR_INTERNAL;
    }
    if (err) {
        json_decref(items);
        http_reply_error(call->req, err);
    } else {
        json_t *next = json_null();
        if (page->more) {
            const struct pr_uuid *last = &page->items[page->items_n - 1].id;
            pr_base64url_encode(last->b, sizeof last->b, cursor);
            next = json_string(cursor);
        }
        http_reply_json(call->req, 200,
                        json_pack("{s:o, s:o}", "items", items, "next_cursor", next));
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
