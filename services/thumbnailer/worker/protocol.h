/* What the thumbnailer and its decode worker say to each other.
 *
 * They share one SOCK_SEQPACKET Unix socket (the worker's fd 3). The worker says hello once it is
 * in its sandbox, so that one which cannot start is never taken for one that a file killed. Then
 * the service sends one struct render_request with three file descriptors, the worker answers with
 * one struct render_reply, and only then may the next request follow. Both ends come from one build
 * on one machine, so the structs travel as they are; RENDER_PROTOCOL_VERSION catches a
 * half-upgraded installation.
 *
 * The worker decodes hostile files. What comes from it is therefore untrusted too:
 * render_recv_reply hands out only replies whose every field is within its bounds. */
#ifndef PIERROT_THUMBNAILER_WORKER_PROTOCOL_H
#define PIERROT_THUMBNAILER_WORKER_PROTOCOL_H

#include <stdbool.h>
#include <stdint.h>

#define RENDER_PROTOCOL_VERSION 1
#define RENDER_SOCKET_FD 3            /* where a started worker finds its socket */
#define RENDER_TEXT_MAX 128           /* bytes of a reply's text, the final NUL included */
#define RENDER_PLACEHOLDER_MAX 25     /* longest ThumbHash */
#define RENDER_OUTPUT_MAX (16u << 20) /* bytes; no rendition is larger */

#define RENDER_PREVIEW_SIDE 320 /* px, long side: WebP, quality 75 */
#define RENDER_LARGE_SIDE 1600  /* px, long side: JPEG, quality 82 */
#define RENDER_PREVIEW_TYPE "image/webp"
#define RENDER_LARGE_TYPE "image/jpeg"

/* The limits a service uses unless it was configured otherwise. */
#define RENDER_DEFAULT_MAX_PIXELS 100000000u
#define RENDER_DEFAULT_MAX_SIDE 30000u
#define RENDER_DEFAULT_MAX_FRAMES 500u
#define RENDER_DEFAULT_CPU_S 20u

#define CONTENT_TYPES(X)                                                                           \
    X(CONTENT_JPEG, "image/jpeg")                                                                  \
    X(CONTENT_PNG, "image/png")                                                                    \
    X(CONTENT_WEBP, "image/webp")                                                                  \
    X(CONTENT_GIF, "image/gif")                                                                    \
    X(CONTENT_AVIF, "image/avif")                                                                  \
    X(CONTENT_HEIC, "image/heic")                                                                  \
    X(CONTENT_MP4, "video/mp4")                                                                    \
    X(CONTENT_QUICKTIME, "video/quicktime")                                                        \
    X(CONTENT_WEBM, "video/webm")

enum content_type {
    CONTENT_UNKNOWN,
#define X(name, mime) name,
    CONTENT_TYPES(X)
#undef X
        CONTENT_TYPE_COUNT
};

/* Why a file got no renditions. The worker never sends the last two: they are the service's words
 * for a worker that ended by SIGXCPU, and for one that died any other way. */
#define RENDER_REASONS(X)                                                                          \
    X(REASON_NONE, "none")                                                                         \
    X(REASON_UNSUPPORTED_FORMAT, "unsupported_format") /* none of the content types, or a codec */ \
    X(REASON_TYPE_MISMATCH, "type_mismatch")           /* the bytes are not the declared type */   \
    X(REASON_TOO_MANY_PIXELS, "too_many_pixels")       /* more than max_pixels, or max_side */     \
    X(REASON_TOO_MANY_FRAMES, "too_many_frames")                                                   \
    X(REASON_CORRUPT, "corrupt")                                                                   \
    X(REASON_OUT_OF_MEMORY, "out_of_memory") /* decoding needs more than a worker may have */      \
    X(REASON_NO_VIDEO_FRAME, "no_video_frame")                                                     \
    X(REASON_INTERNAL, "internal") /* only with RENDER_FAILED: the file is not to blame */         \
    X(REASON_TIME_LIMIT, "time_limit")                                                             \
    X(REASON_WORKER_DIED, "worker_died")

enum render_reason {
#define X(name, text) name,
    RENDER_REASONS(X)
#undef X
        REASON_COUNT
};

enum render_status {
    RENDER_OK,
    RENDER_REJECTED, /* this file gets no renditions, now or later */
    RENDER_FAILED,   /* the worker could not do its part (an output was not writable): try again */
    RENDER_STATUS_COUNT
};

/* The descriptors that travel with a request, in this order. All stay the service's too: it reads
 * the outputs back through its own copies, from offset 0. */
enum render_fd {
    RENDER_FD_INPUT,   /* a regular file, read by offset, never written */
    RENDER_FD_PREVIEW, /* empty and writable: memfd or unlinked file */
    RENDER_FD_LARGE,   /* the same */
    RENDER_FD_COUNT
};

struct render_hello {
    uint32_t version;
};

struct render_request {
    uint32_t version;
    uint32_t content_type; /* enum content_type, as declared by the uploader */
    uint64_t id;           /* the service's; comes back in the reply */
    uint64_t size_bytes;   /* of the input */
    uint64_t max_pixels;   /* width * height of one frame, before scaling */
    uint32_t max_side;     /* px */
    uint32_t max_frames;   /* of an animation */
    uint32_t cpu_s;        /* CPU seconds for this job; then SIGXCPU ends the worker. 0: no limit */
    uint32_t reserved;     /* 0 */
};

struct rendition {
    uint32_t width, height; /* px */
    uint32_t size_bytes;
};

struct render_reply {
    uint32_t version;
    uint32_t status;     /* enum render_status; the rest is 0 unless RENDER_OK or said otherwise */
    uint64_t id;         /* always: that of the request */
    uint32_t reason;     /* always: enum render_reason, REASON_NONE exactly with RENDER_OK */
    uint32_t jobs_left;  /* always: 0 announces that the worker exits after this reply */
    uint32_t width;      /* px, of the original when seen upright */
    uint32_t height;     /* px */
    int64_t duration_ms; /* of a video; 0 for pictures, or when the file does not tell */
    uint32_t degraded;   /* 1: the file is damaged or cut short and was decoded in part */
    uint32_t placeholder_bytes;
    uint8_t placeholder[RENDER_PLACEHOLDER_MAX]; /* ThumbHash */
    char text[RENDER_TEXT_MAX]; /* always: one printable ASCII line for logs, "" when OK */
    struct rendition preview;
    struct rendition large;
};

/* The MIME type of a content type ("" for CONTENT_UNKNOWN), and back. Static storage. */
const char *content_type_mime(enum content_type type);
enum content_type content_type_from_mime(const char *mime);
bool content_type_is_video(enum content_type type);

/* The snake_case name of a reason. Static storage. */
const char *render_reason_name(enum render_reason reason);

/* Each moves one whole message and returns 1, or 0 when the peer has closed the socket, or -1
 * with errno: EAGAIN on a non-blocking socket, EPROTO when what came is not a valid message, or
 * what sendmsg and recvmsg give. None raises SIGPIPE.
 * Descriptors: sending lends them, receiving hands them over (close them, close-on-exec is set);
 * none is handed over unless 1 is returned. */
int render_send_hello(int sock);
int render_recv_hello(int sock);
int render_send_request(int sock, const struct render_request *request,
                        const int fds[RENDER_FD_COUNT]);
int render_recv_request(int sock, struct render_request *request, int fds[RENDER_FD_COUNT]);
int render_send_reply(int sock, const struct render_reply *reply);
int render_recv_reply(int sock, struct render_reply *reply);

#endif
