/* media_s3_parts: the methods of media_s3 for uploads in parts. */
#pragma once

#include "services/media/adapters/media_s3.h"

void media_s3_begin_upload(struct object_store *port, const struct media *media,
                           char upload_id[MEDIA_UPLOAD_ID_MAX + 1], struct pr_done done);
void media_s3_list_parts(struct object_store *port, const struct media *media,
                         struct stored_parts *out, struct pr_done done);
void media_s3_complete_upload(struct object_store *port, const struct media *media,
                              const struct stored_part *parts, size_t n, struct pr_done done);
void media_s3_abort_upload(struct object_store *port, const char *key, const char *upload_id,
                           struct pr_done done);
enum pr_err media_s3_sign_part(struct object_store *port, const struct media *media, int64_t number,
                               const uint8_t sha256[MEDIA_SHA256_BYTES], int64_t expires_in_s,
                               struct pr_arena *arena, struct signed_upload *out);
