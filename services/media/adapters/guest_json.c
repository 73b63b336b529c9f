#include "services/media/adapters/guest_json.h"

#include "shared/base/encode.h"
#include "shared/http/json.h"

json_t *guest_entered_to_json(const struct entered *entered)
{
    const struct guest_event *event = entered->event;
    return json_pack("{s:s, s:o, s:{s:s, s:o}}", "token", entered->token, "expires_at",
                     json_time(event->expires_at_ms), "event", "name", event->name, "expires_at",
                     json_time(event->expires_at_ms));
}

/* Shown inline, under the store's own name. */
static bool sign(const struct media_deps *deps, const struct guest_image *image, json_t *to,
                 const char *member)
{
    struct pr_arena arena = {0};
    struct pr_str url;
    bool signed_it = !deps->store->sign_download(deps->store, image->object_key.p, NULL, NULL,
                                                 deps->download_ttl_s, &arena, &url);
    if (signed_it)
        json_object_set_new(to, member, json_text(url));
    pr_arena_fini(&arena);
    return signed_it;
}

json_t *guest_listed_photo_to_json(const struct media_deps *deps, const struct guest_event *event,
                                   const struct guest_photo *photo)
{
    char placeholder[PR_BASE64_SIZE(MEDIA_PLACEHOLDER_MAX)], name[MEDIA_FILENAME_MAX + 1];
    const struct guest_image *file = guest_photo_file(photo, event->originals);
    json_t *json = json_object();
    guest_photo_name(photo, event->originals, name);
    json_object_set_new(json, "id", json_id(&photo->id));
    json_object_set_new(json, "kind", json_string(media_kind_name(photo->type->kind)));
    json_object_set_new(json, "filename", json_string(name));
    json_object_set_new(json, "content_type", json_text(file->content_type));
    json_object_set_new(json, "size", json_integer(file->size_bytes));
    json_object_set_new(json, "width", json_integer(photo->original.width));
    json_object_set_new(json, "height", json_integer(photo->original.height));
    if (photo->duration_ms > 0)
        json_object_set_new(json, "duration_ms", json_integer(photo->duration_ms));
    if (photo->placeholder.n > 0) {
        pr_base64_encode(photo->placeholder.p, photo->placeholder.n, placeholder);
        json_object_set_new(json, "placeholder", json_string(placeholder));
    }
    if (photo->preview.object_key.n == 0 || sign(deps, &photo->preview, json, "preview_url"))
        return json;
    json_decref(json);
    return NULL;
}

json_t *guest_event_to_json(const struct guest_photos *photos)
{
    const struct guest_event *event = &photos->event;
    return json_pack("{s:{s:s, s:o, s:b, s:b}, s:s}", "event", "name", event->name, "expires_at",
                     json_time(event->expires_at_ms), "download", event->download, "originals",
                     event->originals, "label", photos->label);
}

/* To be looked at: no download, and under no name. */
static json_t *shown_to_json(const struct media_deps *deps, const struct guest_image *image)
{
    json_t *json = json_pack("{s:I, s:I, s:s%}", "width", (json_int_t)image->width, "height",
                             (json_int_t)image->height, "content_type", image->content_type.p,
                             image->content_type.n);
    if (sign(deps, image, json, "url"))
        return json;
    json_decref(json);
    return NULL;
}

static json_t *download_to_json(const struct media_deps *deps, const struct guest_event *event,
                                const struct guest_photo *photo)
{
    char name[MEDIA_FILENAME_MAX + 1];
    const struct guest_image *file = guest_photo_file(photo, event->originals);
    struct pr_arena arena = {0};
    struct pr_str url;
    json_t *json = NULL;
    guest_photo_name(photo, event->originals, name);
    if (!deps->store->sign_download(deps->store, file->object_key.p, file->content_type.p, name,
                                    deps->download_ttl_s, &arena, &url))
        json = json_pack("{s:s%, s:o, s:s, s:I}", "url", url.p, url.n, "expires_at",
                         json_time(pr_now_ms(deps->clock) + deps->download_ttl_s * 1000),
                         "filename", name, "size", (json_int_t)file->size_bytes);
    pr_arena_fini(&arena);
    return json;
}

json_t *guest_photo_to_json(const struct media_deps *deps, const struct guest_event *event,
                            const struct guest_photo *photo, bool saves)
{
    const struct guest_image *film = guest_photo_film(photo, event->download);
    json_t *json = json_object(), *item = guest_listed_photo_to_json(deps, event, photo);
    bool made = item != NULL;
    if (item)
        json_object_set_new(json, "photo", item);
    if (made && photo->large.object_key.n > 0)
        made = json_object_set_new(json, "large", shown_to_json(deps, &photo->large)) == 0;
    if (made && film)
        made = json_object_set_new(json, "video", shown_to_json(deps, film)) == 0;
    if (made && saves)
        made = json_object_set_new(json, "download", download_to_json(deps, event, photo)) == 0;
    if (made)
        return json;
    json_decref(json);
    return NULL;
}
