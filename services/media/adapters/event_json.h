/* event_json: an event as its owner sees it (the schema Event of proto/openapi.yaml). */
#pragma once

#include "services/media/usecases/event_ports.h"

#include <jansson.h>

/* With a presigned URL of its picture; NULL when that cannot be made. A new reference. */
json_t *event_to_json(const struct media_deps *deps, const struct event *event,
                      struct pr_arena *arena);
