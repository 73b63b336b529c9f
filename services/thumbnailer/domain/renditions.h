/* renditions: what is made of each media, and where it lies. */
#pragma once

#include "shared/base/uuid.h"

#define RENDITION_KEY_MAX 320 /* bytes */

enum rendition_name { RENDITION_PREVIEW, RENDITION_LARGE, RENDITIONS };

const char *rendition_text(enum rendition_name name);         /* "preview" */
const char *rendition_content_type(enum rendition_name name); /* "image/webp" */

/* "<folder of object_key>/.renditions/<name>.<extension>"; false when object_key has no folder or
 * the key would be too long. The key depends on nothing else, so that a repeated rendering writes
 * the same object. */
bool rendition_key(struct pr_str object_key, enum rendition_name name, char out[RENDITION_KEY_MAX]);

/* Where the cache keeps a preview: "preview:<media id>". */
#define PREVIEW_CACHE_KEY (8 + PR_UUID_TEXT)
char *preview_cache_key(const struct pr_uuid *media_id, char out[PREVIEW_CACHE_KEY]);
