#include "services/media/adapters/event_pg_rows.h"

#include <assert.h>

enum {
    ID,
    OWNER_ID,
    OWNER_NAME,
    VERSION,
    NAME,
    SLUG,
    CREATED_AT,
    SECONDS_TO_LIVE,
    EXPIRES_AT,
    DOWNLOAD,
    ORIGINALS,
    COVER_ID,
    PHOTOS_N,
    PREVIEW_KEY,
    COLUMNS
};
_Static_assert(COLUMNS == EVENT_COLUMNS_N, "each column is read");

/* Everything in a row was bounded when it was written. */
static void copy_text(struct pr_str text, char *out, size_t size)
{
    bool fits = pr_str_copy(text, out, size);
    assert(fits);
    (void)fits;
}

void event_from_row(const struct pg_result *r, size_t row, struct event *out)
{
    *out = (struct event){
        .id = pg_uuid(r, row, ID),
        .owner_id = pg_uuid(r, row, OWNER_ID),
        .version = pg_int(r, row, VERSION),
        .created_at_ms = pg_time_ms(r, row, CREATED_AT),
        .seconds_to_live = pg_int(r, row, SECONDS_TO_LIVE),
        .expires_at_ms = pg_time_ms(r, row, EXPIRES_AT),
        .download = pg_bool(r, row, DOWNLOAD),
        .originals = pg_bool(r, row, ORIGINALS),
        .photos_n = pg_int(r, row, PHOTOS_N),
    };
    copy_text(pg_text(r, row, OWNER_NAME), out->owner_name, sizeof out->owner_name);
    copy_text(pg_text(r, row, NAME), out->name, sizeof out->name);
    copy_text(pg_text(r, row, SLUG), out->slug, sizeof out->slug);
    if (!pg_is_null(r, row, COVER_ID))
        out->cover_id = pg_uuid(r, row, COVER_ID);
    if (!pg_is_null(r, row, PREVIEW_KEY))
        copy_text(pg_text(r, row, PREVIEW_KEY), out->preview_key, sizeof out->preview_key);
}
