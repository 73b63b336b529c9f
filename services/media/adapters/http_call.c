#include "services/media/adapters/http_call.h"

#include "services/media/adapters/media_json.h"
#include "shared/base/alloc.h"
#include "shared/http/input.h"

struct call *call_new(const void *deps, struct http_request *req)
{
    struct call *call = PR_NEW(struct call);
    *call = (struct call){deps, req};
    return call;
}

void call_reply_media(struct call *call, int status, const struct pr_fault *fault,
                      const struct media *media, struct pr_arena *arena)
{
    json_t *json = fault->err ? NULL : media_to_json(call->deps, media, arena);
    if (fault->err)
        http_reply_fault(call->req, fault);
    else if (json)
        http_reply_json(call->req, status, json_pack("{s:o}", "media", json));
    else
        http_reply_error(call->req, PR_ERR_INTERNAL);
    free(call);
}

bool call_media_state(struct http_request *req, int *out, struct pr_fault *fault)
{
    struct pr_str text;
    enum media_state state;
    *out = -1;
    if (!http_req_query(req, "state", &text))
        return true;
    if (!media_state_parse(text, &state)) {
        (void)pr_fault_set(fault, PR_ERR_INVALID, "state",
                           "must be created, finalized, ready or rejected");
        return false;
    }
    *out = (int)state;
    return true;
}

void call_media_listed(void *arg, enum pr_err err, const struct media_page *page)
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
        http_reply_json(call->req, 200, input_page_to_json(items, last));
    }
    pr_arena_fini(&arena);
    free(call);
}

void call_ended(void *arg, const struct pr_fault *fault)
{
    struct call *call = arg;
    if (fault->err)
        http_reply_fault(call->req, fault);
    else
        http_reply_empty(call->req, 204);
    free(call);
}
