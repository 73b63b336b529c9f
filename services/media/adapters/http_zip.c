/*     read what -> list_guest_photos -> plan -> preconditions -> head -> zip_stream
 *
 * While it is sent the guest's code is asked for again now and then: when it does not open all of the
 * archive's photos any more, or they are others, the archive is broken off. Photos that came to the
 * code meanwhile are no harm. */
#include "services/media/adapters/http_zip.h"

#include "services/media/adapters/http_guest.h"
#include "services/media/adapters/zip_stream.h"
#include "services/media/usecases/guest_usecases.h"
#include "shared/base/alloc.h"
#include "shared/http/client_seal.h"
#include "shared/http/disposition.h"
#include "shared/http/input.h"
#include "shared/http/json.h"
#include "shared/http/negotiate.h"
#include "shared/http/range.h"

#include <stdio.h>

#define NAME_MAX_BYTES ((size_t)4096)

/* What is asked for; a copy, since it outlives the request. */
struct call {
    const struct media_deps *deps;
    struct http_request *req; /* until its answer began */
    struct pr_arena arena;
    struct guest_photos_cmd cmd;
    char etag[ZIP_ETAG_SIZE];
    struct pr_done renewed;
};

static void call_free(void *arg)
{
    struct call *call = arg;
    pr_arena_fini(&call->arena);
    free(call);
}

static void reply_fault(struct call *call, enum pr_err err, const char *detail)
{
    struct pr_fault fault;
    pr_fault_set(&fault, err, "", "%s", detail);
    http_reply_fault(call->req, &fault);
    call_free(call);
}

static bool read_ids(struct call *call, struct pr_str text, struct pr_fault *fault)
{
    struct pr_str item;
    struct pr_uuid *ids;
    bool more = true;
    ids = pr_arena_alloc(&call->arena, ZIP_IDS_MAX * sizeof *ids);
    call->cmd.ids = ids;
    while (more) {
        more = pr_str_cut(text, ',', &item, &text);
        if (call->cmd.ids_n == ZIP_IDS_MAX || !pr_uuid_parse(item, &ids[call->cmd.ids_n++]))
            return pr_fault_set(fault, PR_ERR_INVALID, "ids", "must be 1 to %d ids between commas",
                                ZIP_IDS_MAX),
                   false;
    }
    return true;
}

/* Ids, or a selection, or nothing: then all. */
static bool read_what(struct call *call, struct pr_fault *fault)
{
    struct pr_str ids, selection;
    bool some = http_req_query(call->req, "ids", &ids);
    if (!http_req_query(call->req, "selection", &selection))
        return !some || read_ids(call, ids, fault);
    if (some || !pr_uuid_parse(selection, &call->cmd.selection_id) ||
        pr_uuid_is_nil(&call->cmd.selection_id))
        return pr_fault_set(fault, PR_ERR_INVALID, "selection", "must be a UUID, and without ids"),
               false;
    return true;
}

static struct pr_str copy(struct call *call, struct pr_str text)
{
    return pr_arena_copy(&call->arena, text);
}

static void renew_listed(void *arg, const struct pr_fault *fault, struct guest_photos *photos)
{
    struct call *call = arg;
    struct zip_archive archive;
    enum pr_err err = fault->err;
    if (!err) {
        bool same =
            zip_archive_init(&archive, photos->items, photos->items_n, photos->event.originals) &&
            strcmp(archive.etag, call->etag) == 0;
        err = same ? PR_OK : PR_ERR_CONFLICT;
        zip_archive_fini(&archive);
    }
    if (err)
        log_at(LOG_INFO, "an archive may not go on", LOG_ERR(err));
    pr_done_call(call->renewed, err);
}

static void renew(void *arg, struct pr_done done)
{
    struct call *call = arg;
    call->renewed = done;
    list_guest_photos(call->deps, &call->cmd, renew_listed, call);
}

static void add_headers(struct call *call, const char *event_name)
{
    struct pr_buf text;
    char name[EVENT_NAME_MAX + 8];
    int n = snprintf(name, sizeof name, "%s.zip", event_name);
    pr_buf_init(&text, NAME_MAX_BYTES);
    http_put_attachment(&text, pr_str_n(name, (size_t)n));
    http_reply_header(call->req, "content-type", pr_str("application/zip"));
    http_reply_header(call->req, "content-disposition", pr_buf_str(&text));
    pr_buf_fini(&text);
}

static void add_content_range(struct call *call, const char *range, int64_t size_bytes)
{
    char text[80];
    int n = snprintf(text, sizeof text, "bytes %s/%lld", range, (long long)size_bytes);
    http_reply_header(call->req, "content-range", pr_str_n(text, (size_t)n));
}

static void send_part(struct call *call, struct zip_archive *archive, bool whole, int64_t first,
                      int64_t n, const struct pr_uuid *code_id)
{
    const struct media_deps *deps = call->deps;
    struct http_request *req = call->req;
    char range[48];
    if (!whole) {
        snprintf(range, sizeof range, "%lld-%lld", (long long)first, (long long)(first + n - 1));
        add_content_range(call, range, archive->plan.size_bytes);
    }
    memcpy(call->etag, archive->etag, sizeof call->etag);
    call->req = NULL;
    if (n == archive->plan.size_bytes)
        count_download(deps, code_id);
    http_reply_start(req, whole ? 200 : 206, n);
    zip_stream_start(req, &(struct zip_stream_options){
                              .store = deps->zips,
                              .clock = deps->clock,
                              .code_id = *code_id,
                              .archive = archive,
                              .first = first,
                              .size_bytes = n,
                              .renew_ms = deps->download_ttl_s * 1000,
                              .renew = renew,
                              .release = call_free,
                              .arg = call,
                          });
}

static void drop_archive(struct zip_archive *archive)
{
    zip_archive_fini(archive);
    free(archive);
}

/* Takes both. */
static void answer(struct call *call, struct zip_archive *archive,
                   const struct guest_photos *photos)
{
    struct http_request *req = call->req;
    struct pr_str etag = pr_str(archive->etag), range = http_req_header(req, "range");
    int64_t size_bytes = archive->plan.size_bytes, first, n;
    enum http_range wanted =
        http_range_read(range, http_req_header(req, "if-range"), etag, size_bytes, &first, &n);
    http_reply_header(req, "etag", etag);
    http_reply_header(req, "accept-ranges", pr_str("bytes"));
    if (etag_listed(http_req_header(req, "if-none-match"), etag)) {
        http_reply_empty(req, 304);
    } else if (pr_str_is(http_req_method(req), "HEAD")) {
        add_headers(call, photos->event.name);
        http_reply_start(req, 200, size_bytes);
        http_reply_write(req, pr_str(""), true, (struct pr_done){NULL, NULL});
    } else if (wanted == HTTP_RANGE_UNSATISFIABLE) {
        add_content_range(call, "*", size_bytes);
        http_reply_error(req, PR_ERR_RANGE);
    } else if (!zip_store_has_place(call->deps->zips, &photos->code_id)) {
        drop_archive(archive);
        reply_fault(call, PR_ERR_UNAVAILABLE, "too many archives are being sent");
        return;
    } else {
        add_headers(call, photos->event.name);
        send_part(call, archive, wanted == HTTP_RANGE_WHOLE, first, n, &photos->code_id);
        return;
    }
    drop_archive(archive);
    call_free(call);
}

/* From now on these are asked for, also where all were, or a selection, which may be forgotten. */
static void keep_ids(struct call *call, const struct guest_photos *photos)
{
    struct pr_uuid *ids = pr_arena_alloc(&call->arena, photos->items_n * sizeof *ids);
    for (size_t i = 0; i < photos->items_n; i++)
        ids[i] = photos->items[i].id;
    call->cmd.ids = ids;
    call->cmd.ids_n = photos->items_n;
    call->cmd.selection_id = (struct pr_uuid){0};
}

static void listed(void *arg, const struct pr_fault *fault, struct guest_photos *photos)
{
    struct call *call = arg;
    guest_reply_privately(call->req);
    if (fault->err) {
        http_reply_fault(call->req, fault);
        call_free(call);
    } else if (photos->items_n == 0) {
        reply_fault(call, PR_ERR_NOT_FOUND, "there are no photos yet");
    } else {
        struct zip_archive *archive = PR_NEW(struct zip_archive);
        if (zip_archive_init(archive, photos->items, photos->items_n, photos->event.originals)) {
            keep_ids(call, photos);
            answer(call, archive, photos);
            return;
        }
        drop_archive(archive);
        reply_fault(call, PR_ERR_CONFLICT, "one of the photos is not prepared for archives");
    }
}

void get_guest_zip(void *deps, struct http_request *req)
{
    struct pr_fault fault;
    struct call *call = PR_NEW(struct call);
    *call = (struct call){.deps = deps, .req = req};
    call->cmd = (struct guest_photos_cmd){
        .account = copy(call, http_req_param(req, "account")),
        .slug = copy(call, http_req_param(req, "slug")),
        .token = copy(call, http_req_header(req, GUEST_TOKEN_HEADER)),
        .saves = true,
    };
    if (read_what(call, &fault)) {
        list_guest_photos(deps, &call->cmd, listed, call);
    } else {
        guest_reply_privately(req);
        http_reply_fault(req, &fault);
        call_free(call);
    }
}

/* --- a selection ------------------------------------------------------------------------------- */

static void selected(void *arg, const struct pr_fault *fault, const struct pr_uuid *selection_id)
{
    struct http_request *req = arg;
    char id[PR_UUID_TEXT];
    struct pr_str account = http_req_param(req, "account"), slug = http_req_param(req, "slug");
    guest_reply_privately(req);
    if (fault->err)
        http_reply_fault(req, fault);
    else
        http_reply_json(
            req, 201,
            json_pack("{s:{s:o, s:o}}", "selection", "id", json_id(selection_id), "zip_url",
                      json_sprintf("/api/guest/" PR_STR_FMT "/" PR_STR_FMT "/zip?selection=%s",
                                   PR_STR_ARG(account), PR_STR_ARG(slug),
                                   pr_uuid_format(selection_id, id))));
}

void post_guest_selection(void *deps, struct http_request *req)
{
    static const struct input_field fields[] = {
        {"ids", INPUT_IDS, true, 0, 1, EVENT_PHOTOS_MAX},
        INPUT_END,
    };
    struct pr_fault fault;
    struct input_ids ids;
    if (input_read(req, fields, &ids, &fault)) {
        select_guest_photos(deps,
                            &(struct guest_photos_cmd){
                                .account = http_req_param(req, "account"),
                                .slug = http_req_param(req, "slug"),
                                .token = http_req_header(req, GUEST_TOKEN_HEADER),
                                .ids = ids.items,
                                .ids_n = ids.n,
                            },
                            selected, req);
    } else {
        guest_reply_privately(req);
        http_reply_fault(req, &fault);
    }
}
