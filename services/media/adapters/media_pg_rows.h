/* media_pg_rows: rows of `media` as struct media, and back. */
#pragma once

#include "services/media/usecases/ports.h"
#include "shared/pg/pg.h"

/* In the order media_from_row reads them. */
#define MEDIA_COLUMNS                                                                              \
    "id, owner_id, version, state, content_type, filename, object_key, size_bytes, sha256, "       \
    "created_at, upload_expires_at, finalized_at, width, height, duration_ms, degraded, "          \
    "placeholder, renditions::text, reject_reason, crc32, event_id, part_size_bytes, upload_id"

extern const int media_columns; /* how many: what a statement adds begins at this one */

void media_from_row(const struct pg_result *result, size_t row, struct media *out);

/* A pg_rows_fn; arg is a struct media_page. */
enum pr_err media_page_from_rows(void *arg, const struct pg_result *result);

/* Of a query for one more than limit, to know whether there are more: keeps limit, then calls done. */
struct pr_done media_page_cut(struct media_page *page, size_t limit, struct pr_done done);

/* The column `renditions` of a rendered media; freed by free(). */
char *renditions_to_json(const struct media_rendered_msg *msg);

/* media.created of a media that is announced. */
enum pr_err media_encode_created(const struct media *media, struct pr_buf *body);
