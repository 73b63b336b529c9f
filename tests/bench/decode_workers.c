/* The thumbnailer's decode workers alone, handed file after file: no store, no checks, no messages.
 *
 *     decode_workers WORKER COUNT PHOTO...
 *
 * WORKER is the executable; every photo is a JPEG. The renditions are thrown away. */
#include "services/thumbnailer/worker/protocol.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void die(const char *what)
{
    perror(what);
    _exit(EXIT_FAILURE);
}

/* The worker that this process drives; returns our end of its socket. */
static int start_worker(const char *program)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        die("socketpair");
    pid_t pid = fork();
    if (pid < 0)
        die("fork");
    if (pid == 0) {
        /* Clears close-on-exec too, unless it is the same descriptor. */
        if (pair[1] == RENDER_SOCKET_FD)
            fcntl(pair[1], F_SETFD, 0);
        else
            dup2(pair[1], RENDER_SOCKET_FD);
        execl(program, program, "serve", "1000000", (char *)NULL);
        die(program);
    }
    close(pair[1]);
    if (render_recv_hello(pair[0]) != 1)
        die("the worker's hello");
    return pair[0];
}

static void render(int worker, const char *path)
{
    struct stat photo;
    struct render_reply reply;
    const int fds[RENDER_FD_COUNT] = {
        [RENDER_FD_INPUT] = open(path, O_RDONLY | O_CLOEXEC),
        [RENDER_FD_PREVIEW] = memfd_create("preview", MFD_CLOEXEC),
        [RENDER_FD_LARGE] = memfd_create("large", MFD_CLOEXEC),
    };

    if (fds[RENDER_FD_INPUT] < 0 || fstat(fds[RENDER_FD_INPUT], &photo) != 0)
        die(path);
    struct render_request request = {.version = RENDER_PROTOCOL_VERSION,
                                     .content_type = CONTENT_JPEG,
                                     .size_bytes = (uint64_t)photo.st_size,
                                     .max_pixels = RENDER_DEFAULT_MAX_PIXELS,
                                     .max_side = RENDER_DEFAULT_MAX_SIDE,
                                     .max_frames = RENDER_DEFAULT_MAX_FRAMES,
                                     .cpu_s = RENDER_DEFAULT_CPU_S};
    if (render_send_request(worker, &request, fds) != 1 || render_recv_reply(worker, &reply) != 1)
        die(path);
    if (reply.status != RENDER_OK) {
        fprintf(stderr, "%s: %s\n", path, render_reason_name(reply.reason));
        _exit(EXIT_FAILURE);
    }
    for (int i = 0; i < RENDER_FD_COUNT; i++)
        close(fds[i]);
}

static void drive(const char *program, atomic_int *next, char *const photos[], int count)
{
    int worker = start_worker(program);

    for (int i; (i = atomic_fetch_add(next, 1)) < count;)
        render(worker, photos[i]);
    close(worker);
    wait(NULL); /* so that its CPU time is counted */
}

int main(int argc, char **argv)
{
    int workers = argc > 3 ? atoi(argv[2]) : 0;
    if (workers < 1) {
        fputs("usage: decode_workers WORKER COUNT PHOTO...\n", stderr);
        return 2;
    }
    atomic_int *next =
        mmap(NULL, sizeof *next, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (next == MAP_FAILED)
        die("mmap");
    for (int i = 0; i < workers; i++) {
        pid_t pid = fork();
        if (pid < 0)
            die("fork");
        if (pid == 0) {
            drive(argv[1], next, argv + 3, argc - 3);
            _exit(EXIT_SUCCESS);
        }
    }
    int status, bad = 0;
    while (wait(&status) > 0)
        bad |= status;
    return bad != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
