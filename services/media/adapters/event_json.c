#include "services/media/adapters/event_json.h"

#include "shared/http/json.h"

static void add_address(json_t *to, const struct media_deps *deps, const struct event *event)
{
    char owner[PR_UUID_TEXT], id[PR_UUID_TEXT];
    json_object_set_new(to, "public_url",
                        json_sprintf("%s/%s/%s", deps->public_url, event->owner_name, event->slug));
    json_object_set_new(to, "prefix",
                        json_sprintf("%s/%s/", pr_uuid_format(&event->owner_id, owner),
                                     pr_uuid_format(&event->id, id)));
}

static bool add_cover(json_t *to, const struct media_deps *deps, const struct event *event,
                      struct pr_arena *arena)
{
    struct pr_str url;
    json_object_set_new(to, "cover_id",
                        pr_uuid_is_nil(&event->cover_id) ? json_null() : json_id(&event->cover_id));
    if (!event->preview_key[0])
        return true;
    if (deps->store->sign_download(deps->store, event->preview_key, NULL, NULL,
                                   deps->download_ttl_s, arena, &url))
        return false;
    json_object_set_new(to, "cover_url", json_text(url));
    return true;
}

json_t *event_to_json(const struct media_deps *deps, const struct event *event,
                      struct pr_arena *arena)
{
    json_t *json = json_object();
    json_object_set_new(json, "id", json_id(&event->id));
    json_object_set_new(json, "name", json_string(event->name));
    json_object_set_new(json, "slug", json_string(event->slug));
    add_address(json, deps, event);
    json_object_set_new(json, "created_at", json_time(event->created_at_ms));
    json_object_set_new(json, "seconds_to_live", json_integer(event->seconds_to_live));
    json_object_set_new(json, "expires_at", json_time(event->expires_at_ms));
    json_object_set_new(json, "expired",
                        json_boolean(!event_is_open(event, pr_now_ms(deps->clock))));
    json_object_set_new(json, "download", json_boolean(event->download));
    json_object_set_new(json, "originals", json_boolean(event->originals));
    json_object_set_new(json, "photos", json_integer(event->photos_n));
    if (!add_cover(json, deps, event, arena)) {
        json_decref(json);
        return NULL;
    }
    return json;
}
