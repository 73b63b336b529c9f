/* media_json: a media as clients see it (the schema Media of proto/openapi.yaml). */
#pragma once

#include "services/media/usecases/ports.h"

#include <jansson.h>

/* With presigned URLs for what can be fetched; NULL when one cannot be made. A new reference. */
json_t *media_to_json(const struct media_deps *deps, const struct media *media,
                      struct pr_arena *arena);

/* How an upload in parts goes on: the schema Multipart. */
json_t *multipart_to_json(const struct media *media);

/* expires_at_ms: of the URL. */
json_t *upload_to_json(const struct signed_upload *upload, int64_t expires_at_ms);
