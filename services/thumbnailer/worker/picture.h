/* A decoded picture on its way to the encoders: 8-bit YCbCr 4:2:0, full range, BT.601 matrix, sRGB
 * primaries; what a JPEG holds. Cb and Cr samples sit in the middle of the Y samples they belong
 * to.
 *
 * Functions that give a picture return NULL when memory is short; picture_destroy it. */
#ifndef PIERROT_THUMBNAILER_WORKER_PICTURE_H
#define PIERROT_THUMBNAILER_WORKER_PICTURE_H

#include <stddef.h>
#include <stdint.h>

struct plane {
    int width, height; /* samples */
    int stride;        /* bytes from row to row; a multiple of 64 */
    uint8_t *data;
};

struct picture {
    struct plane plane[3]; /* Y, Cb, Cr */
    void *memory;
};

/* Interleaved 8-bit RGB (3 bands) or RGBA (4 bands, not premultiplied), rows without gaps. */
struct pixels {
    int width, height, bands;
    uint8_t *data;
};

/* Uninitialised. The second form is for planes as a decoder gives them, when the chroma planes are
 * not half as wide and high as Y (4:4:4, 4:2:2, 4:4:0, 4:1:1); picture_scale makes 4:2:0 of it. */
struct picture *picture_create(int width, int height);
struct picture *picture_create_planes(const int width[3], const int height[3]);
void picture_destroy(struct picture *picture); /* NULL is fine */

/* A new picture of that size. */
struct picture *picture_scale(const struct picture *picture, int width, int height);

/* A new picture turned and mirrored by an Exif orientation (TIFF tag 0x0112), 1..8. */
struct picture *picture_turn(const struct picture *picture, int orientation);

/* Uninitialised; free() the data, which is NULL when memory is short. */
struct pixels pixels_create(int width, int height, int bands);

struct picture *picture_from_rgb(const struct pixels *rgb); /* 3 bands, from pixels_create */

/* free() the data, which is NULL when memory is short. */
struct pixels picture_to_pixels(const struct picture *picture, int bands);

/* The size that fits width x height into a square of `side`, keeping its shape, never enlarging. */
void picture_fit(int width, int height, int side, int *fit_width, int *fit_height);

#endif
