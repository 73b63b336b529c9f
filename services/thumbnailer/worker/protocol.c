#include "services/thumbnailer/worker/protocol.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *const mimes[CONTENT_TYPE_COUNT] = {[CONTENT_UNKNOWN] = "",
#define X(name, mime) [name] = mime,
                                                      CONTENT_TYPES(X)
#undef X
};

static const char *const reasons[REASON_COUNT] = {
#define X(name, text) [name] = text,
    RENDER_REASONS(X)
#undef X
};

/* Room for the descriptors of one request; the union aligns it. */
union fd_control {
    struct cmsghdr header;
    char space[CMSG_SPACE(RENDER_FD_COUNT * sizeof(int))];
};

const char *content_type_mime(enum content_type type)
{
    return type < CONTENT_TYPE_COUNT ? mimes[type] : "";
}

enum content_type content_type_from_mime(const char *mime)
{
    for (enum content_type type = CONTENT_UNKNOWN + 1; type < CONTENT_TYPE_COUNT; type++)
        if (strcmp(mimes[type], mime) == 0)
            return type;
    return CONTENT_UNKNOWN;
}

bool content_type_is_video(enum content_type type)
{
    return type == CONTENT_MP4 || type == CONTENT_QUICKTIME || type == CONTENT_WEBM;
}

const char *render_reason_name(enum render_reason reason)
{
    return reason < REASON_COUNT ? reasons[reason] : "unknown";
}

static int send_whole(int sock, const struct msghdr *message)
{
    ssize_t n;

    do
        n = sendmsg(sock, message, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EPIPE || errno == ECONNRESET ? 0 : -1;
    return 1;
}

/* A message of exactly `size` bytes into `data`; anything else that arrives is EPROTO. */
static int recv_whole(int sock, void *data, size_t size, union fd_control *control,
                      struct msghdr *message)
{
    struct iovec iov = {.iov_base = data, .iov_len = size};
    ssize_t n;

    *message = (struct msghdr){.msg_iov = &iov, .msg_iovlen = 1};
    if (control != NULL) {
        message->msg_control = control;
        message->msg_controllen = sizeof *control;
    }
    do
        n = recvmsg(sock, message, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    message->msg_iov = NULL;
    message->msg_iovlen = 0;
    if (n < 0)
        return errno == ECONNRESET ? 0 : -1;
    if (n == 0)
        return 0;
    if ((size_t)n != size || (message->msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
        errno = EPROTO;
        return -1;
    }
    return 1;
}

static int send_plain(int sock, const void *data, size_t size)
{
    struct iovec iov = {.iov_base = (void *)(uintptr_t)data, .iov_len = size};
    struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};

    return send_whole(sock, &message);
}

int render_send_hello(int sock)
{
    const struct render_hello hello = {.version = RENDER_PROTOCOL_VERSION};

    return send_plain(sock, &hello, sizeof hello);
}

int render_recv_hello(int sock)
{
    struct render_hello hello;
    struct msghdr message;
    int result = recv_whole(sock, &hello, sizeof hello, NULL, &message);

    if (result == 1 && hello.version != RENDER_PROTOCOL_VERSION) {
        errno = EPROTO;
        return -1;
    }
    return result;
}

int render_send_request(int sock, const struct render_request *request,
                        const int fds[RENDER_FD_COUNT])
{
    union fd_control control = {0};
    struct iovec iov = {.iov_base = (void *)(uintptr_t)request, .iov_len = sizeof *request};
    struct msghdr message = {.msg_iov = &iov,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(&message);

    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = SCM_RIGHTS;
    cmsg->cmsg_len = CMSG_LEN(RENDER_FD_COUNT * sizeof(int));
    memcpy(CMSG_DATA(cmsg), fds, RENDER_FD_COUNT * sizeof(int));
    return send_whole(sock, &message);
}

/* Takes the descriptors out of a message; returns how many came (never more than fit). */
static size_t take_fds(struct msghdr *message, int fds[RENDER_FD_COUNT])
{
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(message);

    if (cmsg == NULL || cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
        return 0;
    size_t size_bytes = cmsg->cmsg_len - CMSG_LEN(0);
    memcpy(fds, CMSG_DATA(cmsg), size_bytes);
    return size_bytes / sizeof(int);
}

int render_recv_request(int sock, struct render_request *request, int fds[RENDER_FD_COUNT])
{
    union fd_control control;
    struct msghdr message;
    int result = recv_whole(sock, request, sizeof *request, &control, &message);
    if (result == 0 || (result < 0 && errno != EPROTO))
        return result;

    size_t count = take_fds(&message, fds);
    if (result == 1 && count == RENDER_FD_COUNT && request->version == RENDER_PROTOCOL_VERSION)
        return 1;
    for (size_t i = 0; i < count; i++)
        close(fds[i]);
    errno = EPROTO;
    return -1;
}

int render_send_reply(int sock, const struct render_reply *reply)
{
    return send_plain(sock, reply, sizeof *reply);
}

static bool text_is_printable(const char *text)
{
    for (size_t i = 0; i < RENDER_TEXT_MAX; i++) {
        if (text[i] == '\0')
            return true;
        if (text[i] < 0x20 || text[i] > 0x7e)
            return false;
    }
    return false;
}

static bool rendition_is_valid(const struct rendition *rendition, uint32_t max_side)
{
    return rendition->width > 0 && rendition->width <= max_side && rendition->height > 0 &&
           rendition->height <= max_side && rendition->size_bytes > 0 &&
           rendition->size_bytes <= RENDER_OUTPUT_MAX;
}

static bool reply_is_valid(const struct render_reply *reply)
{
    if (reply->version != RENDER_PROTOCOL_VERSION || reply->status >= RENDER_STATUS_COUNT ||
        reply->reason >= REASON_COUNT || !text_is_printable(reply->text))
        return false;
    if (reply->status != RENDER_OK)
        return reply->reason != REASON_NONE;
    return reply->reason == REASON_NONE && reply->width > 0 && reply->width <= INT32_MAX &&
           reply->height > 0 && reply->height <= INT32_MAX && reply->duration_ms >= 0 &&
           reply->degraded <= 1 && reply->placeholder_bytes <= RENDER_PLACEHOLDER_MAX &&
           rendition_is_valid(&reply->preview, RENDER_PREVIEW_SIDE) &&
           rendition_is_valid(&reply->large, RENDER_LARGE_SIDE);
}

int render_recv_reply(int sock, struct render_reply *reply)
{
    struct msghdr message;
    int result = recv_whole(sock, reply, sizeof *reply, NULL, &message);

    if (result == 1 && !reply_is_valid(reply)) {
        errno = EPROTO;
        return -1;
    }
    return result;
}
