/* event_pg_rows: rows of `event` as struct event. */
#pragma once

#include "services/media/usecases/event_ports.h"
#include "shared/pg/pg.h"

/* Of `event e`, in the order event_from_row reads them. The last one is the preview of the cover, or of
 * the oldest photo that has one. */
#define EVENT_COLUMNS                                                                              \
    "e.id, e.owner_id, e.owner_name, e.version, e.name, e.slug, e.created_at, e.seconds_to_live, " \
    "e.expires_at, e.download, e.originals, e.cover_id, "                                          \
    "(select count(*) from event_media l where l.event_id = e.id), "                               \
    "(select r->>'object_key' from media p, jsonb_array_elements(p.renditions) r "                 \
    "where p.id = coalesce(e.cover_id, (select l.media_id from event_media l "                     \
    "join media q on q.id = l.media_id where l.event_id = e.id and q.state = 'ready' "             \
    "order by l.media_id limit 1)) and r->>'name' = 'preview' limit 1)"
#define EVENT_COLUMNS_N 14

void event_from_row(const struct pg_result *result, size_t row, struct event *out);
