#include "services/thumbnailer/worker/picture.h"

#include <libswscale/swscale.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* swscale reads and writes whole vectors: rows are aligned for them and the last may be overrun. */
#define ALIGN 64

enum { TILE = 32 }; /* samples; a tile of source and target stays in the first-level cache */

struct picture *picture_create_planes(const int width[3], const int height[3])
{
    struct picture *picture = calloc(1, sizeof *picture);
    size_t offset[3], size = ALIGN;

    if (picture == NULL)
        return NULL;
    for (int i = 0; i < 3; i++) {
        struct plane *plane = &picture->plane[i];
        plane->width = width[i];
        plane->height = height[i];
        plane->stride = (width[i] + ALIGN - 1) / ALIGN * ALIGN;
        offset[i] = size;
        size += (size_t)plane->stride * (size_t)height[i] + ALIGN;
    }
    picture->memory = aligned_alloc(ALIGN, size);
    if (picture->memory == NULL) {
        free(picture);
        return NULL;
    }
    for (int i = 0; i < 3; i++)
        picture->plane[i].data = (uint8_t *)picture->memory + offset[i];
    return picture;
}

struct picture *picture_create(int width, int height)
{
    int half_width = (width + 1) / 2, half_height = (height + 1) / 2;

    return picture_create_planes((int[3]){width, half_width, half_width},
                                 (int[3]){height, half_height, half_height});
}

void picture_destroy(struct picture *picture)
{
    if (picture == NULL)
        return;
    free(picture->memory);
    free(picture);
}

static bool scale_plane(const struct plane *from, const struct plane *to)
{
    if (from->width == to->width && from->height == to->height) {
        for (int y = 0; y < to->height; y++)
            memcpy(to->data + (ptrdiff_t)y * to->stride, from->data + (ptrdiff_t)y * from->stride,
                   (size_t)to->width);
        return true;
    }
    struct SwsContext *sws =
        sws_getContext(from->width, from->height, AV_PIX_FMT_GRAY8, to->width, to->height,
                       AV_PIX_FMT_GRAY8, SWS_BICUBIC | SWS_ACCURATE_RND, NULL, NULL, NULL);
    if (sws == NULL)
        return false;
    sws_scale(sws, (const uint8_t *[]){from->data}, (int[]){from->stride}, 0, from->height,
              (uint8_t *[]){to->data}, (int[]){to->stride});
    sws_freeContext(sws);
    return true;
}

struct picture *picture_scale(const struct picture *picture, int width, int height)
{
    struct picture *out = picture_create(width, height);

    for (int i = 0; out != NULL && i < 3; i++) {
        if (!scale_plane(&picture->plane[i], &out->plane[i])) {
            picture_destroy(out);
            out = NULL;
        }
    }
    return out;
}

/* to(x, y) = origin[x * step_x + y * step_y] */
static void turn_plane(const uint8_t *origin, ptrdiff_t step_x, ptrdiff_t step_y,
                       const struct plane *to)
{
    for (int tile_y = 0; tile_y < to->height; tile_y += TILE) {
        for (int tile_x = 0; tile_x < to->width; tile_x += TILE) {
            int end_y = tile_y + TILE < to->height ? tile_y + TILE : to->height;
            int end_x = tile_x + TILE < to->width ? tile_x + TILE : to->width;
            for (int y = tile_y; y < end_y; y++)
                for (int x = tile_x; x < end_x; x++)
                    to->data[(ptrdiff_t)y * to->stride + x] = origin[x * step_x + y * step_y];
        }
    }
}

struct picture *picture_turn(const struct picture *picture, int orientation)
{
    /* Where the upright picture's left edge and top edge lie in the stored one. */
    bool transposed = orientation >= 5;
    bool from_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    bool from_bottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    int width[3], height[3];

    for (int i = 0; i < 3; i++) {
        width[i] = transposed ? picture->plane[i].height : picture->plane[i].width;
        height[i] = transposed ? picture->plane[i].width : picture->plane[i].height;
    }
    struct picture *out = picture_create_planes(width, height);
    for (int i = 0; out != NULL && i < 3; i++) {
        const struct plane *from = &picture->plane[i];
        const uint8_t *origin = from->data + (from_right ? from->width - 1 : 0) +
                                (from_bottom ? from->height - 1 : 0) * (ptrdiff_t)from->stride;
        ptrdiff_t across = from_right ? -1 : 1;
        ptrdiff_t down = from_bottom ? -from->stride : from->stride;
        turn_plane(origin, transposed ? down : across, transposed ? across : down, &out->plane[i]);
    }
    return out;
}

/* Converts between formats at one size; whatever is YCbCr is full range, BT.601. */
static bool convert(int width, int height, enum AVPixelFormat from_format,
                    const uint8_t *const from[], const int from_stride[],
                    enum AVPixelFormat to_format, uint8_t *const to[], const int to_stride[])
{
    const int *bt601 = sws_getCoefficients(SWS_CS_ITU601);
    struct SwsContext *sws = sws_getContext(
        width, height, from_format, width, height, to_format,
        SWS_BICUBIC | SWS_FULL_CHR_H_INP | SWS_FULL_CHR_H_INT | SWS_ACCURATE_RND, NULL, NULL, NULL);

    if (sws == NULL)
        return false;
    sws_setColorspaceDetails(sws, bt601, 1, bt601, 1, 0, 1 << 16, 1 << 16);
    sws_scale(sws, from, from_stride, 0, height, to, to_stride);
    sws_freeContext(sws);
    return true;
}

struct picture *picture_from_rgb(const struct pixels *rgb)
{
    struct picture *out = picture_create(rgb->width, rgb->height);

    if (out == NULL)
        return NULL;
    const struct plane *plane = out->plane;
    if (!convert(rgb->width, rgb->height, AV_PIX_FMT_RGB24, (const uint8_t *[]){rgb->data},
                 (int[]){3 * rgb->width}, AV_PIX_FMT_YUV420P,
                 (uint8_t *[]){plane[0].data, plane[1].data, plane[2].data},
                 (int[]){plane[0].stride, plane[1].stride, plane[2].stride})) {
        picture_destroy(out);
        return NULL;
    }
    return out;
}

struct pixels pixels_create(int width, int height, int bands)
{
    size_t size = (size_t)width * (size_t)height * (size_t)bands;

    return (struct pixels){.width = width,
                           .height = height,
                           .bands = bands,
                           .data = aligned_alloc(ALIGN, (size / ALIGN + 2) * ALIGN)};
}

struct pixels picture_to_pixels(const struct picture *picture, int bands)
{
    const struct plane *plane = picture->plane;
    struct pixels out = pixels_create(plane[0].width, plane[0].height, bands);

    if (out.data == NULL)
        return out;
    if (!convert(out.width, out.height, AV_PIX_FMT_YUV420P,
                 (const uint8_t *[]){plane[0].data, plane[1].data, plane[2].data},
                 (int[]){plane[0].stride, plane[1].stride, plane[2].stride},
                 bands == 4 ? AV_PIX_FMT_RGBA : AV_PIX_FMT_RGB24, (uint8_t *[]){out.data},
                 (int[]){bands * out.width})) {
        free(out.data);
        out.data = NULL;
    }
    return out;
}

void picture_fit(int width, int height, int side, int *fit_width, int *fit_height)
{
    int longest = width > height ? width : height;
    double factor = longest > side ? (double)side / longest : 1;

    *fit_width = (int)fmax(1, round(width * factor));
    *fit_height = (int)fmax(1, round(height * factor));
}
