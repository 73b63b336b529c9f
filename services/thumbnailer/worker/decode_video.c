/* A poster frame, by libavformat and libavcodec.
 *
 * open -> choose the stream -> seek to the keyframe before the moment -> decode up to it -> RGB
 *
 * Only the container that the file was sniffed to be and the decoders listed below can run, on one
 * thread. The file is read by offset, never as a whole, and a container cannot make the demuxer
 * open another file. High dynamic range is not mapped to tones: such posters look a little flat. */
#include "services/thumbnailer/worker/decode.h"

#include <assert.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libswscale/swscale.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#define DECODERS "h264,hevc,vp8,vp9,libdav1d,mpeg4,mjpeg,prores"

enum {
    IO_BUFFER_BYTES = 64 * 1024,
    POSTER_MS = 1000, /* into the film: most begin black */
    FRAMES_MAX = 120, /* decoded at most to get there */
    HD_HEIGHT = 720,  /* px; from here on, colours of unknown matrix are BT.709 */
};

struct source {
    int fd;
    int64_t offset, size;
};

struct film {
    struct source source;
    AVIOContext *io;
    AVFormatContext *format;
    AVStream *stream;
    AVCodecContext *codec;
    AVPacket *packet;
    AVFrame *frame;
};

static int read_source(void *opaque, uint8_t *data, int size)
{
    struct source *source = opaque;
    ssize_t n = pread(source->fd, data, (size_t)size, source->offset);

    if (n <= 0)
        return n < 0 ? AVERROR(EIO) : AVERROR_EOF;
    source->offset += n;
    return (int)n;
}

static int64_t seek_source(void *opaque, int64_t offset, int whence)
{
    struct source *source = opaque;

    switch (whence & ~AVSEEK_FORCE) {
    case AVSEEK_SIZE:
        return source->size;
    case SEEK_CUR:
        offset += source->offset;
        break;
    case SEEK_END:
        offset += source->size;
        break;
    default:
        break;
    }
    if (offset < 0)
        return AVERROR(EINVAL);
    return source->offset = offset;
}

static int refuse_open(AVFormatContext *format, AVIOContext **io, const char *url, int flags,
                       AVDictionary **options)
{
    (void)format;
    (void)io;
    (void)url;
    (void)flags;
    (void)options;
    return AVERROR(EPERM);
}

static void close_film(struct film *film)
{
    av_frame_free(&film->frame);
    av_packet_free(&film->packet);
    avcodec_free_context(&film->codec);
    avformat_close_input(&film->format);
    if (film->io != NULL)
        av_freep(&film->io->buffer);
    avio_context_free(&film->io);
}

static int open_format(struct film *film, enum content_type type)
{
    const AVInputFormat *demuxer = av_find_input_format(type == CONTENT_WEBM ? "matroska" : "mov");
    uint8_t *buffer = av_malloc(IO_BUFFER_BYTES);

    film->io = buffer == NULL ? NULL
                              : avio_alloc_context(buffer, IO_BUFFER_BYTES, 0, &film->source,
                                                   read_source, NULL, seek_source);
    film->format = avformat_alloc_context();
    if (film->io == NULL || film->format == NULL) {
        if (film->io == NULL)
            av_free(buffer);
        return AVERROR(ENOMEM);
    }
    film->format->pb = film->io;
    film->format->io_open = refuse_open;
    return avformat_open_input(&film->format, NULL, demuxer, NULL);
}

static int open_decoder(struct film *film, const struct render_request *request)
{
    AVDictionary *options = NULL;
    const AVCodec *decoder = avcodec_find_decoder(film->stream->codecpar->codec_id);

    if (decoder == NULL)
        return AVERROR_DECODER_NOT_FOUND;
    film->codec = avcodec_alloc_context3(decoder);
    film->packet = av_packet_alloc();
    film->frame = av_frame_alloc();
    if (film->codec == NULL || film->packet == NULL || film->frame == NULL)
        return AVERROR(ENOMEM);
    int result = avcodec_parameters_to_context(film->codec, film->stream->codecpar);
    if (result < 0)
        return result;
    film->codec->thread_count = 1;
    film->codec->max_pixels = (int64_t)request->max_pixels;
    film->codec->pkt_timebase = film->stream->time_base;
    av_dict_set(&options, "codec_whitelist", DECODERS, 0);
    result = avcodec_open2(film->codec, decoder, &options);
    av_dict_free(&options);
    return result;
}

static enum render_reason fail(struct decoded *out, enum render_reason reason, int error)
{
    char text[AV_ERROR_MAX_STRING_SIZE];

    if (error == AVERROR(ENOMEM))
        reason = REASON_OUT_OF_MEMORY;
    return decoded_fail(out, reason, av_make_error_string(text, sizeof text, error));
}

static enum render_reason open_film(struct film *film, enum content_type type,
                                    const struct render_request *request, struct decoded *out)
{
    int result = open_format(film, type);
    if (result < 0)
        return fail(out, REASON_CORRUPT, result);
    result = av_find_best_stream(film->format, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
    if (result < 0)
        return fail(out, REASON_NO_VIDEO_FRAME, result);
    film->stream = film->format->streams[result];
    for (unsigned i = 0; i < film->format->nb_streams; i++)
        if (film->format->streams[i] != film->stream)
            film->format->streams[i]->discard = AVDISCARD_ALL;

    const AVCodecParameters *parameters = film->stream->codecpar;
    int64_t pixels = (int64_t)parameters->width * parameters->height;
    if (pixels > (int64_t)request->max_pixels || parameters->width > (int64_t)request->max_side ||
        parameters->height > (int64_t)request->max_side)
        return decoded_fail(out, REASON_TOO_MANY_PIXELS, "");
    result = open_decoder(film, request);
    return result < 0 ? fail(out, REASON_UNSUPPORTED_FORMAT, result) : REASON_NONE;
}

/* The moment of the poster in the stream's units: a second in, or the middle of a shorter film. */
static int64_t poster_time(const struct film *film, int64_t duration_ms)
{
    assert(film->stream);
    int64_t start = film->stream->start_time == AV_NOPTS_VALUE ? 0 : film->stream->start_time;
    int64_t ms =
        duration_ms > 0 && duration_ms < (int64_t)2 * POSTER_MS ? duration_ms / 2 : POSTER_MS;

    return start + av_rescale_q(ms, (AVRational){1, 1000}, film->stream->time_base);
}

/* Leaves the frame nearest to the moment in film->frame; false when nothing can be decoded. A frame
 * that fails, like one that is missing at the end, costs nothing as long as there is an earlier. */
static bool decode_poster(struct film *film, int64_t moment)
{
    AVFrame *next = av_frame_alloc();
    bool reached = false, ended = false;

    for (int decoded = 0; next != NULL && !reached && decoded < FRAMES_MAX;) {
        int result = avcodec_receive_frame(film->codec, next);
        if (result >= 0) {
            av_frame_unref(film->frame);
            av_frame_move_ref(film->frame, next);
            reached = film->frame->best_effort_timestamp >= moment;
            decoded++;
        } else if (ended) {
            break;
        } else if (av_read_frame(film->format, film->packet) < 0) {
            ended = true;
            avcodec_send_packet(film->codec, NULL);
        } else {
            if (film->packet->stream_index == film->stream->index)
                avcodec_send_packet(film->codec, film->packet);
            av_packet_unref(film->packet);
        }
    }
    av_frame_free(&next);
    return film->frame->width > 0 && film->frame->height > 0;
}

/* How to hold the frame upright, as an Exif orientation. The matrix (ISO 14496-12, 6.2.2) maps the
 * stored x axis to (m[0], m[1]) and the y axis to (m[3], m[4]). */
static int orientation_of(const AVStream *stream)
{
    size_t size = 0;
    const int32_t *m = (const int32_t *)(const void *)av_stream_get_side_data(
        stream, AV_PKT_DATA_DISPLAYMATRIX, &size);

    if (m == NULL || size < 9 * sizeof *m)
        return 1;
    if (llabs(m[0]) >= llabs(m[1]))
        return m[0] >= 0 ? (m[4] >= 0 ? 1 : 4) : (m[4] >= 0 ? 2 : 3);
    return m[1] >= 0 ? (m[3] >= 0 ? 5 : 6) : (m[3] >= 0 ? 8 : 7);
}

static const int *matrix_of(const AVFrame *frame)
{
    int space = (int)frame->colorspace;

    if (frame->colorspace == AVCOL_SPC_UNSPECIFIED)
        space = frame->height >= HD_HEIGHT ? SWS_CS_ITU709 : SWS_CS_ITU601;
    return sws_getCoefficients(space); /* its numbers are those of AVCOL_SPC_ */
}

/* The frame as RGB of the size that `rgb` has. */
static bool frame_to_rgb(const AVFrame *frame, struct pixels *rgb)
{
    struct SwsContext *sws = sws_getContext(
        frame->width, frame->height, frame->format, rgb->width, rgb->height, AV_PIX_FMT_RGB24,
        SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT, NULL, NULL, NULL);

    if (sws == NULL)
        return false;
    sws_setColorspaceDetails(sws, matrix_of(frame), frame->color_range == AVCOL_RANGE_JPEG,
                             sws_getCoefficients(SWS_CS_DEFAULT), 1, 0, 1 << 16, 1 << 16);
    *rgb = pixels_create(rgb->width, rgb->height, 3);
    if (rgb->data != NULL)
        sws_scale(sws, (const uint8_t *const *)frame->data, frame->linesize, 0, frame->height,
                  (uint8_t *[]){rgb->data}, (int[]){3 * rgb->width});
    sws_freeContext(sws);
    return rgb->data != NULL;
}

/* The frame as it is shown: square pixels, upright. */
static enum render_reason take_frame(const struct film *film, struct decoded *out)
{
    AVFrame *frame = film->frame;
    AVRational aspect = av_guess_sample_aspect_ratio(film->format, film->stream, frame);
    double stretch = aspect.num > 0 && aspect.den > 0 ? av_q2d(aspect) : 1;
    double shown_width = round(fmin(fmax(frame->width * stretch, 1), RENDER_DEFAULT_MAX_SIDE));
    int orientation = orientation_of(film->stream);
    struct pixels rgb = {.bands = 3};

    picture_fit((int)shown_width, frame->height, RENDER_LARGE_SIDE, &rgb.width, &rgb.height);
    if (!frame_to_rgb(frame, &rgb))
        return REASON_OUT_OF_MEMORY;
    struct picture *stored = picture_from_rgb(&rgb);
    free(rgb.data);
    if (stored == NULL)
        return REASON_OUT_OF_MEMORY;
    out->large = picture_turn(stored, orientation);
    picture_destroy(stored);

    bool lying = orientation >= 5;
    out->width = (uint32_t)(lying ? frame->height : (int)shown_width);
    out->height = (uint32_t)(lying ? (int)shown_width : frame->height);
    out->degraded = frame->decode_error_flags != 0 || (frame->flags & AV_FRAME_FLAG_CORRUPT) != 0;
    return out->large == NULL ? REASON_OUT_OF_MEMORY : REASON_NONE;
}

enum render_reason decode_video(int fd, enum content_type type,
                                const struct render_request *request, struct decoded *out)
{
    struct film film = {.source = {.fd = fd, .size = (int64_t)request->size_bytes}};
    enum render_reason reason = open_film(&film, type, request, out);

    if (reason == REASON_NONE) {
        int64_t duration = film.format->duration;
        out->duration_ms = duration > 0 ? duration / (AV_TIME_BASE / 1000) : 0;
        int64_t moment = poster_time(&film, out->duration_ms);
        av_seek_frame(film.format, film.stream->index, moment, AVSEEK_FLAG_BACKWARD);
        reason = decode_poster(&film, moment) ? take_frame(&film, out)
                                              : decoded_fail(out, REASON_NO_VIDEO_FRAME, "");
    }
    close_film(&film);
    return reason;
}

void decode_video_prepare(void)
{
    av_log_set_level(AV_LOG_QUIET);
}
