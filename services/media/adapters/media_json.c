#include "services/media/adapters/media_json.h"

#include "shared/base/encode.h"
#include "shared/http/json.h"

static bool add_renditions(json_t *to, const struct media_deps *deps, const struct media *media,
                           struct pr_arena *arena)
{
    json_t *list = json_array();
    json_object_set_new(to, "renditions", list);
    for (size_t i = 0; i < media->renditions_n; i++) {
        const struct media_rendition *r = &media->renditions[i];
        struct pr_str url;
        if (deps->store->sign_download(deps->store, r->object_key, NULL, NULL, deps->download_ttl_s,
                                       arena, &url))
            return false;
        json_t *item = json_object();
        json_object_set_new(item, "name", json_string(r->name));
        json_object_set_new(item, "url", json_text(url));
        json_object_set_new(item, "content_type", json_string(r->content_type));
        json_object_set_new(item, "width", json_integer(r->width));
        json_object_set_new(item, "height", json_integer(r->height));
        json_array_append_new(list, item);
    }
    return true;
}

static bool add_download(json_t *to, const struct media_deps *deps, const struct media *media,
                         struct pr_arena *arena)
{
    struct pr_str url;
    if (deps->store->sign_download(deps->store, media->object_key, media->type->name,
                                   media->filename, deps->download_ttl_s, arena, &url))
        return false;
    json_t *download = json_object();
    json_object_set_new(download, "url", json_text(url));
    json_object_set_new(download, "expires_at",
                        json_time(pr_now_ms(deps->clock) + deps->download_ttl_s * 1000));
    json_object_set_new(to, "download", download);
    return true;
}

static void add_picture(json_t *to, const struct media *media)
{
    char placeholder[PR_BASE64_SIZE(MEDIA_PLACEHOLDER_MAX)];
    json_object_set_new(to, "width", json_integer(media->width));
    json_object_set_new(to, "height", json_integer(media->height));
    json_object_set_new(to, "degraded", json_boolean(media->degraded));
    if (media->duration_ms > 0)
        json_object_set_new(to, "duration_ms", json_integer(media->duration_ms));
    if (media->placeholder_n > 0) {
        pr_base64_encode(media->placeholder, media->placeholder_n, placeholder);
        json_object_set_new(to, "placeholder", json_string(placeholder));
    }
}

json_t *media_to_json(const struct media_deps *deps, const struct media *media,
                      struct pr_arena *arena)
{
    char sha256[2 * MEDIA_SHA256_BYTES + 1];
    json_t *json = json_object();
    pr_hex_encode(media->sha256, sizeof media->sha256, sha256);
    json_object_set_new(json, "id", json_id(&media->id));
    json_object_set_new(json, "event_id",
                        pr_uuid_is_nil(&media->event_id) ? json_null() : json_id(&media->event_id));
    json_object_set_new(json, "state", json_string(media_state_name(media->state)));
    json_object_set_new(json, "kind", json_string(media_kind_name(media->type->kind)));
    json_object_set_new(json, "filename", json_string(media->filename));
    json_object_set_new(json, "content_type", json_string(media->type->name));
    json_object_set_new(json, "size", json_integer(media->size_bytes));
    json_object_set_new(json, "sha256", json_string(sha256));
    json_object_set_new(json, "created_at", json_time(media->created_at_ms));
    if (media->finalized_at_ms)
        json_object_set_new(json, "finalized_at", json_time(media->finalized_at_ms));
    if (media->state == MEDIA_REJECTED)
        json_object_set_new(json, "reject_reason", json_string(media->reject_reason));
    if (media->state == MEDIA_READY)
        add_picture(json, media);
    bool fetchable = media->state == MEDIA_FINALIZED || media->state == MEDIA_READY;
    if (!add_renditions(json, deps, media, arena) ||
        (fetchable && !add_download(json, deps, media, arena))) {
        json_decref(json);
        return NULL;
    }
    return json;
}

json_t *multipart_to_json(const struct media *media)
{
    json_t *json = json_object();
    json_object_set_new(json, "part_size", json_integer(media->part_size_bytes));
    json_object_set_new(json, "parts", json_integer(media_parts(media)));
    json_object_set_new(json, "expires_at", json_time(media->upload_expires_at_ms));
    return json;
}

json_t *upload_to_json(const struct signed_upload *upload, int64_t expires_at_ms)
{
    json_t *json = json_object(), *headers = json_object();
    for (size_t i = 0; i < upload->headers_n; i++)
        json_object_setn_new(headers, upload->headers[i].name.p, upload->headers[i].name.n,
                             json_text(upload->headers[i].value));
    json_object_set_new(json, "method", json_string("PUT"));
    json_object_set_new(json, "url", json_text(upload->url));
    json_object_set_new(json, "headers", headers);
    json_object_set_new(json, "expires_at", json_time(expires_at_ms));
    return json;
}
