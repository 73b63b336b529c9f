/* ThumbHash (https://evanw.github.io/thumbhash/): a picture's average colour, shape and some dozen
 * DCT coefficients of its brightness, two colour differences and alpha, in at most 25 bytes; what a
 * page shows until the preview has come. The npm package "thumbhash" decodes it. */
#ifndef PIERROT_THUMBNAILER_WORKER_THUMBHASH_H
#define PIERROT_THUMBNAILER_WORKER_THUMBHASH_H

#include <stddef.h>
#include <stdint.h>

#define THUMBHASH_MAX 25

/* Encodes width x height RGBA pixels, not premultiplied, rows without gaps, and returns the count
 * of bytes written to `hash`; 0 when memory is short. Time grows with the area: 100 x 100 is
 * plenty, larger pictures give the same hash. */
size_t thumbhash_encode(const uint8_t *rgba, int width, int height, uint8_t hash[THUMBHASH_MAX]);

#endif
