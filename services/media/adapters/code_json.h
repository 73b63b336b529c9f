/* code_json: an access code as its owner sees it (the schema Code of proto/openapi.yaml). */
#pragma once

#include "services/media/usecases/code_ports.h"

#include <jansson.h>

/* The event's address: "https://photos.example.org/anna/wedding". */
#define CODE_URL_MAX 384
const char *code_event_url(const struct media_deps *deps, const struct code_event *event,
                           char out[CODE_URL_MAX]);

/* A new reference. */
json_t *code_to_json(const struct media_deps *deps, const struct code_event *event,
                     const struct code *code);

json_t *code_photos_to_json(const struct code_ids *photos);
