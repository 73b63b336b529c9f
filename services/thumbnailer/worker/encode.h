/* The two encoders: nothing but pixels goes in, so no metadata comes out. */
#ifndef PIERROT_THUMBNAILER_WORKER_ENCODE_H
#define PIERROT_THUMBNAILER_WORKER_ENCODE_H

#include "services/thumbnailer/worker/picture.h"

#include <stdbool.h>

struct encoded {
    uint8_t *data; /* encoded_free it */
    size_t size;   /* bytes */
    void (*free)(void *data);
};

/* All give false when memory is short; `out` needs no freeing then. */
bool encode_jpeg(const struct picture *picture, int quality, struct encoded *out);
bool encode_webp(const struct picture *picture, int quality, struct encoded *out);
bool encode_webp_rgba(const struct pixels *rgba, int quality, struct encoded *out);

void encoded_free(struct encoded *encoded);

#endif
