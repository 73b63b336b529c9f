#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <turbojpeg.h>
#include <unistd.h>
#include <webp/decode.h>

#include <cmocka.h>

struct worker worker_start(const char *jobs)
{
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        int sock = fcntl(ends[1], F_DUPFD, RENDER_SOCKET_FD + 1); /* dup2 to itself keeps CLOEXEC */
        dup2(sock, RENDER_SOCKET_FD);
        execl(WORKER_PROGRAM, WORKER_PROGRAM, "serve", jobs, NULL);
        _exit(127);
    }
    assert_true(pid > 0);
    close(ends[1]);
    struct pollfd ready = {.fd = ends[0], .events = POLLIN};
    assert_int_equal(poll(&ready, 1, RIG_TIMEOUT_MS), 1);
    assert_int_equal(render_recv_hello(ends[0]), 1);
    return (struct worker){.pid = pid, .sock = ends[0]};
}

int worker_stop(struct worker *worker)
{
    int status = 0;

    close(worker->sock);
    assert_int_equal(waitpid(worker->pid, &status, 0), worker->pid);
    return status;
}

struct render_request rig_request(enum content_type type, size_t size)
{
    return (struct render_request){.version = RENDER_PROTOCOL_VERSION,
                                   .content_type = type,
                                   .id = 42,
                                   .size_bytes = size,
                                   .max_pixels = RENDER_DEFAULT_MAX_PIXELS,
                                   .max_side = RENDER_DEFAULT_MAX_SIDE,
                                   .max_frames = RENDER_DEFAULT_MAX_FRAMES,
                                   .cpu_s = RENDER_DEFAULT_CPU_S};
}

static uint8_t *read_back(int fd, uint32_t size)
{
    uint8_t *data = malloc(size + 1);

    assert_non_null(data);
    assert_int_equal(pread(fd, data, size + 1, 0), size); /* not a byte more than announced */
    return data;
}

int worker_render(struct worker *worker, const struct render_request *request, int input,
                  struct rendered *out)
{
    int fds[RENDER_FD_COUNT] = {input, memfd_create("preview", MFD_CLOEXEC),
                                memfd_create("large", MFD_CLOEXEC)};
    struct pollfd ready = {.fd = worker->sock, .events = POLLIN};

    *out = (struct rendered){0};
    int result = render_send_request(worker->sock, request, fds);
    if (result == 1) {
        assert_int_equal(poll(&ready, 1, RIG_TIMEOUT_MS), 1);
        result = render_recv_reply(worker->sock, &out->reply);
    }
    assert_true(result == 0 || result == 1);
    if (result == 1 && out->reply.status == RENDER_OK) {
        out->preview = read_back(fds[RENDER_FD_PREVIEW], out->reply.preview.size_bytes);
        out->large = read_back(fds[RENDER_FD_LARGE], out->reply.large.size_bytes);
    }
    if (result == 1)
        assert_int_equal(out->reply.id, request->id);
    close(fds[RENDER_FD_PREVIEW]);
    close(fds[RENDER_FD_LARGE]);
    return result;
}

int worker_render_bytes(struct worker *worker, enum content_type type, const void *data,
                        size_t size, struct rendered *out)
{
    struct render_request request = rig_request(type, size);
    int input = memfd_create("input", MFD_CLOEXEC);

    assert_int_equal(write(input, data, size), size);
    int result = worker_render(worker, &request, input, out);
    close(input);
    return result;
}

int worker_render_file(struct worker *worker, enum content_type type, const char *name,
                       struct rendered *out)
{
    size_t size;
    uint8_t *data = rig_read_file(name, &size);
    int result = worker_render_bytes(worker, type, data, size, out);

    free(data);
    return result;
}

void rendered_free(struct rendered *rendered)
{
    free(rendered->preview);
    free(rendered->large);
}

uint8_t *rig_read_file(const char *name, size_t *size)
{
    char path[256];
    struct stat file;

    snprintf(path, sizeof path, "tests/support/images/%s", name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &file) != 0)
        fail_msg("%s: %s", path, strerror(errno));
    *size = (size_t)file.st_size;
    uint8_t *data = malloc(*size);
    assert_non_null(data);
    assert_int_equal(read(fd, data, *size), *size);
    close(fd);
    return data;
}

struct pixels decode_webp_file(const uint8_t *data, size_t size)
{
    struct pixels rgba = {.bands = 4};

    rgba.data = WebPDecodeRGBA(data, size, &rgba.width, &rgba.height);
    assert_non_null(rgba.data);
    return rgba;
}

struct pixels decode_jpeg_file(const uint8_t *data, size_t size)
{
    int width, height, subsampling, colorspace;
    tjhandle codec = tjInitDecompress();

    assert_int_equal(
        tjDecompressHeader3(codec, data, size, &width, &height, &subsampling, &colorspace), 0);
    assert_int_equal(subsampling, TJSAMP_420);
    struct pixels rgba = {.width = width, .height = height, .bands = 4};
    rgba.data = malloc((size_t)width * (size_t)height * 4);
    assert_non_null(rgba.data);
    assert_int_equal(tjDecompress2(codec, data, size, rgba.data, width, 0, height, TJPF_RGBA, 0),
                     0);
    tjDestroy(codec);
    return rgba;
}
