/* GET /guest/{account}/{slug}: the photos of a guest's code, a hundred a piece as the guest takes them,
 * because thousands are a fifth of a second of signing, and others want their turn. None is signed
 * long after the code was asked for: it may open nothing any more. */
#include "services/media/adapters/guest_json.h"
#include "services/media/adapters/http_guest.h"
#include "services/media/usecases/guest_usecases.h"
#include "shared/base/alloc.h"
#include "shared/http/client_seal.h"

#define PHOTOS_A_PIECE 100
#define PIECE_MAX_BYTES ((size_t)PHOTOS_A_PIECE * 8192) /* one has some 650 */
#define LISTING_S INT64_C(60)                           /* for the whole of it */

struct listing {
    const struct media_deps *deps;
    struct http_request *req;
    struct guest_photos photos; /* ours, while they are written */
    size_t written;             /* of its items */
    int64_t until_ms;
};

static void end(struct listing *listing)
{
    pr_arena_fini(&listing->photos.arena);
    free(listing);
}

/* Takes the JSON; false when there is none. */
static bool put(struct pr_buf *piece, json_t *json)
{
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    if (text)
        pr_buf_puts(piece, text);
    free(text);
    json_decref(json);
    return text != NULL;
}

static bool put_beginning(const struct listing *listing, struct pr_buf *piece)
{
    if (!put(piece, guest_event_to_json(&listing->photos)))
        return false;
    piece->n--; /* its brace: there is one more member */
    pr_buf_puts(piece, ",\"photos\":[");
    return true;
}

static bool put_photos(struct listing *listing, struct pr_buf *piece)
{
    const struct guest_photos *photos = &listing->photos;
    bool made = true;
    for (size_t n = 0; n < PHOTOS_A_PIECE && listing->written < photos->items_n && made; n++) {
        if (listing->written > 0)
            pr_buf_puts(piece, ",");
        made = put(piece, guest_listed_photo_to_json(listing->deps, &photos->event,
                                                     &photos->items[listing->written++]));
    }
    if (listing->written == photos->items_n)
        pr_buf_puts(piece, "]}");
    return made && !piece->full;
}

static void write_next(void *arg, enum pr_err err);

static void write_piece(struct listing *listing, struct pr_str piece)
{
    if (listing->written == listing->photos.items_n) {
        http_reply_write(listing->req, piece, true, (struct pr_done){NULL, NULL});
        end(listing);
    } else {
        http_reply_write(listing->req, piece, false, (struct pr_done){write_next, listing});
    }
}

/* err: the guest has left. */
static void write_next(void *arg, enum pr_err err)
{
    struct listing *listing = arg;
    struct pr_buf piece;
    if (err) {
        end(listing);
        return;
    }
    pr_buf_init(&piece, PIECE_MAX_BYTES);
    if (pr_now_ms(listing->deps->clock) <= listing->until_ms && put_photos(listing, &piece)) {
        write_piece(listing, pr_buf_str(&piece));
    } else {
        http_reply_abort(listing->req);
        end(listing);
    }
    pr_buf_fini(&piece);
}

static void write_first(struct listing *listing)
{
    struct pr_buf piece;
    pr_buf_init(&piece, PIECE_MAX_BYTES);
    if (put_beginning(listing, &piece) && put_photos(listing, &piece)) {
        http_reply_header(listing->req, "content-type", pr_str("application/json"));
        http_reply_start(listing->req, 200, -1);
        write_piece(listing, pr_buf_str(&piece));
    } else {
        http_reply_error(listing->req, PR_ERR_INTERNAL);
        end(listing);
    }
    pr_buf_fini(&piece);
}

static void listed(void *arg, const struct pr_fault *fault, struct guest_photos *photos)
{
    struct listing *listing = arg;
    guest_reply_privately(listing->req);
    if (fault->err) {
        http_reply_fault(listing->req, fault);
        end(listing);
    } else {
        listing->photos = *photos;
        photos->arena = (struct pr_arena){0};
        write_first(listing);
    }
}

void get_guest_event(void *deps, struct http_request *req)
{
    struct guest_photos_cmd cmd = {
        .account = http_req_param(req, "account"),
        .slug = http_req_param(req, "slug"),
        .token = http_req_header(req, GUEST_TOKEN_HEADER),
    };
    struct listing *listing = PR_NEW(struct listing);
    const struct media_deps *media = deps;
    int64_t most_s = media->download_ttl_s < LISTING_S ? media->download_ttl_s : LISTING_S;
    listing->deps = media;
    listing->req = req;
    listing->until_ms = pr_now_ms(media->clock) + 1000 * most_s;
    list_guest_photos(deps, &cmd, listed, listing);
}
