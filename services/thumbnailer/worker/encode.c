#include "services/thumbnailer/worker/encode.h"

#include <turbojpeg.h>
#include <webp/encode.h>

/* Effort 2 of 6 is the knee: 4 takes twice the time to save a twentieth of the bytes. */
enum { WEBP_EFFORT = 2 };

static void free_jpeg(void *data)
{
    tjFree(data);
}

bool encode_jpeg(const struct picture *picture, int quality, struct encoded *out)
{
    const struct plane *plane = picture->plane;
    tjhandle codec = tjInitCompress();
    unsigned long size = 0;

    *out = (struct encoded){.free = free_jpeg};
    if (codec == NULL)
        return false;
    int result = tjCompressFromYUVPlanes(
        codec, (const uint8_t *[]){plane[0].data, plane[1].data, plane[2].data}, plane[0].width,
        (int[]){plane[0].stride, plane[1].stride, plane[2].stride}, plane[0].height, TJSAMP_420,
        &out->data, &size, quality, 0);
    tjDestroy(codec);
    if (result != 0)
        encoded_free(out);
    out->size = size;
    return result == 0;
}

/* WebP wants limited range: Y 16..235, Cb and Cr 16..240. */
static void copy_limited(const struct plane *from, int span, uint8_t *to, int to_stride)
{
    for (int y = 0; y < from->height; y++) {
        const uint8_t *in = from->data + (ptrdiff_t)y * from->stride;
        uint8_t *out = to + (ptrdiff_t)y * to_stride;
        for (int x = 0; x < from->width; x++)
            out[x] = (uint8_t)((in[x] * span + 127) / 255 + 16);
    }
}

static bool encode_webp_picture(WebPPicture *webp, int quality, struct encoded *out)
{
    WebPConfig config;
    WebPMemoryWriter writer;

    WebPMemoryWriterInit(&writer);
    webp->writer = WebPMemoryWrite;
    webp->custom_ptr = &writer;
    bool ok = WebPConfigInit(&config) != 0;
    config.quality = (float)quality;
    config.method = WEBP_EFFORT;
    ok = ok && WebPEncode(&config, webp) != 0;
    webp->custom_ptr = NULL; /* outlives writer */
    *out = (struct encoded){.data = writer.mem, .size = writer.size, .free = WebPFree};
    if (!ok)
        encoded_free(out);
    return ok;
}

bool encode_webp(const struct picture *picture, int quality, struct encoded *out)
{
    const struct plane *plane = picture->plane;
    WebPPicture webp;

    if (!WebPPictureInit(&webp))
        return false;
    webp.width = plane[0].width;
    webp.height = plane[0].height;
    if (!WebPPictureAlloc(&webp))
        return false;
    copy_limited(&plane[0], 219, webp.y, webp.y_stride);
    copy_limited(&plane[1], 224, webp.u, webp.uv_stride);
    copy_limited(&plane[2], 224, webp.v, webp.uv_stride);
    bool ok = encode_webp_picture(&webp, quality, out);
    WebPPictureFree(&webp);
    return ok;
}

bool encode_webp_rgba(const struct pixels *rgba, int quality, struct encoded *out)
{
    WebPPicture webp;

    if (!WebPPictureInit(&webp))
        return false;
    webp.width = rgba->width;
    webp.height = rgba->height;
    bool ok = WebPPictureImportRGBA(&webp, rgba->data, 4 * rgba->width) != 0 &&
              encode_webp_picture(&webp, quality, out);
    WebPPictureFree(&webp);
    return ok;
}

void encoded_free(struct encoded *encoded)
{
    if (encoded->data != NULL)
        encoded->free(encoded->data);
    *encoded = (struct encoded){0};
}
