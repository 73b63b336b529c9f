#include "tests/integration/shared/http/service.h"

#include "shared/base/alloc.h"
#include "tests/integration/shared/http/harness.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

unsigned service_port;
atomic_int connections, requests, broken_writes;

static int service_fd;

static void say(int fd, const char *text)
{
    if (!send_text(fd, text))
        atomic_fetch_add(&broken_writes, 1);
}

static void say_big(int fd)
{
    static const char block[65536] = {'x'};
    char head[128];
    snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\ncontent-length: %zu\r\n\r\n", SERVICE_BIG);
    say(fd, head);
    for (size_t sent = 0; sent < SERVICE_BIG; sent += sizeof block) {
        if (!send_bytes(fd, block, sizeof block)) {
            atomic_fetch_add(&broken_writes, 1);
            return;
        }
    }
}

static void say_echo(int fd, const char *request)
{
    char head[128];
    snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\ncontent-length: %zu\r\n\r\n", strlen(request));
    say(fd, head);
    say(fd, request);
}

static void say_chunks(int fd, int wait_us)
{
    say(fd, "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\nX-Some: thing\r\n");
    usleep((unsigned)wait_us);
    say(fd, "\r\n5\r\nhel");
    usleep((unsigned)wait_us);
    say(fd, "lo\r\n6;ext=1\r\n worl");
    usleep((unsigned)wait_us);
    say(fd, "d\r\n0\r\ntrailer: x\r\n");
    usleep((unsigned)wait_us);
    say(fd, "\r\n");
}

static void say_many_headers(int fd)
{
    say(fd, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 2000; i++)
        say(fd, "x-filler: yyyyyyyyyyyyyyyyyyyyyyyy\r\n");
}

static const struct {
    const char *path, *answer;
    bool close;
} answers[] = {
    {"/ok",
     "HTTP/1.1 200 Fine\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nServer: s\r\n"
     "Connection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=1\r\nSet-Cookie: a=b\r\n"
     "Set-Cookie: c=d\r\n\r\nhello",
     false},
    {"/head", "HTTP/1.1 200 OK\r\ncontent-length: 1234\r\n\r\n", false},
    {"/204", "HTTP/1.1 204 No Content\r\n\r\n", false},
    {"/304", "HTTP/1.1 304 Not Modified\r\netag: \"x\"\r\n\r\n", false},
    {"/empty", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", false},
    {"/continue",
     "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"
     "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
     false},
    {"/until-close", "HTTP/1.1 200 OK\r\n\r\nall there is", true},
    {"/http10", "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok", false},
    {"/extra", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n", false},
    {"/garbage", "SSH-2.0-OpenSSH_9.2\r\n\r\n", true},
    {"/switch", "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n", false},
    {"/two-lengths", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok", false},
    {"/both",
     "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n"
     "0\r\n\r\n",
     false},
    {"/gzip", "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n", false},
    {"/negative", "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n", false},
    {"/folded", "HTTP/1.1 200 OK\r\nx-a: b\r\n c\r\ncontent-length: 2\r\n\r\nok", false},
    {"/nothing", "", true},
    {"/half-head", "HTTP/1.1 200 OK\r\ncontent-le", true},
    {"/half-body", "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nonly this", true},
    {"/half-chunk", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel", true},
    {"/no-last-chunk", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n", true},
    {"/bad-chunk", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\nxyz\r\n",
     false},
    {"/early", "HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\nconnection: close\r\n\r\nno!", true},
};

/* True: the connection stays open. */
static bool serve_one(int fd, const char *request, int nth)
{
    char path[64] = "";
    sscanf(request, "%*s %63s", path);
    path[strcspn(path, "?")] = 0;
    for (size_t i = 0; i < PR_COUNT(answers); i++) {
        if (strcmp(path, answers[i].path) == 0) {
            say(fd, answers[i].answer);
            return !answers[i].close;
        }
    }
    if (strcmp(path, "/once") == 0) {
        if (nth > 0)
            return false;
        say(fd, "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nonce");
    } else if (strcmp(path, "/big") == 0) {
        say_big(fd);
    } else if (strcmp(path, "/chunked") == 0) {
        say_chunks(fd, 0);
    } else if (strcmp(path, "/slow-chunked") == 0) {
        say_chunks(fd, 30000);
    } else if (strcmp(path, "/many-headers") == 0) {
        say_many_headers(fd);
    } else if (strcmp(path, "/slow") == 0) {
        usleep(300000);
        say(fd, "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nslow");
    } else if (strcmp(path, "/silent") == 0) {
        sleep(33);
    } else if (strcmp(path, "/stalled") == 0) {
        say(fd, "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nsome");
        sleep(33);
    } else {
        say_echo(fd, request);
    }
    return true;
}

static void *serve_connection(void *arg)
{
    int fd = (int)(intptr_t)arg;
    static _Thread_local char request[300000];
    for (int nth = 0;; nth++) {
        size_t n = 0;
        char *end = NULL;
        while (!end) {
            ssize_t got = recv(fd, request + n, sizeof request - 1 - n, 0);
            if (got <= 0) {
                close(fd);
                return NULL;
            }
            n += (size_t)got;
            request[n] = 0;
            end = strstr(request, "\r\n\r\n");
        }
        const char *length = strstr(request, "content-length: ");
        size_t whole = (size_t)(end - request) + 4 + (length ? (size_t)atol(length + 16) : 0);
        bool early = strncmp(request, "POST /early", 11) == 0;
        while (n < whole && n < sizeof request - 1 && !early) {
            ssize_t got = recv(fd, request + n, sizeof request - 1 - n, 0);
            if (got <= 0)
                break;
            n += (size_t)got;
            request[n] = 0;
        }
        atomic_fetch_add(&requests, 1);
        if (!serve_one(fd, request, nth)) {
            close(fd);
            return NULL;
        }
    }
}

static void *serve(void *arg)
{
    (void)arg;
    for (;;) {
        int fd = accept(service_fd, NULL, NULL);
        pthread_t thread;
        if (fd < 0)
            return NULL;
        atomic_fetch_add(&connections, 1);
        pthread_create(&thread, NULL, serve_connection, (void *)(intptr_t)fd);
        pthread_detach(thread);
    }
}

int start_service(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof address;
    static pthread_t thread;
    service_fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(service_fd, (struct sockaddr *)&address, n) != 0 || listen(service_fd, 64) != 0 ||
        getsockname(service_fd, (struct sockaddr *)&address, &n) != 0)
        return -1;
    service_port = ntohs(address.sin_port);
    *state = &thread;
    return pthread_create(&thread, NULL, serve, NULL);
}

int stop_service(void **state)
{
    shutdown(service_fd, SHUT_RDWR);
    pthread_join(*(pthread_t *)*state, NULL);
    close(service_fd);
    return 0;
}
