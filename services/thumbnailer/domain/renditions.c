#include "services/thumbnailer/domain/renditions.h"

#include <stdio.h>

static const struct {
    const char *name, *content_type, *extension;
} renditions[RENDITIONS] = {
    [RENDITION_PREVIEW] = {"preview", "image/webp", "webp"},
    [RENDITION_LARGE] = {"large", "image/jpeg", "jpg"},
};

const char *rendition_text(enum rendition_name name)
{
    return renditions[name].name;
}

const char *rendition_content_type(enum rendition_name name)
{
    return renditions[name].content_type;
}

bool rendition_key(struct pr_str object_key, enum rendition_name name, char out[RENDITION_KEY_MAX])
{
    size_t folder = object_key.n;
    while (folder > 0 && object_key.p[folder - 1] != '/')
        folder--;
    if (folder < 2 || folder > RENDITION_KEY_MAX - 64)
        return false;
    snprintf(out, RENDITION_KEY_MAX, PR_STR_FMT ".renditions/%s.%s", (int)folder, object_key.p,
             renditions[name].name, renditions[name].extension);
    return true;
}

char *preview_cache_key(const struct pr_uuid *media_id, char out[PREVIEW_CACHE_KEY])
{
    char text[PR_UUID_TEXT];
    snprintf(out, PREVIEW_CACHE_KEY, "preview:%s", pr_uuid_format(media_id, text));
    return out;
}
