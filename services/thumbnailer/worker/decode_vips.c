/* Pictures that are not ordinary JPEGs, by libvips: PNG, WebP, GIF, AVIF, HEIC, and JPEGs that are
 * grey, CMYK or RGB inside.
 *
 * load (streaming) -> shrink, to sRGB -> turn upright, on the small picture -> planes
 *
 * The loader is chosen by what sniff.h found, never by libvips. A first attempt stops at damage;
 * when it does, a second one takes what there is, and the picture is marked as degraded. */
#include "services/thumbnailer/worker/decode.h"

#include "services/thumbnailer/worker/icc.h"

#include <stdlib.h>
#include <string.h>
#include <vips/vips.h>

#include <vips/vector.h> /* leans on vips.h */

typedef int (*load_fn)(void *data, size_t size, VipsImage **image, ...);

static const load_fn loaders[CONTENT_TYPE_COUNT] = {
    [CONTENT_JPEG] = vips_jpegload_buffer, [CONTENT_PNG] = vips_pngload_buffer,
    [CONTENT_WEBP] = vips_webpload_buffer, [CONTENT_GIF] = vips_gifload_buffer,
    [CONTENT_AVIF] = vips_heifload_buffer, [CONTENT_HEIC] = vips_heifload_buffer,
};

/* Replaces *image by the result of an operation, so that steps chain; false when the step failed.
 */
static bool step(VipsImage **image, int result, VipsImage **output)
{
    g_object_unref(*image);
    *image = result == 0 ? *output : NULL;
    return result == 0;
}

/* Here the decoder runs: once, top to bottom. */
static bool to_memory(VipsImage **image)
{
    VipsImage *out = vips_image_copy_memory(*image);
    return step(image, out == NULL, &out);
}

static const char *export_key(VipsImage *image)
{
    const void *profile;
    size_t size;

    if (image->Type == VIPS_INTERPRETATION_CMYK)
        return "export_profile";
    if (vips_image_get_typeof(image, VIPS_META_ICC_NAME) == 0 ||
        vips_image_get_blob(image, VIPS_META_ICC_NAME, &profile, &size) != 0)
        return NULL;
    return icc_differs_from_srgb(profile, size) ? "export_profile" : NULL;
}

/* Fits the picture into the large rendition: 8-bit sRGB, 3 bands or 4, upright, in memory. On
 * failure *image is NULL or half-way. */
static bool shrink(VipsImage **image)
{
    VipsImage *in = *image, *out = NULL;

    return step(image,
                vips_thumbnail_image(in, &out, RENDER_LARGE_SIDE, "height", RENDER_LARGE_SIDE,
                                     "size", VIPS_SIZE_DOWN, "no_rotate", TRUE, export_key(in),
                                     "srgb", NULL),
                &out) &&
           step(image, vips_colourspace(*image, &out, VIPS_INTERPRETATION_sRGB, NULL), &out) &&
           step(image, vips_cast_uchar(*image, &out, NULL), &out) && to_memory(image) &&
           step(image, vips_autorot(*image, &out, NULL), &out) && to_memory(image);
}

static bool take_pixels(VipsImage *image, struct pixels *pixels)
{
    size_t size = (size_t)image->Xsize * (size_t)image->Ysize * (size_t)image->Bands;

    *pixels = pixels_create(image->Xsize, image->Ysize, image->Bands);
    if (pixels->data != NULL)
        memcpy(pixels->data, vips_image_get_data(image), size);
    return pixels->data != NULL;
}

static bool is_transparent(const struct pixels *rgba)
{
    size_t count = (size_t)rgba->width * (size_t)rgba->height;

    for (size_t i = 0; i < count; i++)
        if (rgba->data[4 * i + 3] != 255)
            return true;
    return false;
}

/* RGBA to RGB in place, laid on white. */
static void flatten(struct pixels *pixels)
{
    size_t count = (size_t)pixels->width * (size_t)pixels->height;
    const uint8_t *from = pixels->data;
    uint8_t *to = pixels->data;

    for (size_t i = 0; i < count; i++, from += 4) {
        int alpha = from[3];
        for (int band = 0; band < 3; band++)
            *to++ = (uint8_t)((from[band] * alpha + 255 * (255 - alpha) + 127) / 255);
    }
    pixels->bands = 3;
}

/* The small rendition keeps its transparency. */
static bool take_preview(VipsImage *large, struct pixels *preview)
{
    VipsImage *image = NULL;

    if (vips_thumbnail_image(large, &image, RENDER_PREVIEW_SIDE, "height", RENDER_PREVIEW_SIDE,
                             "size", VIPS_SIZE_DOWN, NULL) != 0)
        return false;
    bool ok = to_memory(&image) && take_pixels(image, preview);
    g_clear_object(&image);
    return ok;
}

/* From the large picture, in memory, to what the encoders take. */
static bool take(VipsImage *image, struct decoded *out)
{
    struct pixels pixels;
    bool ok = take_pixels(image, &pixels);

    if (ok && pixels.bands == 4) {
        ok = !is_transparent(&pixels) || take_preview(image, &out->preview);
        flatten(&pixels);
    }
    if (ok)
        out->large = picture_from_rgb(&pixels);
    free(pixels.data);
    return out->large != NULL;
}

static bool attempt(const uint8_t *data, size_t size, enum content_type type, VipsFailOn fail_on,
                    struct decoded *out)
{
    VipsImage *image = NULL;

    if (loaders[type]((void *)(uintptr_t)data, size, &image, "access", VIPS_ACCESS_SEQUENTIAL,
                      "fail_on", fail_on, NULL) != 0)
        return false;
    bool lying = vips_image_get_orientation(image) >= 5;
    out->width = (uint32_t)(lying ? image->Ysize : image->Xsize);
    out->height = (uint32_t)(lying ? image->Xsize : image->Ysize);
    bool ok = shrink(&image) && take(image, out);
    g_clear_object(&image);
    return ok;
}

static enum render_reason why(const char *text)
{
    if (strcasestr(text, "out of memory") != NULL || strcasestr(text, "allocat") != NULL)
        return REASON_OUT_OF_MEMORY;
    if (strcasestr(text, "unsupported") != NULL)
        return REASON_UNSUPPORTED_FORMAT;
    return REASON_CORRUPT;
}

enum render_reason decode_vips(const uint8_t *data, size_t size, enum content_type type,
                               struct decoded *out)
{
    vips_error_clear(); /* loaders leave warnings there, also when all is well */
    if (attempt(data, size, type, VIPS_FAIL_ON_ERROR, out))
        return REASON_NONE;
    const char *text = vips_error_buffer();
    enum render_reason reason = decoded_fail(out, why(text), text);
    if (reason != REASON_CORRUPT)
        return reason;
    out->degraded = true;
    return attempt(data, size, type, VIPS_FAIL_ON_NONE, out) ? REASON_NONE : reason;
}

static void drop_log(const char *domain, GLogLevelFlags level, const char *message, void *arg)
{
    (void)domain;
    (void)level;
    (void)message;
    (void)arg;
}

bool decode_vips_prepare(void)
{
    g_log_set_default_handler(drop_log, NULL); /* what matters comes back as an error text */
    /* no temporary files for what a loader cannot stream: they cannot be opened */
    g_setenv("VIPS_DISC_THRESHOLD", "1g", TRUE);
    if (VIPS_INIT("pierrot-thumbnailer-worker") != 0)
        return false;
    vips_block_untrusted_set(TRUE);
    vips_concurrency_set(1); /* one worker process a core is faster than threads inside one */
    vips_cache_set_max(0);
    vips_vector_set_enabled(FALSE); /* it compiles at run time, and the sandbox forbids new code */
    return true;
}
