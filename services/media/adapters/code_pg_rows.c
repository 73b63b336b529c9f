#include "services/media/adapters/code_pg_rows.h"

#include <assert.h>

enum {
    EVENT_NAME,
    EVENT_OWNER_NAME,
    EVENT_SLUG,
    EVENT_EXPIRES_AT,
    ID,
    EVENT_ID,
    BATCH_ID,
    ACCESS_CODE,
    LABEL,
    OPENS_ALL,
    PHOTOS_N,
    CREATED_AT,
    EXPIRES_AT,
    REVOKED_AT,
    OPENS,
    DOWNLOADS,
    LAST_USED_AT,
    PHOTOS, /* of load_stmt alone */
};

static int64_t time_or_0(const struct pg_result *result, size_t row, int column)
{
    return pg_is_null(result, row, column) ? 0 : pg_time_ms(result, row, column);
}

/* Everything in a row was bounded when it was written. */
static void copy_text(struct pr_str text, char *out, size_t size)
{
    bool fits = pr_str_copy(text, out, size);
    assert(fits);
    (void)fits;
}

static void event_from_row(const struct pg_result *r, size_t row, struct code_event *out)
{
    copy_text(pg_text(r, row, EVENT_NAME), out->name, sizeof out->name);
    copy_text(pg_text(r, row, EVENT_OWNER_NAME), out->owner_name, sizeof out->owner_name);
    copy_text(pg_text(r, row, EVENT_SLUG), out->slug, sizeof out->slug);
    out->expires_at_ms = pg_time_ms(r, row, EVENT_EXPIRES_AT);
}

static void code_from_row(const struct pg_result *r, size_t row, struct code *out)
{
    out->id = pg_uuid(r, row, ID);
    out->event_id = pg_uuid(r, row, EVENT_ID);
    out->batch_id = pg_uuid(r, row, BATCH_ID);
    copy_text(pg_text(r, row, ACCESS_CODE), out->access_code, sizeof out->access_code);
    copy_text(pg_text(r, row, LABEL), out->label, sizeof out->label);
    out->opens_all = pg_bool(r, row, OPENS_ALL);
    out->photos_n = pg_int(r, row, PHOTOS_N);
    out->created_at_ms = pg_time_ms(r, row, CREATED_AT);
    out->expires_at_ms = time_or_0(r, row, EXPIRES_AT);
    out->revoked_at_ms = time_or_0(r, row, REVOKED_AT);
    out->opens = pg_int(r, row, OPENS);
    out->downloads = pg_int(r, row, DOWNLOADS);
    out->last_used_at_ms = time_or_0(r, row, LAST_USED_AT);
}

enum pr_err code_page_from_rows(void *arg, const struct pg_result *result)
{
    struct code_page *page = arg;
    size_t n = pg_count(result);
    page->items_n = 0;
    if (n == 0)
        return PR_ERR_NOT_FOUND;
    event_from_row(result, 0, &page->event);
    if (pg_is_null(result, 0, ID))
        return PR_OK;
    page->items = pr_arena_alloc(&page->arena, n * sizeof *page->items);
    page->items_n = n;
    for (size_t i = 0; i < n; i++)
        code_from_row(result, i, &page->items[i]);
    return PR_OK;
}

enum pr_err code_found_from_row(void *arg, const struct pg_result *result)
{
    struct code_found *found = arg;
    if (pg_count(result) == 0)
        return PR_ERR_NOT_FOUND;
    event_from_row(result, 0, &found->event);
    code_from_row(result, 0, &found->code);
    struct pr_str ids = pr_str_n(NULL, 0);
    if (!pg_is_null(result, 0, PHOTOS))
        ids = pg_bytes(result, 0, PHOTOS);
    struct pr_uuid *photos = pr_arena_alloc(&found->arena, ids.n);
    if (ids.n)
        memcpy(photos, ids.p, ids.n);
    found->photos = (struct code_ids){photos, ids.n / sizeof *photos};
    return PR_OK;
}
