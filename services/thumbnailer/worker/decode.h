/* The three ways from a file to pixels. Each reads a file whose type and size sniff.h has already
 * judged, and gives a picture that is upright, sRGB and no larger than a rendition needs.
 *
 * decode_jpeg   ordinary JPEGs, nearly all of the load: libjpeg-turbo's planes go to the encoder as
 *               planes, without ever becoming RGB
 * decode_vips   every other picture, by libvips
 * decode_video  a poster frame, by libavformat and libavcodec */
#ifndef PIERROT_THUMBNAILER_WORKER_DECODE_H
#define PIERROT_THUMBNAILER_WORKER_DECODE_H

#include "services/thumbnailer/worker/picture.h"
#include "services/thumbnailer/worker/protocol.h"

#include <stdbool.h>

struct decoded {
    struct picture *large;  /* fits RENDER_LARGE_SIDE; transparent pixels are laid on white */
    struct pixels preview;  /* RGBA, fits RENDER_PREVIEW_SIDE; only for pictures with transparency,
                               the others' is scaled from `large`: then data is NULL */
    uint32_t width, height; /* px, of the original when seen upright */
    int64_t duration_ms;    /* of a video */
    bool degraded;          /* decoded in part: the file is damaged or cut short */
    char text[RENDER_TEXT_MAX]; /* what the library said, when it failed */
};

/* All of them: `out` starts zeroed, and is to be freed by decoded_free whatever the result. A
 * result other than REASON_NONE is why there is no picture. */

/* True when decode_jpeg can do it: 8-bit YCbCr of three components, known subsampling. */
bool decode_jpeg_supports(const uint8_t *data, size_t size);
enum render_reason decode_jpeg(const uint8_t *data, size_t size, struct decoded *out);

enum render_reason decode_vips(const uint8_t *data, size_t size, enum content_type type,
                               struct decoded *out);

/* Reads from `fd` by offset. The request's limits are applied once the demuxer has told the size.
 */
enum render_reason decode_video(int fd, enum content_type type,
                                const struct render_request *request, struct decoded *out);

/* To be called once each, before the sandbox is entered: afterwards nothing can be opened. */
bool decode_vips_prepare(void);
void decode_video_prepare(void);

void decoded_free(struct decoded *decoded);

/* Keeps what a library said, made one printable line, and gives back the reason. */
enum render_reason decoded_fail(struct decoded *decoded, enum render_reason reason,
                                const char *text);

#endif
