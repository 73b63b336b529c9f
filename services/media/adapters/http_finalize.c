/*     asked -> finalize_media ---------> 200, or its fault
 *               ^    | patience is over
 *               |    +-----------------> 202, the media as it is
 *     asked again: the next answer is his
 *
 * finalize_media goes on whether somebody waits for it or not. */
#include "services/media/adapters/http_finalize.h"

#include "services/media/adapters/http_call.h"
#include "shared/base/alloc.h"
#include "shared/http/input.h"

#define ASK_AGAIN_S "2"

struct finalization {
    struct finalization *next;
    const struct media_deps *deps;
    struct http_request *req; /* who waits; NULL: he was told to ask again */
    struct pr_uuid caller, media_id;
    uv_timer_t patience;
};

static void told(void *arg, const struct pr_fault *fault, const struct media *media,
                 struct pr_arena *arena)
{
    struct call *call = arg;
    http_reply_header(call->req, "retry-after", pr_str(ASK_AGAIN_S));
    call_reply_media(call, 202, fault, media, arena);
}

static void on_patience(uv_timer_t *patience)
{
    struct finalization *op = PR_CONTAINER(patience, struct finalization, patience);
    struct call *call = call_new(op->deps, op->req);
    op->req = NULL;
    get_media(op->deps, &op->caller, &op->media_id, told, call);
}

static void wait_for(struct finalization *op, struct http_request *req)
{
    op->req = req;
    uv_timer_start(&op->patience, on_patience, op->deps->finalizations->patience_ms, 0);
}

static void on_closed(uv_handle_t *patience)
{
    free(PR_CONTAINER(patience, struct finalization, patience));
}

static void finalized(void *arg, const struct pr_fault *fault, const struct media *media,
                      struct pr_arena *arena)
{
    struct finalization *op = arg, **link = &op->deps->finalizations->first;
    while (*link != op)
        link = &(*link)->next;
    *link = op->next;
    if (op->req)
        call_reply_media(call_new(op->deps, op->req), 200, fault, media, arena);
    uv_close((uv_handle_t *)&op->patience, on_closed);
}

static struct finalization *find(const struct media_deps *deps, const struct pr_uuid *caller,
                                 const struct pr_uuid *media_id)
{
    struct finalization *op = deps->finalizations->first;
    while (op &&
           (op->req || !pr_uuid_eq(&op->caller, caller) || !pr_uuid_eq(&op->media_id, media_id)))
        op = op->next;
    return op;
}

static void begin(const struct media_deps *deps, struct http_request *req,
                  const struct pr_uuid *media_id)
{
    struct finalizations *all = deps->finalizations;
    struct finalization *op = PR_NEW(struct finalization);
    *op = (struct finalization){
        .next = all->first,
        .deps = deps,
        .caller = http_req_identity(req)->account_id,
        .media_id = *media_id,
    };
    all->first = op;
    uv_timer_init(all->loop, &op->patience);
    wait_for(op, req);
    finalize_media(deps, &op->caller, media_id, finalized, op);
}

void post_finalize(void *deps, struct http_request *req)
{
    static const struct input_field fields[] = {
        {"media_id", INPUT_ID, true, 0, 0, 0},
        INPUT_END_OPEN,
    };
    struct pr_fault fault;
    struct pr_uuid id;
    struct finalization *op;
    if (!input_read(req, fields, &id, &fault))
        http_reply_fault(req, &fault);
    else if ((op = find(deps, &http_req_identity(req)->account_id, &id)))
        wait_for(op, req);
    else
        begin(deps, req, &id);
}
