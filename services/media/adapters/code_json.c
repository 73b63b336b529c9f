#include "services/media/adapters/code_json.h"

#include "shared/http/json.h"

#include <assert.h>
#include <stdio.h>

const char *code_event_url(const struct media_deps *deps, const struct code_event *event,
                           char out[CODE_URL_MAX])
{
    int n =
        snprintf(out, CODE_URL_MAX, "%s/%s/%s", deps->public_url, event->owner_name, event->slug);
    assert(n > 0 && n < CODE_URL_MAX);
    (void)n;
    return out;
}

static json_t *time_or_null(int64_t at_ms)
{
    return at_ms ? json_time(at_ms) : json_null();
}

json_t *code_to_json(const struct media_deps *deps, const struct code_event *event,
                     const struct code *code)
{
    char url[CODE_URL_MAX];
    json_t *json = json_object();
    json_object_set_new(json, "id", json_id(&code->id));
    json_object_set_new(json, "access_code", json_string(code->access_code));
    json_object_set_new(json, "label", json_string(code->label));
    json_object_set_new(json, "all", json_boolean(code->opens_all));
    json_object_set_new(json, "photos", json_integer(code->photos_n));
    json_object_set_new(json, "created_at", json_time(code->created_at_ms));
    json_object_set_new(json, "expires_at", json_time(code_ends_at_ms(code, event->expires_at_ms)));
    json_object_set_new(json, "revoked_at", time_or_null(code->revoked_at_ms));
    json_object_set_new(json, "opens", json_integer(code->opens));
    json_object_set_new(json, "downloads", json_integer(code->downloads));
    json_object_set_new(json, "last_used_at", time_or_null(code->last_used_at_ms));
    json_object_set_new(json, "url", json_string(code_event_url(deps, event, url)));
    return json;
}

json_t *code_photos_to_json(const struct code_ids *photos)
{
    json_t *list = json_array();
    for (size_t i = 0; i < photos->n; i++)
        json_array_append_new(list, json_id(&photos->items[i]));
    return list;
}
