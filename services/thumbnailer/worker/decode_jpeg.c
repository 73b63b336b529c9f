/* JPEG to renditions without leaving YCbCr: the planes are decoded at the smallest DCT scale that
 * is still at least the size of the large rendition, scaled one by one, turned, and encoded again.
 * Only a picture with a profile other than sRGB visits RGB, and at the small size. */
#include "services/thumbnailer/worker/decode.h"

#include "services/thumbnailer/worker/icc.h"
#include "services/thumbnailer/worker/jpeg_header.h"

#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

struct jpeg {
    tjhandle codec;
    int width, height, subsampling, colorspace;
};

static bool open_jpeg(const uint8_t *data, size_t size, struct jpeg *jpeg)
{
    jpeg->codec = tjInitDecompress();
    if (jpeg->codec == NULL)
        return false;
    if (tjDecompressHeader3(jpeg->codec, data, size, &jpeg->width, &jpeg->height,
                            &jpeg->subsampling, &jpeg->colorspace) == 0)
        return true;
    tjDestroy(jpeg->codec);
    return false;
}

bool decode_jpeg_supports(const uint8_t *data, size_t size)
{
    struct jpeg jpeg;

    if (!open_jpeg(data, size, &jpeg))
        return false;
    tjDestroy(jpeg.codec);
    return jpeg.colorspace == TJCS_YCbCr && jpeg.subsampling != TJSAMP_GRAY &&
           jpeg.subsampling >= 0 && jpeg.subsampling < TJ_NUMSAMP;
}

/* The powers of two are the scales that have SIMD code. */
static tjscalingfactor choose_scale(int longest)
{
    tjscalingfactor scale = {.num = 1, .denom = 1};

    while (scale.denom < 8 && longest / (2 * scale.denom) >= RENDER_LARGE_SIDE)
        scale.denom *= 2;
    return scale;
}

/* libjpeg goes on after most damage, leaving grey. Bytes between two segments are no damage: some
 * cameras write them. */
static bool is_damage(const char *warning)
{
    return strstr(warning, "extraneous bytes") == NULL;
}

static enum render_reason decode_planes(const struct jpeg *jpeg, const uint8_t *data, size_t size,
                                        struct picture **picture, struct decoded *out)
{
    int longest = jpeg->width > jpeg->height ? jpeg->width : jpeg->height;
    tjscalingfactor scale = choose_scale(longest);
    int width = TJSCALED(jpeg->width, scale), height = TJSCALED(jpeg->height, scale);
    int widths[3], heights[3];

    for (int i = 0; i < 3; i++) {
        widths[i] = tjPlaneWidth(i, width, jpeg->subsampling);
        heights[i] = tjPlaneHeight(i, height, jpeg->subsampling);
    }
    *picture = picture_create_planes(widths, heights);
    if (*picture == NULL)
        return REASON_OUT_OF_MEMORY;
    struct plane *plane = (*picture)->plane;
    if (tjDecompressToYUVPlanes(jpeg->codec, data, size,
                                (uint8_t *[]){plane[0].data, plane[1].data, plane[2].data}, width,
                                (int[]){plane[0].stride, plane[1].stride, plane[2].stride}, height,
                                TJFLAG_LIMITSCANS) == 0)
        return REASON_NONE;

    const char *text = tjGetErrorStr2(jpeg->codec);
    if (tjGetErrorCode(jpeg->codec) == TJERR_WARNING) {
        out->degraded = is_damage(text);
        return REASON_NONE;
    }
    bool memory = strcasestr(text, "memory") != NULL;
    return decoded_fail(out, memory ? REASON_OUT_OF_MEMORY : REASON_CORRUPT, text);
}

/* The picture in sRGB; what was passed in is freed. NULL when memory is short. */
static struct picture *to_srgb(struct picture *picture, struct icc_transform *transform)
{
    struct pixels rgb = picture_to_pixels(picture, 3);
    struct picture *converted = NULL;

    picture_destroy(picture);
    if (rgb.data != NULL) {
        icc_transform_apply(transform, &rgb);
        converted = picture_from_rgb(&rgb);
        free(rgb.data);
    }
    return converted;
}

static struct icc_transform *embedded_transform(const struct jpeg_header *header)
{
    uint8_t *profile = header->icc_size > 0 ? malloc(header->icc_size) : NULL;
    if (profile == NULL)
        return NULL;
    jpeg_header_copy_icc(header, profile);
    struct icc_transform *transform = icc_transform_create(profile, header->icc_size);
    free(profile);
    return transform;
}

/* Stored planes to the upright large rendition; what was passed in is freed. */
static struct picture *finish(struct picture *stored, const struct jpeg *jpeg,
                              const struct jpeg_header *header)
{
    int width, height;

    picture_fit(jpeg->width, jpeg->height, RENDER_LARGE_SIDE, &width, &height);
    struct picture *picture = picture_scale(stored, width, height);
    picture_destroy(stored);

    struct icc_transform *transform = embedded_transform(header);
    if (picture != NULL && transform != NULL)
        picture = to_srgb(picture, transform);
    icc_transform_destroy(transform);

    if (picture != NULL && header->orientation != 1) {
        struct picture *turned = picture_turn(picture, header->orientation);
        picture_destroy(picture);
        picture = turned;
    }
    return picture;
}

enum render_reason decode_jpeg(const uint8_t *data, size_t size, struct decoded *out)
{
    struct jpeg_header header;
    struct jpeg jpeg;
    struct picture *stored = NULL;

    if (!jpeg_header_read(data, size, &header) || !open_jpeg(data, size, &jpeg))
        return decoded_fail(out, REASON_CORRUPT, "no readable header");
    enum render_reason reason = decode_planes(&jpeg, data, size, &stored, out);
    tjDestroy(jpeg.codec);
    if (reason != REASON_NONE) {
        picture_destroy(stored);
        return reason;
    }
    out->large = finish(stored, &jpeg, &header);
    bool lying = header.orientation >= 5;
    out->width = (uint32_t)(lying ? jpeg.height : jpeg.width);
    out->height = (uint32_t)(lying ? jpeg.width : jpeg.height);
    return out->large == NULL ? REASON_OUT_OF_MEMORY : REASON_NONE;
}
