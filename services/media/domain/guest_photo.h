/* guest_photo: a photo or video as a guest may have it: what is shown of it, and what is saved. */
#pragma once

#include "services/media/domain/media.h"

struct guest_image {
    struct pr_str object_key, content_type; /* object_key is empty when there is none */
    int64_t width, height, size_bytes;
    int64_t crc32; /* -1: not known */
};

/* Texts lie in the arena of who loaded it. */
struct guest_photo {
    struct pr_uuid id;
    const struct media_type *type;
    struct pr_str filename; /* as its owner named it */
    struct guest_image original, preview, large;
    int64_t duration_ms; /* of a video; 0: none */
    struct pr_str placeholder;
};

/* What a guest saves: the original; where originals are not given away the large rendition, but of
 * videos the original always. */
const struct guest_image *guest_photo_file(const struct guest_photo *photo, bool originals);

/* What a guest watches of a video: the original, since there is no other file of it. NULL of what is no
 * video, and where guests only look, who get no original. */
const struct guest_image *guest_photo_film(const struct guest_photo *photo, bool download);

/* The name it is saved under: its own; for another type than its own with that one's extension.
 * Terminated, whole characters. */
void guest_photo_name(const struct guest_photo *photo, bool originals,
                      char out[MEDIA_FILENAME_MAX + 1]);
