/* event: a photographer's event: what it is called, where it is found, how long it lasts.
 *
 *     open -> closed (expired: guests see nothing; extending opens it again) -> deleting -> gone
 *     open or closed -> deleting (its owner deletes it)
 */
#pragma once

#include "services/media/domain/media.h"

#define EVENT_NAME_MAX 200 /* bytes of UTF-8 */
#define EVENT_SLUG_MAX 64
#define EVENT_TTL_MIN_S INT64_C(3600)
#define EVENT_TTL_MAX_S (INT64_C(5) * 366 * 86400)
#define EVENT_TTL_DEFAULT_S INT64_C(604800)
#define EVENT_PHOTOS_MAX 10000
#define EVENTS_MAX 1000 /* of one account */

struct event {
    struct pr_uuid id, owner_id;
    char owner_name[33];
    int64_t version; /* grows by one with each change */
    char name[EVENT_NAME_MAX + 1];
    char slug[EVENT_SLUG_MAX + 1];
    int64_t created_at_ms, seconds_to_live, expires_at_ms;
    bool download;           /* else guests only look */
    bool originals;          /* else they download the large rendition; videos always as they are */
    struct pr_uuid cover_id; /* nil: none was chosen */

    /* Read with the row, never written. */
    int64_t photos_n;
    char preview_key[MEDIA_OBJECT_KEY_MAX + 1]; /* the preview of the cover, or of the oldest photo
                                                   that has one; empty: there is none */
};

/* Each sets the fault (field "name", "slug", "seconds_to_live"; status 400) and returns its error.
 * A name is 1 to EVENT_NAME_MAX bytes of UTF-8 without control characters, trimmed into out. A slug
 * is 1 to EVENT_SLUG_MAX of a-z0-9-, neither beginning nor ending with '-'. */
enum pr_err event_set_name(struct event *event, struct pr_str name, struct pr_fault *fault);
enum pr_err event_set_slug(struct event *event, struct pr_str slug, struct pr_fault *fault);

/* Sets expires_at_ms as well: creation + seconds_to_live, whenever it is changed. */
enum pr_err event_set_ttl(struct event *event, int64_t seconds_to_live, struct pr_fault *fault);

/* From the name: lower case ASCII, letters of Latin-1 without their marks, runs of anything else
 * become one '-'; "event" when nothing is left. suffix (may be empty; of a-z0-9, at most 16) is
 * added after a '-'. */
void event_make_slug(struct event *event, struct pr_str suffix);

bool event_is_open(const struct event *event, int64_t now_ms);
