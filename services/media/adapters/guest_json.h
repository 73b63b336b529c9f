/* guest_json: an event and its photos as guests see them (proto/openapi.yaml): no owner, no key, no
 * checksum, nothing out of a file's metadata, nothing about other photos and codes. */
#pragma once

#include "services/media/usecases/guest_usecases.h"

#include <jansson.h>

/* New references; NULL when a URL cannot be made. */
json_t *guest_entered_to_json(const struct entered *entered);
json_t *guest_event_to_json(const struct guest_photos *photos); /* with the label, without photos */
json_t *guest_listed_photo_to_json(const struct media_deps *deps, const struct guest_event *event,
                                   const struct guest_photo *photo);

/* With the download when it is to be saved. */
json_t *guest_photo_to_json(const struct media_deps *deps, const struct guest_event *event,
                            const struct guest_photo *photo, bool saves);
