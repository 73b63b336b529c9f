/* Embedded colour profiles (ICC.1), judged by what they do and not by what they are called: one
 * phone maker's Display P3 has "sRGB" in its name. */
#ifndef PIERROT_THUMBNAILER_WORKER_ICC_H
#define PIERROT_THUMBNAILER_WORKER_ICC_H

#include "services/thumbnailer/worker/picture.h"

#include <stdbool.h>

struct icc_transform;

/* How to go from the profile's 8-bit RGB to sRGB. NULL when there is nothing to do: the profile
 * gives sRGB's own colours, is not one for RGB, or is broken (then it is as if it were not there).
 * icc_transform_destroy it. */
struct icc_transform *icc_transform_create(const uint8_t *profile, size_t size);
void icc_transform_destroy(struct icc_transform *transform); /* NULL is fine */

void icc_transform_apply(struct icc_transform *transform,
                         struct pixels *rgb); /* 3 bands, in place */

/* The same question alone. */
bool icc_differs_from_srgb(const uint8_t *profile, size_t size);

#endif
