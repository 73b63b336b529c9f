/* zip_archive: the ZIP of a guest's photos, before a byte of it is sent. */
#pragma once

#include "services/media/domain/guest_photo.h"
#include "services/media/domain/zip.h"
#include "shared/base/arena.h"

#define ZIP_ETAG_SIZE 35 /* with its quotes, terminated */

struct zip_archive {
    struct pr_arena arena; /* holds all that follows */
    struct zip_entry *entries;
    struct pr_str *keys; /* of their objects */
    size_t n;
    struct zip_plan plan;
    char etag[ZIP_ETAG_SIZE]; /* strong: other bytes, other tag */
};

/* Copies what it needs. False when one of them has no file to give, or one whose CRC-32 nobody
 * counted. Ended by fini either way. */
bool zip_archive_init(struct zip_archive *archive, const struct guest_photo *photos, size_t n,
                      bool originals) PR_CHECK;
void zip_archive_fini(struct zip_archive *archive);
