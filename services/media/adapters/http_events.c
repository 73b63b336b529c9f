#include "services/media/adapters/http_events.h"

#include "services/media/adapters/event_json.h"
#include "services/media/adapters/http_call.h"
#include "services/media/usecases/event_usecases.h"
#include "shared/base/alloc.h"
#include "shared/http/input.h"

static void reply_event(struct call *call, int status, const struct event *event)
{
    struct pr_arena arena = {0};
    json_t *json = event_to_json(call->deps, event, &arena);
    if (json)
        http_reply_json(call->req, status, json_pack("{s:o}", "event", json));
    else
        http_reply_error(call->req, PR_ERR_INTERNAL);
    pr_arena_fini(&arena);
}

static void created(void *arg, const struct pr_fault *fault, const struct event *event,
                    bool replayed)
{
    struct call *call = arg;
    if (fault->err) {
        http_reply_fault(call->req, fault);
    } else {
        if (replayed)
            http_reply_header(call->req, "idempotent-replayed", pr_str("true"));
        reply_event(call, 201, event);
    }
    free(call);
}

#define FIELD(struct_type, member, name, type, required, min, max)                                 \
    INPUT_FIELD(struct struct_type, member, name, type, required, min, max)

void post_event(void *deps, struct http_request *req)
{
    static const struct input_field fields[] = {
        FIELD(create_event_cmd, name, "name", INPUT_TEXT, true, 0, EVENT_BODY_MAX_BYTES),
        FIELD(create_event_cmd, slug, "slug", INPUT_TEXT, false, 0, EVENT_BODY_MAX_BYTES),
        FIELD(create_event_cmd, seconds_to_live, "seconds_to_live", INPUT_INTEGER, false,
              EVENT_TTL_MIN_S, EVENT_TTL_MAX_S),
        FIELD(create_event_cmd, download, "download", INPUT_BOOLEAN, false, 0, 0),
        FIELD(create_event_cmd, originals, "originals", INPUT_BOOLEAN, false, 0, 0),
        INPUT_END,
    };
    struct pr_fault fault;
    const struct identity *identity = http_req_identity(req);
    struct create_event_cmd cmd = {.caller = identity->account_id, .download = 1, .originals = 1};
    memcpy(cmd.caller_name, identity->name, sizeof cmd.caller_name);
    if (http_req_idempotency(req, &cmd.idempotency, &fault) &&
        input_read(req, fields, &cmd, &fault))
        create_event(deps, &cmd, created, call_new(deps, req));
    else
        http_reply_fault(req, &fault);
}

static void listed(void *arg, enum pr_err err, const struct event_page *page)
{
    struct call *call = arg;
    struct pr_arena arena = {0};
    json_t *items = json_array();
    for (size_t i = 0; !err && i < page->items_n; i++) {
        json_t *item = event_to_json(call->deps, &page->items[i], &arena);
        if (!item || json_array_append_new(items, item))
            err = PR_ERR_INTERNAL;
    }
    if (err) {
        json_decref(items);
        http_reply_error(call->req, err);
    } else {
        const struct pr_uuid *last = page->more ? &page->items[page->items_n - 1].id : NULL;
        http_reply_json(call->req, 200, input_page_to_json(items, last));
    }
    pr_arena_fini(&arena);
    free(call);
}

void get_events(void *deps, struct http_request *req)
{
    struct pr_fault fault;
    struct event_query query = {.owner_id = http_req_identity(req)->account_id};
    if (input_page(req, &query.limit, &query.before_id, &fault))
        list_events(deps, &query, listed, call_new(deps, req));
    else
        http_reply_fault(req, &fault);
}

static void answered(void *arg, const struct pr_fault *fault, const struct event *event)
{
    struct call *call = arg;
    if (fault->err)
        http_reply_fault(call->req, fault);
    else
        reply_event(call, 200, event);
    free(call);
}

void get_one_event(void *deps, struct http_request *req)
{
    struct pr_fault fault;
    struct pr_uuid id;
    if (input_id(req, &id, &fault))
        get_event(deps, &http_req_identity(req)->account_id, &id, answered, call_new(deps, req));
    else
        http_reply_fault(req, &fault);
}

/* No id we made: it tells that no cover came. */
static const struct pr_uuid no_cover = {{0xff, 0xff, 0xff}};

void patch_event(void *deps, struct http_request *req)
{
    static const struct input_field fields[] = {
        FIELD(change_event_cmd, name, "name", INPUT_TEXT, false, 0, EVENT_BODY_MAX_BYTES),
        FIELD(change_event_cmd, slug, "slug", INPUT_TEXT, false, 0, EVENT_BODY_MAX_BYTES),
        FIELD(change_event_cmd, seconds_to_live, "seconds_to_live", INPUT_INTEGER, false,
              EVENT_TTL_MIN_S, EVENT_TTL_MAX_S),
        FIELD(change_event_cmd, download, "download", INPUT_BOOLEAN, false, 0, 0),
        FIELD(change_event_cmd, originals, "originals", INPUT_BOOLEAN, false, 0, 0),
        FIELD(change_event_cmd, cover_id, "cover_id", INPUT_ID_OR_NULL, false, 0, 0),
        INPUT_END,
    };
    struct pr_fault fault;
    struct change_event_cmd cmd = {.caller = http_req_identity(req)->account_id,
                                   .download = -1,
                                   .originals = -1,
                                   .cover_id = no_cover};
    if (!input_id(req, &cmd.event_id, &fault) || !input_read(req, fields, &cmd, &fault)) {
        http_reply_fault(req, &fault);
        return;
    }
    cmd.has_cover = !pr_uuid_eq(&cmd.cover_id, &no_cover);
    change_event(deps, &cmd, answered, call_new(deps, req));
}

void delete_one_event(void *deps, struct http_request *req)
{
    struct pr_fault fault;
    struct pr_uuid id;
    if (input_id(req, &id, &fault))
        delete_event(deps, &http_req_identity(req)->account_id, &id, call_ended,
                     call_new(deps, req));
    else
        http_reply_fault(req, &fault);
}

void get_event_media(void *deps, struct http_request *req)
{
    struct pr_fault fault;
    struct event_media_query query;
    if (input_id(req, &query.event_id, &fault) && call_media_state(req, &query.state, &fault) &&
        input_page(req, &query.limit, &query.before_id, &fault))
        list_event_media(deps, &http_req_identity(req)->account_id, &query, call_media_listed,
                         call_new(deps, req));
    else
        http_reply_fault(req, &fault);
}

static void linked(void *arg, const struct pr_fault *fault, size_t n)
{
    struct call *call = arg;
    if (fault->err)
        http_reply_fault(call->req, fault);
    else
        http_reply_json(call->req, 200, json_pack("{s:I}", "linked", (json_int_t)n));
    free(call);
}

void put_event_media(void *deps, struct http_request *req)
{
    static const struct input_field fields[] = {
        {"media_ids", INPUT_IDS, true, 0, 1, EVENT_LINKS_MAX},
        INPUT_END,
    };
    struct pr_fault fault;
    struct pr_uuid id;
    struct input_ids ids;
    if (input_id(req, &id, &fault) && input_read(req, fields, &ids, &fault))
        link_media(deps, &http_req_identity(req)->account_id, &id, ids.items, ids.n, linked,
                   call_new(deps, req));
    else
        http_reply_fault(req, &fault);
}

void delete_event_media(void *deps, struct http_request *req)
{
    struct pr_fault fault;
    struct pr_uuid id, media_id;
    if (input_id(req, &id, &fault) && input_param_id(req, "media_id", &media_id, &fault))
        unlink_media(deps, &http_req_identity(req)->account_id, &id, &media_id, call_ended,
                     call_new(deps, req));
    else
        http_reply_fault(req, &fault);
}
