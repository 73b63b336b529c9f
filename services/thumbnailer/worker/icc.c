#include "services/thumbnailer/worker/icc.h"

#include <lcms2.h>
#include <stdlib.h>

enum {
    GRID_STEPS = 9, /* a side of the cube of colours that are compared */
    GRID_STEP = 31, /* 8 * 31 = 248, of 255 */
    TOLERANCE = 2,  /* of 255; what rounding does to an honest sRGB profile */
};

struct icc_transform {
    cmsHTRANSFORM lcms;
};

static bool changes_colors(cmsHTRANSFORM lcms)
{
    for (int i = 0; i < GRID_STEPS * GRID_STEPS * GRID_STEPS; i++) {
        uint8_t from[3] = {(uint8_t)(i % GRID_STEPS * GRID_STEP),
                           (uint8_t)(i / GRID_STEPS % GRID_STEPS * GRID_STEP),
                           (uint8_t)(i / GRID_STEPS / GRID_STEPS * GRID_STEP)};
        uint8_t to[3];
        cmsDoTransform(lcms, from, to, 1);
        for (int band = 0; band < 3; band++)
            if (abs(from[band] - to[band]) > TOLERANCE)
                return true;
    }
    return false;
}

static cmsHTRANSFORM open_transform(const uint8_t *profile, size_t size)
{
    cmsHPROFILE from = size > UINT32_MAX ? NULL : cmsOpenProfileFromMem(profile, (uint32_t)size);
    cmsHPROFILE to = cmsCreate_sRGBProfile();
    cmsHTRANSFORM lcms = NULL;

    if (from != NULL && to != NULL && cmsGetColorSpace(from) == cmsSigRgbData)
        lcms =
            cmsCreateTransform(from, TYPE_RGB_8, to, TYPE_RGB_8, INTENT_RELATIVE_COLORIMETRIC, 0);
    if (from != NULL)
        cmsCloseProfile(from);
    if (to != NULL)
        cmsCloseProfile(to);
    if (lcms != NULL && !changes_colors(lcms)) {
        cmsDeleteTransform(lcms);
        lcms = NULL;
    }
    return lcms;
}

struct icc_transform *icc_transform_create(const uint8_t *profile, size_t size)
{
    cmsHTRANSFORM lcms = open_transform(profile, size);
    if (lcms == NULL)
        return NULL;
    struct icc_transform *transform = malloc(sizeof *transform);
    if (transform == NULL) {
        cmsDeleteTransform(lcms);
        return NULL;
    }
    transform->lcms = lcms;
    return transform;
}

void icc_transform_destroy(struct icc_transform *transform)
{
    if (transform == NULL)
        return;
    cmsDeleteTransform(transform->lcms);
    free(transform);
}

void icc_transform_apply(struct icc_transform *transform, struct pixels *rgb)
{
    cmsDoTransform(transform->lcms, rgb->data, rgb->data,
                   (uint32_t)rgb->width * (uint32_t)rgb->height);
}

bool icc_differs_from_srgb(const uint8_t *profile, size_t size)
{
    struct icc_transform *transform = icc_transform_create(profile, size);
    bool differs = transform != NULL;

    icc_transform_destroy(transform);
    return differs;
}
