/* All codes of an event, for a spreadsheet and for the printer. The cards are written ten at a time,
 * one sheet of paper, because thousands of QR codes take a while and others want their turn. */
#include "services/media/adapters/http_codes.h"

#include "services/media/adapters/code_cards.h"
#include "services/media/adapters/code_csv.h"
#include "services/media/usecases/code_usecases.h"
#include "shared/base/alloc.h"
#include "shared/http/input.h"

#include <stdio.h>

#define CARDS_A_PIECE 10

struct code_export {
    const struct media_deps *deps;
    struct http_request *req;
    struct code_page page; /* ours, while cards are written */
    size_t written;        /* of its items */
};

static void end(struct code_export *export)
{
    pr_arena_fini(&export->page.arena);
    free(export);
}

static void begin(void *deps, struct http_request *req, code_page_done_fn done)
{
    struct pr_fault fault;
    struct code_query query = {
        .owner_id = http_req_identity(req)->account_id, .limit = CODES_MAX, .oldest_first = true};
    if (!input_id(req, &query.event_id, &fault)) {
        http_reply_fault(req, &fault);
        return;
    }
    struct code_export *export = PR_NEW(struct code_export);
    export->deps = deps;
    export->req = req;
    list_codes(deps, &query, done, export);
}

/* ---- CSV ---- */

static void write_csv(void *arg, enum pr_err err, struct code_page *page)
{
    struct code_export *export = arg;
    char disposition[sizeof page->event.slug + 48];
    struct pr_buf csv;
    pr_buf_init(&csv, CODE_CSV_MAX);
    if (!err)
        code_csv_write(export->deps, page, &csv);
    if (err || csv.full) {
        http_reply_error(export->req, err ? err : PR_ERR_INTERNAL);
    } else {
        snprintf(disposition, sizeof disposition, "attachment; filename=\"codes-%s.csv\"",
                 page->event.slug);
        http_reply_header(export->req, "content-disposition", pr_str(disposition));
        http_reply(export->req, 200, "text/csv; charset=utf-8; header=present", pr_buf_str(&csv));
    }
    pr_buf_fini(&csv);
    end(export);
}

void get_codes_csv(void *deps, struct http_request *req)
{
    begin(deps, req, write_csv);
}

/* ---- cards ---- */

static void write_next(void *arg, enum pr_err err);

static void write_piece(struct code_export *export, struct pr_buf *piece)
{
    const struct code_page *page = &export->page;
    enum pr_err err = PR_OK;
    for (size_t n = 0; n < CARDS_A_PIECE && export->written < page->items_n && !err;
         export->written++) {
        const struct code *code = &page->items[export->written];
        if (code->revoked_at_ms)
            continue;
        err = code_cards_add(export->deps, &page->event, code, piece);
        n++;
    }
    bool last = export->written == page->items_n;
    if (last)
        code_cards_end(piece);
    if (err || piece->full) {
        http_reply_abort(export->req);
        end(export);
    } else if (last) {
        http_reply_write(export->req, pr_buf_str(piece), true, (struct pr_done){NULL, NULL});
        end(export);
    } else {
        http_reply_write(export->req, pr_buf_str(piece), false,
                         (struct pr_done){write_next, export});
    }
}

/* err: the client has left. */
static void write_next(void *arg, enum pr_err err)
{
    struct code_export *export = arg;
    struct pr_buf piece;
    if (err) {
        end(export);
        return;
    }
    pr_buf_init(&piece, CARDS_A_PIECE * CODE_CARD_MAX);
    write_piece(export, &piece);
    pr_buf_fini(&piece);
}

static void write_cards(void *arg, enum pr_err err, struct code_page *page)
{
    struct code_export *export = arg;
    char policy[CODE_CARDS_POLICY_TEXT];
    struct pr_buf head;
    size_t n = 0;
    if (err) {
        http_reply_error(export->req, err);
        end(export);
        return;
    }
    export->page = *page;
    page->arena = (struct pr_arena){0};
    for (size_t i = 0; i < export->page.items_n; i++)
        n += export->page.items[i].revoked_at_ms == 0;
    pr_buf_init(&head, CODE_CARD_MAX);
    code_cards_begin(&export->page.event, n, &head);
    http_reply_header(export->req, "content-type", pr_str("text/html; charset=utf-8"));
    http_reply_header(export->req, "content-security-policy", pr_str(code_cards_policy(policy)));
    http_reply_header(export->req, "x-robots-tag", pr_str("noindex"));
    http_reply_start(export->req, 200, -1);
    http_reply_write(export->req, pr_buf_str(&head), false, (struct pr_done){write_next, export});
    pr_buf_fini(&head);
}

void get_code_cards(void *deps, struct http_request *req)
{
    begin(deps, req, write_cards);
}
