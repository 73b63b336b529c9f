/* pierrot-thumbnailer-worker: decodes untrusted files in a sandbox.
 *
 *     serve    answer requests on the socket that is fd 3 (protocol.h), until it closes or the
 *              quota of jobs is used up
 *     render   one file into a folder, in the same sandbox; for people and tests */
#include "services/thumbnailer/worker/protocol.h"
#include "services/thumbnailer/worker/render.h"
#include "services/thumbnailer/worker/sandbox.h"
#include "services/thumbnailer/worker/sniff.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EXIT_USAGE = 2, DEFAULT_JOBS = 500 };

static const char usage[] =
    "usage: pierrot-thumbnailer-worker serve [JOBS]\n"
    "       pierrot-thumbnailer-worker render FILE FOLDER\n"
    "       pierrot-thumbnailer-worker --help | --version\n"
    "\n"
    "serve   answers requests on file descriptor 3, at most JOBS (500) of them\n"
    "render  writes FOLDER/preview.webp and FOLDER/large.jpg, prints the answer as JSON; exit\n"
    "        status 0 when the file could be rendered, 1 when it was rejected\n";

#ifdef PIERROT_SANITIZED
/* The leak checker works at exit, by tracing and /proc: behind a closed door. */
int __lsan_is_turned_off(void);

int __lsan_is_turned_off(void)
{
    return 1;
}
#endif

/* False with one line on standard error: then nothing may be decoded. */
static bool enter(void)
{
    if (!render_prepare()) {
        fputs("pierrot-thumbnailer-worker: libvips does not start\n", stderr);
        return false;
    }
    return sandbox_enter(RENDER_OUTPUT_MAX);
}

static int serve(uint32_t jobs)
{
    struct render_request request;
    struct render_reply reply;
    int fds[RENDER_FD_COUNT];

    closefrom(RENDER_SOCKET_FD + 1);
    if (!enter() || render_send_hello(RENDER_SOCKET_FD) != 1)
        return EXIT_FAILURE;
    while (jobs > 0) {
        int result = render_recv_request(RENDER_SOCKET_FD, &request, fds);
        if (result <= 0)
            return result == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
        sandbox_limit_cpu(request.cpu_s);
        render(&request, fds, &reply);
        sandbox_limit_cpu(0);
        for (int i = 0; i < RENDER_FD_COUNT; i++)
            close(fds[i]);
        reply.jobs_left = --jobs;
        if (render_send_reply(RENDER_SOCKET_FD, &reply) != 1)
            return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}

static int open_output(const char *folder, const char *name)
{
    char path[4096];

    if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, name) >= sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
}

/* The file, taken for what its first bytes say. */
static bool open_request(const char *file, const char *folder, struct render_request *request,
                         int fds[RENDER_FD_COUNT])
{
    uint8_t head[SNIFF_TYPE_BYTES];
    struct stat input;

    fds[RENDER_FD_INPUT] = open(file, O_RDONLY | O_CLOEXEC);
    ssize_t n = pread(fds[RENDER_FD_INPUT], head, sizeof head, 0);
    if (n < 0 || fstat(fds[RENDER_FD_INPUT], &input) != 0) {
        perror(file);
        return false;
    }
    fds[RENDER_FD_PREVIEW] = open_output(folder, "preview.webp");
    fds[RENDER_FD_LARGE] = open_output(folder, "large.jpg");
    if (fds[RENDER_FD_PREVIEW] < 0 || fds[RENDER_FD_LARGE] < 0) {
        perror(folder);
        return false;
    }
    *request = (struct render_request){.version = RENDER_PROTOCOL_VERSION,
                                       .content_type = sniff_type(head, (size_t)n),
                                       .size_bytes = (uint64_t)input.st_size,
                                       .max_pixels = RENDER_DEFAULT_MAX_PIXELS,
                                       .max_side = RENDER_DEFAULT_MAX_SIDE,
                                       .max_frames = RENDER_DEFAULT_MAX_FRAMES,
                                       .cpu_s = RENDER_DEFAULT_CPU_S};
    return true;
}

static void print_text(const char *text)
{
    for (; *text != '\0'; text++)
        printf(*text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
}

static void print_rendition(const char *name, const struct rendition *rendition)
{
    printf("\"%s\": {\"width\": %u, \"height\": %u, \"size_bytes\": %u}", name, rendition->width,
           rendition->height, rendition->size_bytes);
}

static void print_reply(const struct render_request *request, const struct render_reply *reply)
{
    static const char *const statuses[RENDER_STATUS_COUNT] = {"ok", "rejected", "failed"};

    printf("{\"status\": \"%s\", \"reason\": \"%s\", \"text\": \"", statuses[reply->status],
           render_reason_name(reply->reason));
    print_text(reply->text);
    printf("\", \"content_type\": \"%s\", \"width\": %u, \"height\": %u, ",
           content_type_mime(request->content_type), reply->width, reply->height);
    printf("\"duration_ms\": %lld, \"degraded\": %s, \"placeholder\": \"",
           (long long)reply->duration_ms, reply->degraded ? "true" : "false");
    for (uint32_t i = 0; i < reply->placeholder_bytes; i++)
        printf("%02x", reply->placeholder[i]);
    printf("\", ");
    print_rendition("preview", &reply->preview);
    printf(", ");
    print_rendition("large", &reply->large);
    printf("}\n");
}

static int render_one(const char *file, const char *folder)
{
    struct render_request request;
    struct render_reply reply;
    int fds[RENDER_FD_COUNT];

    if (!open_request(file, folder, &request, fds) || !enter())
        return EXIT_USAGE;
    sandbox_limit_cpu(request.cpu_s);
    render(&request, fds, &reply);
    print_reply(&request, &reply);
    return reply.status == RENDER_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

static bool parse_jobs(const char *text, uint32_t *jobs)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    *jobs = (uint32_t)value;
    return *end == '\0' && value > 0 && value <= UINT32_MAX;
}

int main(int argc, char **argv)
{
    const char *command = argc > 1 ? argv[1] : "";
    uint32_t jobs = DEFAULT_JOBS;

    if (strcmp(command, "--help") == 0) {
        fputs(usage, stdout);
        return EXIT_SUCCESS;
    }
    if (strcmp(command, "--version") == 0) {
        puts("pierrot-thumbnailer-worker " PIERROT_VERSION);
        return EXIT_SUCCESS;
    }
    if (strcmp(command, "serve") == 0 && (argc == 2 || (argc == 3 && parse_jobs(argv[2], &jobs))))
        return serve(jobs);
    if (strcmp(command, "render") == 0 && argc == 4)
        return render_one(argv[2], argv[3]);
    fputs(usage, stderr);
    return EXIT_USAGE;
}
