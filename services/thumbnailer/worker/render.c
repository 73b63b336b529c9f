/* sniff_type -> sniff_picture, limits -> decode -> large, preview, placeholder
 *
 * Any of these may end it with a reason; then the outputs hold nothing of use. */
#include "services/thumbnailer/worker/render.h"

#include "services/thumbnailer/worker/decode.h"
#include "services/thumbnailer/worker/encode.h"
#include "services/thumbnailer/worker/sniff.h"
#include "services/thumbnailer/worker/thumbhash.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PREVIEW_QUALITY = 75, LARGE_QUALITY = 82, PLACEHOLDER_SIDE = 100 };

_Static_assert(RENDER_PLACEHOLDER_MAX == THUMBHASH_MAX, "a reply holds any ThumbHash");

static enum render_reason check_limits(const struct sniffed *sniffed,
                                       const struct render_request *request, struct decoded *out)
{
    char text[RENDER_TEXT_MAX];

    snprintf(text, sizeof text, "%u x %u, %u frames", sniffed->width, sniffed->height,
             sniffed->frames);
    if (sniffed->width > request->max_side || sniffed->height > request->max_side ||
        (uint64_t)sniffed->width * sniffed->height > request->max_pixels)
        return decoded_fail(out, REASON_TOO_MANY_PIXELS, text);
    if (sniffed->frames > request->max_frames)
        return decoded_fail(out, REASON_TOO_MANY_FRAMES, text);
    return REASON_NONE;
}

static enum render_reason decode_mapped(const uint8_t *data, size_t size, enum content_type type,
                                        const struct render_request *request, struct decoded *out)
{
    struct sniffed sniffed;

    if (!sniff_picture(data, size, type, &sniffed))
        return decoded_fail(out, REASON_CORRUPT, "the headers tell no size");
    enum render_reason reason = check_limits(&sniffed, request, out);
    if (reason != REASON_NONE)
        return reason;
    if (type == CONTENT_JPEG && decode_jpeg_supports(data, size))
        return decode_jpeg(data, size, out);
    return decode_vips(data, size, type, out);
}

static enum render_reason decode_picture(int fd, enum content_type type,
                                         const struct render_request *request, struct decoded *out)
{
    size_t size = (size_t)request->size_bytes;
    void *data = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);

    if (data == MAP_FAILED)
        return decoded_fail(out, errno == ENOMEM ? REASON_OUT_OF_MEMORY : REASON_INTERNAL,
                            "the input cannot be mapped");
    enum render_reason reason = decode_mapped(data, size, type, request, out);
    munmap(data, size);
    return reason;
}

static enum render_reason decode(int fd, const struct render_request *request, struct decoded *out)
{
    uint8_t head[SNIFF_TYPE_BYTES];
    struct stat input;

    if (fstat(fd, &input) != 0 || (uint64_t)input.st_size != request->size_bytes)
        return decoded_fail(out, REASON_INTERNAL, "the input has not the announced size");
    ssize_t n = pread(fd, head, sizeof head, 0);
    if (n < 0)
        return decoded_fail(out, REASON_INTERNAL, "the input cannot be read");
    enum content_type type = sniff_type(head, (size_t)n);
    if (type == CONTENT_UNKNOWN)
        return decoded_fail(out, REASON_UNSUPPORTED_FORMAT, "no known magic bytes");
    if (!sniff_type_matches(request->content_type, type))
        return decoded_fail(out, REASON_TYPE_MISMATCH, content_type_mime(type));
    if (content_type_is_video(type))
        return decode_video(fd, type, request, out);
    return decode_picture(fd, type, request, out);
}

/* Writes the file and frees it. */
static enum render_reason store(int fd, struct encoded *encoded, int width, int height,
                                struct rendition *rendition, struct decoded *out)
{
    size_t done = 0;

    while (done < encoded->size) {
        ssize_t n = pwrite(fd, encoded->data + done, encoded->size - done, (off_t)done);
        if (n < 0)
            break;
        done += (size_t)n;
    }
    *rendition = (struct rendition){
        .width = (uint32_t)width, .height = (uint32_t)height, .size_bytes = (uint32_t)done};
    bool complete = done == encoded->size;
    encoded_free(encoded);
    return complete ? REASON_NONE
                    : decoded_fail(out, REASON_INTERNAL, "an output cannot be written");
}

static enum render_reason make_large(int fd, struct decoded *decoded, struct render_reply *reply)
{
    const struct plane *size = &decoded->large->plane[0];
    struct encoded encoded;

    if (!encode_jpeg(decoded->large, LARGE_QUALITY, &encoded))
        return REASON_OUT_OF_MEMORY;
    return store(fd, &encoded, size->width, size->height, &reply->large, decoded);
}

/* For a picture without transparency: both from the planes of the large rendition. */
static enum render_reason make_preview(int fd, struct decoded *decoded, struct render_reply *reply)
{
    const struct plane *large = &decoded->large->plane[0];
    struct encoded encoded;
    int width, height;

    picture_fit(large->width, large->height, RENDER_PREVIEW_SIDE, &width, &height);
    struct picture *preview = picture_scale(decoded->large, width, height);
    if (preview == NULL)
        return REASON_OUT_OF_MEMORY;
    picture_fit(width, height, PLACEHOLDER_SIDE, &width, &height);
    struct picture *tiny = picture_scale(preview, width, height);
    struct pixels rgba = {0};
    if (tiny != NULL)
        rgba = picture_to_pixels(tiny, 4);
    picture_destroy(tiny);
    if (rgba.data != NULL)
        reply->placeholder_bytes =
            (uint32_t)thumbhash_encode(rgba.data, width, height, reply->placeholder);
    free(rgba.data);

    enum render_reason reason = REASON_OUT_OF_MEMORY;
    if (encode_webp(preview, PREVIEW_QUALITY, &encoded))
        reason = store(fd, &encoded, preview->plane[0].width, preview->plane[0].height,
                       &reply->preview, decoded);
    picture_destroy(preview);
    return reason;
}

static enum render_reason make_transparent_preview(int fd, struct decoded *decoded,
                                                   struct render_reply *reply)
{
    const struct pixels *preview = &decoded->preview;
    struct encoded encoded;

    reply->placeholder_bytes = (uint32_t)thumbhash_encode(preview->data, preview->width,
                                                          preview->height, reply->placeholder);
    if (!encode_webp_rgba(preview, PREVIEW_QUALITY, &encoded))
        return REASON_OUT_OF_MEMORY;
    return store(fd, &encoded, preview->width, preview->height, &reply->preview, decoded);
}

static enum render_reason make_all(const struct render_request *request,
                                   const int fds[RENDER_FD_COUNT], struct decoded *decoded,
                                   struct render_reply *reply)
{
    enum render_reason reason = decode(fds[RENDER_FD_INPUT], request, decoded);

    if (reason == REASON_NONE)
        reason = make_large(fds[RENDER_FD_LARGE], decoded, reply);
    if (reason != REASON_NONE)
        return reason;
    return decoded->preview.data != NULL
               ? make_transparent_preview(fds[RENDER_FD_PREVIEW], decoded, reply)
               : make_preview(fds[RENDER_FD_PREVIEW], decoded, reply);
}

void render(const struct render_request *request, const int fds[RENDER_FD_COUNT],
            struct render_reply *reply)
{
    struct decoded decoded = {0};
    struct render_reply made = {.version = RENDER_PROTOCOL_VERSION, .id = request->id};
    enum render_reason reason = make_all(request, fds, &decoded, &made);

    *reply = (struct render_reply){.version = RENDER_PROTOCOL_VERSION, .id = request->id};
    if (reason == REASON_NONE) {
        *reply = made;
        reply->width = decoded.width;
        reply->height = decoded.height;
        reply->duration_ms = decoded.duration_ms;
        reply->degraded = decoded.degraded;
    } else {
        reply->status = reason == REASON_INTERNAL ? RENDER_FAILED : RENDER_REJECTED;
        reply->reason = reason;
        memcpy(reply->text, decoded.text, sizeof reply->text);
    }
    decoded_free(&decoded);
}

bool render_prepare(void)
{
    decode_video_prepare();
    return decode_vips_prepare();
}
