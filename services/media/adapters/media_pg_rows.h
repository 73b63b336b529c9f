/* media_pg_rows: rows of `media` as struct media, and back. */
#pragma once

#include "services/media/domain/media.h"
#include "shared/base/arena.h"
#include "shared/pg/pg.h"

struct media_rendered_msg;

/* In the order media_from_row reads them. */
#define MEDIA_COLUMNS                                                                              \
    "id, owner_id, version, state, content_type, filename, object_key, size_bytes, sha256, "       \
    "created_at, upload_expires_at, finalized_at, width, height, duration_ms, degraded, "          \
    "placeholder, renditions::text, reject_reason"

void media_from_row(const struct pg_result *result, size_t row, struct media *out);

/* The column `renditions` of a rendered media; freed by free(). */
char *renditions_to_json(const struct media_rendered_msg *msg);
